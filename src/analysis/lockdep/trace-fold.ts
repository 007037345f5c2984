/**
 * The validator over trace records, live or from disk. Locks of the host are left out: the guest's
 * lockdep cannot see them. Each context of the trace has its own held stack, interrupts too, which
 * gives the same dependencies as the kernel's split by irq_context.
 * Differs: enabled interrupts are seen at the next lock operation of the context.
 */
import { LOCK_IRQ_THREADED, LOCK_SOFTIRQS_OFF } from '../../sim/lock-flags.ts'
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { type Fold, PerSymbol } from '../fold.ts'
import { type EngineOptions, KERNEL_DEFAULTS, Lockdep } from './engine.ts'
import { followFrames, frameKinds, frameName } from './frames.ts'
import type { Held, HeldStack } from './held.ts'
import { type LockOrder, lockOrder } from './lock-order.ts'
import { type LockReport, Reporter } from './reporter.ts'
import type { Site } from './site.ts'
import { type Lock, makeLock } from './types.ts'

const RELEASE = 'Linux pcmsim, Not tainted'

export interface LockdepResult extends LockOrder {
  readonly reports: readonly LockReport[]
}

interface ContextStack {
  readonly ofGuest: boolean
  readonly stack: HeldStack
}

export class LockdepFold implements Fold<LockdepResult> {
  readonly kinds = [
    T.lock_acquire,
    T.lock_release,
    T.lock_irqs_on,
    T.lock_init,
    T.lock_free,
    T.deadlock,
    ...frameKinds,
  ]
  readonly engine: Lockdep
  private readonly reporter = new Reporter()
  private readonly contexts: PerSymbol<ContextStack>
  private readonly locks: PerSymbol<Lock>
  private readonly deadlocks: string[] = []
  private readonly symbols: Symbols
  /** With raw nesting proved, handlers count as threaded: those of drivers are. */
  private readonly addedFlags: number

  constructor(symbols: Symbols, options: Partial<EngineOptions> = {}) {
    this.symbols = symbols
    const engine = this.makeEngine({ ...KERNEL_DEFAULTS, ...options })
    this.engine = engine
    this.addedFlags = options.proveRawLockNesting === true ? LOCK_IRQ_THREADED : 0
    this.contexts = new PerSymbol((id) => {
      const entry = symbols.entry('ctx', id)
      return { ofGuest: entry.group !== 'host', stack: engine.stack(entry.name, id) }
    }, 'context')
    this.locks = new PerSymbol((id) => {
      const { name, kind, group } = symbols.entry('lock', id)
      return makeLock(id, name, kind ?? 'map', group ?? name)
    }, 'lock')
  }

  record(r: TraceRecord): void {
    const { ofGuest, stack } = this.contexts.get(r.context)
    if (!ofGuest) return
    const { engine } = this
    engine.record = r.index
    engine.timeNs = r.timeNs
    if (r.kind === T.lock_acquire) {
      engine.acquire(stack, this.locks.get(r.a), r.c, r.b | this.addedFlags)
    } else if (r.kind === T.lock_release) engine.release(stack, this.locks.get(r.a))
    else if (r.kind === T.deadlock) this.deadlocks.push(this.symbols.name('text', r.a))
    else if (r.kind === T.lock_irqs_on) {
      engine.followIrqs(stack, false, (r.b & LOCK_SOFTIRQS_OFF) !== 0)
    } else if (r.kind === T.lock_init) engine.destroy(stack, this.locks.get(r.a), 'init-held')
    else if (r.kind === T.lock_free) engine.destroy(stack, this.locks.get(r.a), 'held-freed')
    else stack.frames = followFrames(stack.frames, r)
  }

  finish(): LockdepResult {
    return { ...lockOrder(this.engine), reports: this.reporter.finish(this.deadlocks) }
  }

  private makeEngine(options: EngineOptions): Lockdep {
    const engine: Lockdep = new Lockdep(options, {
      found: (finding, stack) => {
        const siteOf = (held: Held): Site => engine.siteOf(stack, held)
        const site = engine.site(stack)
        this.reporter.add(finding, { stack, site, siteOf, release: RELEASE })
      },
      functionName: (frame) => frameName(this.symbols, frame),
    })
    return engine
  }
}
