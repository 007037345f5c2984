import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../../src/analysis/fold.ts'
import { newFacts } from '../../../../src/analysis/lockdep/baseline.ts'
import { lockGraphDot } from '../../../../src/analysis/lockdep/dot.ts'
import type { EngineOptions } from '../../../../src/analysis/lockdep/engine.ts'
import { LockStatFold } from '../../../../src/analysis/lockdep/lock-stat.ts'
import { procLockStat } from '../../../../src/analysis/lockdep/lock-stat-text.ts'
import { procChains, procLockdep } from '../../../../src/analysis/lockdep/proc.ts'
import { LockdepFold } from '../../../../src/analysis/lockdep/trace-fold.ts'
import {
  LOCK_IN_HARDIRQ as HARDIRQ,
  LOCK_HARDIRQS_OFF as OFF,
} from '../../../../src/sim/lock-flags.ts'
import { type ContextName, RecordScript } from '../../../support/record-script.ts'

/** Records of locks named `class:instance`, or by their class alone; a microsecond apart. */
class Story {
  readonly script = new RecordScript()
  private readonly ids = new Map<string, number>()
  private nowNs = 0
  private readonly kind: string

  constructor(kind = 'mutex') {
    this.kind = kind
  }

  id(name: string): number {
    const known = this.ids.get(name)
    if (known !== undefined) return known
    const [group = name] = name.split(':')
    const id = this.script.symbols.define('lock', { name, kind: this.kind, group })
    this.ids.set(name, id)
    return id
  }

  take(name: string, flags = 0, context: ContextName = 'aplay'): this {
    this.nowNs += 1_000
    this.script.add(this.nowNs, context, 'lock_acquire', this.id(name), flags, 0)
    return this
  }

  drop(name: string, context: ContextName = 'aplay'): this {
    this.nowNs += 1_000
    this.script.add(this.nowNs, context, 'lock_release', this.id(name))
    return this
  }

  /** Takes both and gives them back. */
  pair(a: string, b: string, context: ContextName = 'aplay'): this {
    return this.take(a, 0, context).take(b, 0, context).drop(b, context).drop(a, context)
  }

  fold(options: Partial<EngineOptions> = {}) {
    const fold = new LockdepFold(this.script.symbols, options)
    return { fold, ...foldStore(this.script.store, fold, 0) }
  }
}

const kindsOf = (story: Story, options: Partial<EngineOptions> = {}): string[] =>
  story.fold(options).reports.map((one) => `${one.kind} ${one.classes.join(' ')}`)

describe('reports of a trace', () => {
  it('come once for each mistake, or once in all', () => {
    const story = () => new Story().pair('A', 'B').pair('B', 'A').pair('B', 'A').pair('C', 'C:2')
    expect(kindsOf(story())).toEqual(['circular B A', 'recursive C'])
    expect(kindsOf(story(), { mode: 'once' })).toEqual(['circular B A'])
  })
  it('do not spread: an order that was reported makes no others', () => {
    const story = new Story().pair('A', 'B').pair('B', 'A').pair('X', 'B').pair('A', 'X')
    expect(kindsOf(story)).toEqual(['circular B A'])
  })
  it('carry the two ranges of records and their times', () => {
    const [report] = new Story().pair('A', 'B').pair('B', 'A', 'kworker').fold().reports
    expect(report?.witness).toEqual([
      {
        context: 'kworker/2',
        held: 'B',
        fromRecord: 4,
        fromTimeNs: 5_000,
        wanted: 'A',
        toRecord: 5,
        toTimeNs: 6_000,
      },
      {
        context: 'aplay/1',
        held: 'A',
        fromRecord: 0,
        fromTimeNs: 1_000,
        wanted: 'B',
        toRecord: 1,
        toTimeNs: 2_000,
      },
    ])
    expect(report?.judgement).toBe('predicted')
  })
  it('say that only classes form the cycle', () => {
    const distinct = new Story().pair('A:1', 'B:1').pair('B:2', 'A:2')
    expect(distinct.fold().reports[0]?.instances).toBe('not-seen')
    const later = new Story().pair('A:1', 'B:1').pair('B:2', 'A:2').pair('B:1', 'A:1')
    expect(later.fold().reports[0]?.instances).toBe('seen')
    const rings = new Story().pair('&channel->ring_io_lock:evt', '&channel->ring_io_lock:req')
    expect(rings.fold().reports[0]).toMatchObject({ kind: 'recursive', instances: 'not-seen' })
  })
  it('are actual when the run came to that deadlock', () => {
    const story = new Story().pair('A', 'B')
    story.take('A').take('B', 0, 'kworker').take('B').take('A', 0, 'kworker')
    const text = 'kworker waits for A held by aplay; aplay waits for B held by kworker'
    story.script.add(9_000, 'kworker', 'deadlock', story.script.symbols.text(text))
    expect(story.fold().reports[0]).toMatchObject({ kind: 'circular', judgement: 'actual' })
  })
  it('are actual when an interrupt spins for what it interrupted', () => {
    const story = new Story('spinlock').take('S').take('S', OFF | HARDIRQ, 'irq')
    const text = 'irq waits for S held by aplay; aplay is stacked under irq'
    story.script.add(9_000, 'irq', 'deadlock', story.script.symbols.text(text))
    const [report] = story.fold().reports
    expect(report).toMatchObject({ kind: 'inconsistent', judgement: 'actual', instances: 'seen' })
  })
  it('see interrupts that were enabled while a lock was held', () => {
    const story = new Story('spinlock').take('S', OFF | HARDIRQ, 'irq').drop('S', 'irq')
    story.take('S', OFF)
    expect(kindsOf(story)).toEqual([])
    story.script.add(9_000, 'aplay', 'lock_irqs_on', story.id('S'), 0)
    expect(kindsOf(story.drop('S'))).toEqual(['inconsistent S'])
  })
  it('see a lock initialised or freed while it is held', () => {
    const story = new Story().take('A').take('B')
    story.script.add(9_000, 'aplay', 'lock_init', story.id('A'))
    story.script.add(9_000, 'aplay', 'lock_free', story.id('B'))
    expect(kindsOf(story)).toEqual(['init-held A', 'held-freed B'])
  })
  it('name the function that was under way', () => {
    const story = new Story()
    story.script.add(1, 'aplay', 'syscall_enter', 0, 6, 480)
    story.pair('A', 'B')
    story.script.add(9_000, 'aplay', 'syscall_exit', 0, 6, 480)
    story.script.add(9_000, 'kworker', 'workqueue_execute_start', 0)
    const [report] = story.pair('B', 'A', 'kworker').fold().reports
    expect(report?.text).toContain('-> #1 (B){+.+.}-{3:3}:\n       writei() in aplay/1')
    expect(report?.text).toContain('-> #0 (A){+.+.}-{3:3}:\n       elapsed() in kworker/2')
  })
  it('name the task that a handler interrupted, and what that one held', () => {
    const story = new Story('spinlock')
    story.script.add(1, 'idle', 'sched_switch', story.script.ctx('idle'), story.script.ctx('aplay'))
    story
      .take('S')
      .take('I', OFF | HARDIRQ, 'irq')
      .take('S', OFF | HARDIRQ, 'irq')
    const [report] = story.fold().reports
    expect(report?.kind).toBe('inconsistent')
    expect(report?.text).toContain('\naplay/1 [HC1[1]:SC0[0]:HE0:SE1] takes:\nS (S)')
    const held = ['2 locks held by aplay/1:', ' #0: S (S){?', ' #1: I (I){-']
    const lines = (report?.text ?? '').split('\n')
    const from = lines.indexOf(held[0] as string)
    for (const [at, line] of held.entries()) expect(lines[from + at]).toContain(line)
    expect(report?.text).not.toContain('irq/')
    expect(report?.context).toBe('irq')
  })
  it('name the idle task where no task was seen to run', () => {
    const story = new Story('spinlock')
      .take('S')
      .drop('S')
      .take('S', OFF | HARDIRQ, 'irq')
    expect(story.fold().reports[0]?.text).toContain('\nswapper/0/0 [HC1[1]')
  })
  it('tell two classes of one name apart', () => {
    const story = new Story().take('A')
    const other = story.script.symbols.define('lock', { name: 'x', kind: 'spinlock', group: 'A' })
    story.script.add(9_000, 'aplay', 'lock_acquire', other, OFF, 0)
    expect(story.fold().edges).toEqual([{ before: 'A', after: 'A#2', count: 1 }])
  })
})

describe('other shapes', () => {
  const story = new Story().pair('A', 'B').pair('B', 'A')

  it('/proc/lockdep and its chains', () => {
    const { fold } = new Story().pair('A', 'B').fold()
    expect(procLockdep(fold.engine)).toBe(
      'all lock classes:\n' +
        'mutex:A OPS:       1 FD:    2 BD:    1 +.+.: A\n -> [mutex:B] B\n\n' +
        'mutex:B OPS:       1 FD:    1 BD:    2 +.+.: B\n\n',
    )
    expect(procChains(fold.engine)).toBe(
      'all lock chains:\n' +
        'irq_context: 0\n[mutex:A] A\n\nirq_context: 0\n[mutex:A] A\n[mutex:B] B\n\n',
    )
  })
  it('/proc/lock_stat', () => {
    const { script } = new Story().pair('A', 'B')
    const stats = foldStore(script.store, new LockStatFold(script.symbols), 0)
    const [version, , heads, , , first] = procLockStat(stats).split('\n')
    expect(version).toBe('lock_stat version 0.4')
    expect(heads?.trim().split(/\s+/).slice(0, 4)).toEqual([
      'class',
      'name',
      'con-bounces',
      'contentions',
    ])
    expect(first?.trim().split(/\s+/)).toEqual(
      'A: 0 0 0.00 0.00 0.00 0.00 1 1 3.00 3.00 3.00 3.00'.split(' '),
    )
  })
  it('a graph whose cycle is bold', () => {
    const dot = lockGraphDot(story.fold())
    expect(dot).toContain('"A" [label="A\\n{+.+.}", shape=ellipse];')
    expect(dot).toMatch(/"B" -> "A" \[label="1", style=bold/)
  })
  it('a baseline tells what is new', () => {
    const { edges, reports } = story.fold()
    const now = { edges, predicted: reports }
    expect(newFacts(now, now)).toEqual({ edges: [], reports: [] })
    const before = { edges: edges.filter((one) => one.before === 'A'), predicted: [] }
    expect(newFacts(now, before)).toEqual({ edges: ['B -> A'], reports: ['circular: B, A'] })
  })
})
