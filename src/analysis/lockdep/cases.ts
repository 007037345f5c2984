/**
 * Judges operation lists (interface §5): each from an empty validator, on one processor, as one
 * task, with CONFIG_PROVE_RAW_LOCK_NESTING; prediction only, nothing blocks.
 */
import {
  LOCK_HARDIRQS_OFF,
  LOCK_IN_HARDIRQ,
  LOCK_IN_SOFTIRQ,
  LOCK_IRQ_THREADED,
  LOCK_READ,
  LOCK_READ_RECURSIVE,
  LOCK_SOFTIRQS_OFF,
  LOCK_TRYLOCK,
} from '../../sim/lock-flags.ts'
import { CASE_OPS, type CaseStep, type ReclaimStep } from './case-ops.ts'
import { WoundWait } from './case-ww.ts'
import { type EngineOptions, KERNEL_DEFAULTS, Lockdep } from './engine.ts'
import type { FindingKind } from './findings.ts'
import type { Held, HeldStack } from './held.ts'
import { type LockReport, Reporter } from './reporter.ts'
import type { Site } from './site.ts'
import { type Lock, makeLock } from './types.ts'

/** `[op]`, `[op, instance]`, `[op, instance, subclass]` or `[op, instance, nest instance]`. */
export type CaseOp = readonly [op: string, instance?: string, more?: string | number]

export interface LockCase {
  readonly name: string
  /** Class of each instance; one that is not named is a class of its own. */
  readonly classes: Readonly<Record<string, string>>
  readonly ops: readonly CaseOp[]
}

export interface CaseVerdict {
  readonly name: string
  readonly verdict: 'clean' | 'report'
  /** Kind of the first report. */
  readonly kind: FindingKind | null
  /** Operation at which it came. */
  readonly op: number | null
  readonly report: LockReport | null
}

export const CASE_OPTIONS: EngineOptions = {
  ...KERNEL_DEFAULTS,
  mode: 'once',
  proveRawLockNesting: true,
}

/** Masks that may enter file systems to reclaim memory (__GFP_DIRECT_RECLAIM and __GFP_FS). */
const RECLAIMING: readonly string[] = [
  'GFP_KERNEL',
  'GFP_KERNEL_ACCOUNT',
  'GFP_USER',
  'GFP_HIGHUSER',
]

export function judgeCase(one: LockCase, options: EngineOptions = CASE_OPTIONS): CaseVerdict {
  const run = new CaseRun(one, options)
  for (let at = 0; at < one.ops.length && run.engine.enabled; at++) {
    run.step(at, one.ops[at] as CaseOp)
  }
  const report = run.reporter.finish([])[0] ?? null
  return {
    name: one.name,
    verdict: report === null ? 'clean' : 'report',
    kind: report?.kind ?? null,
    op: report?.record ?? null,
    report,
  }
}

class CaseRun {
  readonly reporter = new Reporter()
  readonly engine: Lockdep
  private readonly one: LockCase
  private readonly stack: HeldStack
  private readonly locks = new Map<string, Lock>()
  private hardirqsOff = false
  private softirqsOff = 0
  private readonly saved: boolean[] = []
  private inHardirq = 0
  private inSoftirq = 0
  private threaded = false
  private nofs = 0
  private readonly woundWait: WoundWait

  constructor(one: LockCase, options: EngineOptions) {
    this.one = one
    const { reporter } = this
    this.engine = new Lockdep(options, {
      found: (finding, stack) => {
        const { engine } = this
        const site = engine.site(stack)
        const siteOf = (held: Held): Site => engine.siteOf(stack, held)
        reporter.add(finding, { stack, site, siteOf, release: 'pcmsim lock case' })
      },
      functionName: (frame) => one.ops[frame.id]?.join(' ') ?? frame.what,
    })
    this.stack = this.engine.stack('case', 1)
    this.woundWait = new WoundWait({
      engine: this.engine,
      stack: this.stack,
      lock: (kind, name, fallback) => this.lock(kind, name, fallback),
      flags: (trylock) => this.stateFlags(trylock ? LOCK_TRYLOCK : 0),
    })
  }

  step(at: number, [op, instance, more]: CaseOp): void {
    this.engine.record = at
    this.engine.timeNs = at
    this.stack.frames = { what: op, id: at, parent: null }
    for (const step of CASE_OPS.get(op) ?? []) this.apply(step, instance, more)
  }

  private apply(step: CaseStep, instance?: string, more?: string | number): void {
    if (step.do === 'reclaim') {
      for (const how of step.how) this.reclaim(how, instance ?? 'GFP_KERNEL')
    } else if (step.do === 'wound-wait') {
      const context = typeof more === 'string' ? more : null
      this.woundWait.apply(step.how, instance ?? 'o', context)
    } else if ('kind' in step) {
      this.onLock(step, this.lock(step.kind, instance ?? step.kind), more)
    } else this.change(step.do)
  }

  private onLock(step: CaseStep & { kind: string }, lock: Lock, more?: string | number): void {
    const { engine, stack } = this
    if (step.do === 'give') engine.release(stack, lock)
    else if (step.do === 'downgrade') engine.downgrade(stack, lock)
    else if (step.do === 'init') engine.destroy(stack, lock, 'init-held')
    else if (step.do === 'free') engine.destroy(stack, lock, 'held-freed')
    else if (step.do === 'set-class') engine.setClass(stack, lock, String(more ?? lock.key), 0)
    else if (step.do === 'set-subclass') engine.setClass(stack, lock, lock.key, Number(more ?? 0))
    else {
      const subclass = typeof more === 'number' ? more : 0
      const nest = typeof more === 'string' ? this.lock('mutex', more) : null
      const sync = step.do === 'take' && step.sync === true
      engine.acquire(stack, lock, subclass, this.flagsOf(step), nest, sync)
      if (step.do === 'might') engine.release(stack, lock)
    }
  }

  /** Kernel: __need_reclaim() and fs_reclaim_acquire(); of masks only file systems' are judged. */
  private reclaim(how: ReclaimStep, gfp: string): void {
    if (!RECLAIMING.includes(gfp) || this.nofs > 0) return
    const map = this.lock('map', 'fs_reclaim')
    if (how === 'release') this.engine.release(this.stack, map)
    else this.engine.acquire(this.stack, map, 0, this.stateFlags(0))
  }

  /** Changes the state of the processor; enabling marks what is held. */
  private change(step: string): void {
    if (step === 'irq-save') this.saved.push(this.hardirqsOff)
    if (step === 'irq-off' || step === 'irq-save') this.hardirqsOff = true
    if (step === 'irq-on') this.hardirqsOff = false
    if (step === 'irq-restore') this.hardirqsOff = this.saved.pop() ?? false
    if (step === 'bh-off') this.softirqsOff++
    if (step === 'bh-on') this.softirqsOff = Math.max(0, this.softirqsOff - 1)
    if (step === 'hardirq-enter') this.inHardirq++
    if (step === 'hardirq-exit') this.inHardirq = Math.max(0, this.inHardirq - 1)
    if (step === 'hardirq-threaded') this.threaded = true
    if (step === 'hardirq-exit') this.threaded = false
    if (step === 'nofs-save') this.nofs++
    if (step === 'nofs-restore') this.nofs = Math.max(0, this.nofs - 1)
    if (step === 'softirq-enter') this.inSoftirq++
    if (step === 'softirq-exit') this.inSoftirq = Math.max(0, this.inSoftirq - 1)
    this.engine.followIrqs(this.stack, this.hardirqsOff, this.softirqsOff > 0)
  }

  private flagsOf(step: CaseStep): number {
    if (step.do !== 'take-read') return this.stateFlags('flags' in step ? step.flags : 0)
    // Kernel: read_lock_is_recursive() asks in_interrupt(), true with soft interrupts disabled.
    const inInterrupt = this.inHardirq + this.inSoftirq + this.softirqsOff > 0
    return this.stateFlags(inInterrupt ? LOCK_READ_RECURSIVE : LOCK_READ)
  }

  /** With the state of the processor. */
  private stateFlags(how: number): number {
    let flags = how
    if (this.hardirqsOff) flags |= LOCK_HARDIRQS_OFF
    if (this.softirqsOff > 0) flags |= LOCK_SOFTIRQS_OFF
    if (this.inHardirq > 0) flags |= LOCK_IN_HARDIRQ
    if (this.inSoftirq > 0) flags |= LOCK_IN_SOFTIRQ
    return this.threaded ? flags | LOCK_IRQ_THREADED : flags
  }

  /** The instance; `fallback` is its class where the case names none. */
  private lock(kind: string, instance: string, fallback = instance): Lock {
    const known = this.locks.get(instance)
    if (known !== undefined) return known
    const key = this.one.classes[instance] ?? fallback
    const made = makeLock(this.locks.size, instance, kind, key)
    this.locks.set(instance, made)
    return made
  }
}
