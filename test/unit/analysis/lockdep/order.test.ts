import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../../src/analysis/fold.ts'
import { LockdepFold } from '../../../../src/analysis/lockdep/trace-fold.ts'
import {
  LOCK_SOFTIRQS_OFF as BH_OFF,
  LOCK_IN_HARDIRQ as HARDIRQ,
  LOCK_HARDIRQS_OFF as OFF,
  LOCK_READ as READ,
  LOCK_READ_RECURSIVE as RECURSIVE,
  LOCK_IN_SOFTIRQ as SOFTIRQ,
  LOCK_TRYLOCK as TRY,
} from '../../../../src/sim/lock-flags.ts'
import { type ContextName, RecordScript } from '../../../support/record-script.ts'

/** Locks and unlocks by class name; `A'` is another instance of class A. */
class Locks {
  readonly script = new RecordScript()
  private readonly ids = new Map<string, number>()

  private id(name: string): number {
    const known = this.ids.get(name)
    if (known !== undefined) return known
    const group = name.replace("'", '')
    const id = this.script.symbols.define('lock', { name, kind: 'spinlock', group })
    this.ids.set(name, id)
    return id
  }

  take(name: string, flags = 0, context: ContextName = 'aplay', subclass = 0): this {
    this.script.add(0, context, 'lock_acquire', this.id(name), flags, subclass)
    return this
  }

  drop(name: string, context: ContextName = 'aplay'): this {
    this.script.add(0, context, 'lock_release', this.id(name))
    return this
  }

  order() {
    const { store, symbols } = this.script
    return foldStore(store, new LockdepFold(symbols), 0)
  }

  edges(): string[] {
    return this.order().edges.map(({ before, after, count }) => `${before} -> ${after} ${count}`)
  }

  usage(name: string): string | undefined {
    return this.order().classes.find((one) => one.name === name)?.usage
  }
}

describe('lock edges', () => {
  it('go from the innermost held lock only', () => {
    expect(new Locks().take('A').take('B').take('C').edges()).toEqual(['A -> B 1', 'B -> C 1'])
  })
  it('are counted by acquisition and name classes, not instances', () => {
    const locks = new Locks()
    locks.take('A').take('B').drop('B').take("B'").drop("B'").drop('A')
    expect(locks.edges()).toEqual(['A -> B 2'])
  })
  it('reach back over trylocks to and including the last that is none', () => {
    const locks = new Locks().take('Z').take('A').take('T', TRY).take('U', TRY).take('B')
    expect(locks.edges()).toEqual(['A -> B 1', 'T -> B 1', 'U -> B 1', 'Z -> A 1'])
  })
  it('do not lead to a trylock', () => {
    expect(new Locks().take('A').take('T', TRY).edges()).toEqual([])
  })
  it('do not join a task with the interrupt on top of it', () => {
    expect(
      new Locks()
        .take('A')
        .take('B', OFF | HARDIRQ, 'irq')
        .edges(),
    ).toEqual([])
    expect(
      new Locks()
        .take('A')
        .take('B', OFF | HARDIRQ)
        .edges(),
    ).toEqual([])
  })
  it('carry the subclass', () => {
    const locks = new Locks().take('A').take("A'", 0, 'aplay', 1)
    expect(locks.edges()).toEqual(['A -> A/1 1'])
  })
  it('survive a release out of order', () => {
    const locks = new Locks().take('A').take('B').drop('A').take('C').drop('C').drop('B').take('D')
    expect(locks.edges()).toEqual(['A -> B 1', 'B -> C 1'])
  })
  it('leave out two recursive readers of one class and the locks of the host', () => {
    const locks = new Locks().take('R', RECURSIVE).take("R'", RECURSIVE)
    locks.take('BQL', 0, 'qemu').take('queue_mutex', 0, 'qemu')
    expect(locks.edges()).toEqual([])
    expect(locks.order().classes.map((one) => one.name)).toEqual(['R'])
  })
})

describe('usage marks', () => {
  it('follow mark_usage', () => {
    expect(new Locks().take('A').usage('A')).toBe('+.+.')
    expect(new Locks().take('A', OFF).usage('A')).toBe('....')
    expect(new Locks().take('A', BH_OFF).usage('A')).toBe('+...')
    expect(new Locks().take('A', OFF | HARDIRQ, 'irq').usage('A')).toBe('-...')
    expect(new Locks().take('A', BH_OFF | SOFTIRQ, 'irq').usage('A')).toBe('+.-.')
    expect(new Locks().take('A', READ).usage('A')).toBe('.+.+')
    expect(new Locks().take('A', TRY | OFF | HARDIRQ, 'irq').usage('A')).toBe('....')
  })
  it('of both kinds are a question mark', () => {
    expect(
      new Locks()
        .take('A')
        .drop('A')
        .take('A', OFF | HARDIRQ, 'irq')
        .usage('A'),
    ).toBe('?.+.')
  })
  it('see a lock that is still held when interrupts are on again', () => {
    expect(new Locks().take('A', OFF).take('B').usage('A')).toBe('+.+.')
  })
})
