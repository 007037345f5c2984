/**
 * What every context did when, as lists that can be searched from an instant backwards: on a
 * processor, runnable or asleep, in a handler, in a work item, waiting for a lock or for an answer.
 * Built in one pass over a recording; explanations walk over it. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { LOCK_HARDIRQS_OFF } from '../../sim/lock-flags.ts'
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Fold } from '../fold.ts'
import { hardirqName } from '../hardirq-name.ts'

/** A stretch of a context's time; `toNs` is Infinity while it lasts. */
export interface Stretch {
  readonly fromNs: Ns
  toNs: Ns
  /** Record that began it. */
  readonly record: number
}

export interface OnCpu extends Stretch {
  readonly cpu: number
  readonly context: number
}
interface Wake {
  readonly fromNs: Ns
  readonly record: number
  readonly by: number
}
export interface Handler extends Stretch {
  readonly context: number
  readonly cpu: number
  readonly irq: number
  /** When the line was raised, by whom; null: a timer of the processor itself. */
  readonly raise: Wake | null
}
export interface Execution extends Stretch {
  readonly work: number
  readonly cpu: number
  /** When the item was queued, by whom. */
  readonly queued: Wake | null
}
export interface LockWait extends Stretch {
  readonly lock: number
  /** Context that held it when the waiting began, -1: not known. */
  readonly holder: number
  /** Who let it go before the waiter had it; null: nobody yet. */
  handed: Wake | null
}
/** A request to the device or the back end whose answer the context waits for. */
export interface Request extends Stretch {
  readonly code: string
  readonly backend: boolean
  status: string
}
export interface Call extends Stretch {
  readonly stream: number
  readonly name: string
  ret: number
}
export interface OffLock extends Stretch {
  readonly lock: number
  readonly context: number
  readonly cpu: number
}
interface Held {
  readonly lock: number
  readonly offs: OffLock | null
}

/** What one context did. */
export class Actor {
  readonly runs: OnCpu[] = []
  readonly wakes: Wake[] = []
  readonly waits: LockWait[] = []
  readonly requests: Request[] = []
  readonly calls: Call[] = []
  readonly triggers: Call[] = []
  readonly executions: Execution[] = []
  readonly handlers: Handler[] = []
  /** Calls of snd_pcm_period_elapsed(). */
  readonly elapsed: Call[] = []
  readonly held: Held[] = []
}

const COMMANDS = CODES.trigger as readonly string[]
const PAUSED = (CODES.supply as readonly string[]).indexOf('paused')
const OPEN = Number.POSITIVE_INFINITY

export class History implements Fold<History> {
  readonly kinds = [
    T.sched_switch,
    T.sched_waking,
    T.supply_on,
    T.supply_off,
    T.irq_raise,
    T.irq_handler_entry,
    T.irq_handler_exit,
    T.workqueue_queue_work,
    T.workqueue_execute_start,
    T.workqueue_execute_end,
    T.lock_acquire,
    T.lock_contended,
    T.lock_acquired,
    T.lock_release,
    T.fault,
    T.syscall_enter,
    T.syscall_exit,
    T.snd_pcm_trigger,
    T.snd_pcm_trigger_done,
    T.snd_pcm_period_elapsed,
    T.virtsnd_ctl_send,
    T.virtsnd_ctl_done,
    T.xensnd_request,
    T.xensnd_request_done,
  ]
  readonly symbols: Symbols
  private readonly actors: Actor[] = []
  /** By machine and processor: who had it, one after another. */
  private readonly occupants = new Map<string, OnCpu[]>()
  /** By processor of the guest. */
  readonly stolen: (Stretch & { readonly paused: boolean })[][] = []
  readonly handlersOn: Handler[][] = []
  readonly irqsOff: OffLock[][] = []
  /** Faults that the scenario injected: what they are called. */
  readonly faults: { readonly fromNs: Ns; readonly text: string }[] = []
  readonly vcpus: readonly number[]
  private readonly holders: number[] = []
  private readonly before = new Map<number, number>()
  private readonly raised: (Wake | null)[] = []
  private readonly queued: (Wake | null)[] = []
  private readonly sent = new Map<string, Request>()
  private readonly released = new Map<number, Wake>()

  private readonly untilRecord: number

  /** What comes after `untilRecord` is not looked at: the history as it was then. */
  constructor(symbols: Symbols, untilRecord = OPEN) {
    this.symbols = symbols
    this.untilRecord = untilRecord
    this.vcpus = symbols.entries('ctx').flatMap(({ kind }, id) => (kind === 'vcpu' ? [id] : []))
  }

  actor(context: number): Actor {
    const known = this.actors[context]
    if (known !== undefined) return known
    const made = new Actor()
    this.actors[context] = made
    return made
  }

  /** Numbers of the contexts that did something. */
  contexts(): readonly number[] {
    return this.actors.flatMap((one, id) => (one === undefined ? [] : [id]))
  }

  kindOf(context: number): string {
    return this.symbols.entries('ctx')[context]?.kind ?? ''
  }

  /** A handler's is not the one of its records, which Linux gives to threads of interrupts. */
  nameOf(context: number): string {
    const entry = this.symbols.entries('ctx')[context]
    if (entry === undefined) return 'nobody'
    return entry.kind === 'hardirq' ? hardirqName(entry.name) : entry.name
  }

  isGuest(context: number): boolean {
    return this.symbols.entries('ctx')[context]?.group === 'guest'
  }

  /** Stretches of a processor, one after another. */
  onProcessor(guest: boolean, cpu: number): readonly OnCpu[] {
    return this.occupants.get(`${guest ? 'guest' : 'host'}/${cpu}`) ?? []
  }

  record(r: TraceRecord): void {
    if (r.index > this.untilRecord) return
    if (r.kind <= T.supply_off) this.processor(r)
    else if (r.kind <= T.workqueue_execute_end) this.handler(r)
    else if (r.kind <= T.lock_release) this.locked(r)
    else if (r.kind === T.fault) {
      this.faults.push({ fromNs: r.timeNs, text: this.symbols.name('text', r.a) })
    } else this.called(r)
  }

  finish(): History {
    return this
  }

  private processor(r: TraceRecord): void {
    const { timeNs, index: record } = r
    if (r.kind === T.sched_switch) {
      close(this.actor(r.a).runs, timeNs)
      const run = { fromNs: timeNs, toNs: OPEN, record, cpu: r.cpu, context: r.b }
      this.actor(r.b).runs.push(run)
      const key = `${this.isGuest(r.b) ? 'guest' : 'host'}/${r.cpu}`
      const list = this.occupants.get(key)
      if (list === undefined) this.occupants.set(key, [run])
      else list.push(run)
    } else if (r.kind === T.sched_waking) {
      this.actor(r.a).wakes.push({ fromNs: timeNs, record, by: r.context })
    } else {
      const list = at(this.stolen, r.cpu)
      const paused = r.a === PAUSED
      if (r.kind === T.supply_off) list.push({ fromNs: timeNs, toNs: OPEN, record, paused })
      else close(list, timeNs)
    }
  }

  private handler(r: TraceRecord): void {
    const { timeNs, index: record, context, cpu } = r
    const actor = this.actor(context)
    const cause = { fromNs: timeNs, record, by: context }
    if (r.kind === T.irq_raise) this.raised[r.a] ??= cause
    else if (r.kind === T.irq_handler_entry) {
      const raise = this.raised[r.a] ?? null
      this.raised[r.a] = null
      const entered = { fromNs: timeNs, toNs: OPEN, record, context, cpu, irq: r.a, raise }
      actor.handlers.push(entered)
      at(this.handlersOn, cpu).push(entered)
    } else if (r.kind === T.irq_handler_exit) close(actor.handlers, timeNs)
    else if (r.kind === T.workqueue_queue_work) this.queued[r.a] = cause
    else if (r.kind === T.workqueue_execute_start) {
      const queued = this.queued[r.a] ?? null
      this.queued[r.a] = null
      actor.executions.push({ fromNs: timeNs, toNs: OPEN, record, work: r.a, cpu, queued })
    } else if (r.kind === T.workqueue_execute_end) close(actor.executions, timeNs)
  }

  private locked(r: TraceRecord): void {
    const { timeNs, context } = r
    const actor = this.actor(context)
    if (this.symbols.entries('lock')[r.a]?.kind === 'map') return
    if (r.kind === T.lock_acquire) {
      this.before.set(context, this.holders[r.a] ?? -1)
      this.hold(actor, r, (r.b & LOCK_HARDIRQS_OFF) !== 0)
    } else if (r.kind === T.lock_contended) {
      this.drop(actor, r)
      const holder = this.before.get(context) ?? -1
      this.holders[r.a] = holder
      const record = r.index
      const wait = { fromNs: timeNs, toNs: OPEN, record, lock: r.a, holder, handed: null }
      actor.waits.push(wait)
    } else if (r.kind === T.lock_acquired) {
      const wait = actor.waits.at(-1)
      if (wait?.toNs === OPEN) wait.handed = this.released.get(r.a) ?? null
      close(actor.waits, timeNs)
      this.hold(actor, r, false)
    } else {
      this.drop(actor, r)
      this.released.set(r.a, { fromNs: timeNs, record: r.index, by: context })
      if (this.holders[r.a] === context) this.holders[r.a] = -1
    }
  }

  private hold(actor: Actor, r: TraceRecord, irqsOff: boolean): void {
    const { timeNs: fromNs, index: record, context, cpu } = r
    this.holders[r.a] = context
    const kind = this.kindOf(context)
    let offs: OffLock | null = null
    if (irqsOff && kind !== 'hardirq' && this.isGuest(context)) {
      offs = { fromNs, toNs: OPEN, record, lock: r.a, context, cpu }
      at(this.irqsOff, cpu).push(offs)
    }
    actor.held.push({ lock: r.a, offs })
  }

  private drop(actor: Actor, r: TraceRecord): void {
    const index = actor.held.findLastIndex((one) => one.lock === r.a)
    const [held] = index < 0 ? [] : actor.held.splice(index, 1)
    if (held?.offs != null) held.offs.toNs = r.timeNs
  }

  /** Calls of clients, of the core to the driver, of the driver to the device. */
  private called(r: TraceRecord): void {
    const { timeNs, index: record } = r
    const actor = this.actor(r.context)
    const open = { fromNs: timeNs, toNs: OPEN, record, stream: r.a, ret: 0 }
    if (r.kind === T.syscall_enter) {
      actor.calls.push({ ...open, name: CODES.call?.[r.b] ?? `${r.b}` })
    } else if (r.kind === T.syscall_exit) end(actor.calls, timeNs, r.c)
    else if (r.kind === T.snd_pcm_trigger) {
      actor.triggers.push({ ...open, name: COMMANDS[r.b] ?? `${r.b}` })
    } else if (r.kind === T.snd_pcm_trigger_done) end(actor.triggers, timeNs, r.c)
    else if (r.kind === T.snd_pcm_period_elapsed) {
      actor.elapsed.push({ ...open, name: 'snd_pcm_period_elapsed' })
    } else this.requested(actor, r)
  }

  private requested(actor: Actor, r: TraceRecord): void {
    const { timeNs, index: record } = r
    const backend = r.kind === T.xensnd_request || r.kind === T.xensnd_request_done
    const words = (backend ? CODES.xensnd : CODES.virtsnd) as readonly string[]
    const key = backend ? `x${r.b}/${r.c}` : `v${r.c}`
    if (r.kind === T.virtsnd_ctl_send || r.kind === T.xensnd_request) {
      const code = words[r.a] ?? `${r.a}`
      const request = { fromNs: timeNs, toNs: OPEN, record, code, backend, status: '' }
      actor.requests.push(request)
      this.sent.set(key, request)
      return
    }
    const request = this.sent.get(key)
    if (request === undefined) return
    this.sent.delete(key)
    request.toNs = timeNs
    request.status = backend ? `${r.d}` : (words[r.d] ?? `${r.d}`)
  }
}

function at<V>(lists: V[][], index: number): V[] {
  const known = lists[index]
  if (known !== undefined) return known
  const made: V[] = []
  lists[index] = made
  return made
}

/** Ends the last stretch, if it lasts still. */
function close(list: readonly Stretch[], timeNs: Ns): void {
  const last = list.at(-1)
  if (last !== undefined && last.toNs === OPEN) last.toNs = timeNs
}

function end(list: readonly Call[], timeNs: Ns, ret: number): void {
  const last = list.at(-1)
  if (last === undefined || last.toNs !== OPEN) return
  last.toNs = timeNs
  last.ret = ret
}

/** The last that began before the instant; -1: none. */
export function lastBefore(list: readonly { readonly fromNs: Ns }[], timeNs: Ns): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as { readonly fromNs: Ns }).fromNs < timeNs) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Those that overlap an open stretch of time, of a list whose stretches hardly nest. */
export function overlapping<S extends Stretch>(
  list: readonly S[],
  fromNs: Ns,
  toNs: Ns,
): readonly S[] {
  const found: S[] = []
  let ended = 0
  for (let i = lastBefore(list, toNs); i >= 0 && ended < 16; i--) {
    const one = list[i] as S
    if (one.toNs > fromNs) found.push(one)
    else ended++
  }
  return found.reverse()
}

/** The one that began before the instant and lasted until then; of several the last. */
export function covering<S extends Stretch>(list: readonly S[], timeNs: Ns): S | null {
  const last = lastBefore(list, timeNs)
  for (let i = last; i >= 0 && i > last - 8; i--) {
    const one = list[i] as S
    if (one.toNs >= timeNs) return one
  }
  return null
}
