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
import { hardirqName } from '../hardirq-name.ts'
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
  readonly kind: string
  readonly stack: HeldStack
}

/** What runs on a processor, apart from handlers. */
interface Current {
  task: HeldStack
  softirq: HeldStack | null
}

export class LockdepFold implements Fold<LockdepResult> {
  readonly kinds = [
    T.lock_acquire,
    T.lock_release,
    T.lock_irqs_on,
    T.lock_init,
    T.lock_free,
    T.deadlock,
    T.sched_switch,
    ...frameKinds,
  ]
  readonly engine: Lockdep
  private readonly reporter = new Reporter()
  private readonly contexts: PerSymbol<ContextStack>
  private readonly locks: PerSymbol<Lock>
  private readonly currents: PerSymbol<Current>
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
      const { name, kind = '', group } = symbols.entry('ctx', id)
      const ofTask = kind !== 'hardirq' && kind !== 'softirq'
      const stack = ofTask
        ? engine.stack(name, pidOf(symbols, id))
        : engine.stack(hardirqName(name), -1)
      return { ofGuest: group !== 'host', kind, stack }
    }, 'context')
    this.currents = new PerSymbol((cpu) => {
      const idle = symbols.entries('ctx').findIndex(({ kind, name, group }) => {
        return kind === 'idle' && group !== 'host' && name === `swapper/${cpu}`
      })
      const task = idle < 0 ? engine.stack(`swapper/${cpu}`, 0) : this.contexts.get(idle).stack
      return { task, softirq: null }
    }, 'processor')
    this.locks = new PerSymbol((id) => {
      const { name, kind, group } = symbols.entry('lock', id)
      return makeLock(id, name, kind ?? 'map', group ?? name)
    }, 'lock')
  }

  record(r: TraceRecord): void {
    const { ofGuest, kind, stack } = this.contexts.get(r.context)
    if (!ofGuest) return
    const { engine } = this
    if (kind === 'hardirq' || kind === 'softirq') this.interrupt(r, stack, kind)
    engine.record = r.index
    engine.timeNs = r.timeNs
    if (r.kind === T.lock_acquire) {
      engine.acquire(stack, this.locks.get(r.a), r.c, r.b | this.addedFlags)
    } else if (r.kind === T.lock_release) engine.release(stack, this.locks.get(r.a))
    else if (r.kind === T.deadlock) this.deadlocks.push(this.symbols.name('text', r.a))
    else if (r.kind === T.sched_switch) {
      this.currents.get(r.cpu).task = this.contexts.get(r.b).stack
    } else if (r.kind === T.lock_irqs_on) {
      engine.followIrqs(stack, false, (r.b & LOCK_SOFTIRQS_OFF) !== 0)
    } else if (r.kind === T.lock_init) engine.destroy(stack, this.locks.get(r.a), 'init-held')
    else if (r.kind === T.lock_free) engine.destroy(stack, this.locks.get(r.a), 'held-freed')
    else stack.frames = followFrames(stack.frames, r)
  }

  /** The current task of the processor is the one that is interrupted. */
  private interrupt(r: TraceRecord, stack: HeldStack, kind: string): void {
    const current = this.currents.get(r.cpu)
    if (kind === 'hardirq') stack.interrupted = current.softirq ?? current.task
    else {
      stack.interrupted = current.task
      if (r.kind === T.softirq_entry) current.softirq = stack
      else if (r.kind === T.softirq_exit) current.softirq = null
    }
  }

  finish(): LockdepResult {
    return { ...lockOrder(this.engine), reports: this.reporter.finish(this.deadlocks) }
  }

  private makeEngine(options: EngineOptions): Lockdep {
    const engine: Lockdep = new Lockdep(options, {
      found: (finding, stack) => {
        const siteOf = (held: Held, of: HeldStack): Site => engine.siteOf(of, held)
        const site = engine.site(stack)
        this.reporter.add(finding, { stack, site, siteOf, release: RELEASE })
      },
      functionName: (frame) => frameName(this.symbols, frame),
    })
    return engine
  }
}

/** `host` is what stands for the machine's hardware. */
const NO_TASKS: readonly (string | undefined)[] = ['idle', 'softirq', 'hardirq', 'host']

/** As the machine numbers its tasks: in order, from 1; the idle tasks have 0. */
function pidOf(symbols: Symbols, context: number): number {
  const entries = symbols.entries('ctx').slice(0, context + 1)
  if (entries[context]?.kind === 'idle') return 0
  return entries.filter(({ kind, group }) => group !== 'host' && !NO_TASKS.includes(kind)).length
}
