/**
 * The critical path that ends with a context at an instant: backwards from who ran to who woke it,
 * to the handler that queued its work, to the device that raised the interrupt, to the device's own
 * timer. Every nanosecond between two instants goes to exactly one segment. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { formatDuration } from '../format.ts'
import { doing, occupantOf, stolenFrom } from './doing.ts'
import {
  covering,
  type Execution,
  type History,
  type LockWait,
  lastBefore,
  overlapping,
} from './history.ts'
import type { Part, Segment } from './parts.ts'

/** Steps of one path; a longer one ends with what is not known. */
const STEPS_MAX = 10_000
const THROUGH_MAX = 20_000

/** How a path came from one context to another. */
export interface Link {
  readonly kind: 'wake-up' | 'lock handover' | 'interrupt' | 'work item' | 'kick'
  /** Where it lies on the path. */
  readonly timeNs: Ns
  /** The context that did it, and its record. */
  readonly context: number
  readonly record: number
}

/** The path from `fromNs` to `toNs` that ends with `context`, in order of time. */
export function criticalPath(
  history: History,
  context: number,
  fromNs: Ns,
  toNs: Ns,
): readonly Segment[] {
  return new Walk(history, fromNs, toNs, context).path()
}

/**
 * The path that does not stop at a device's timer, a lock or an answer: through the sleep of the
 * timer to who slept, through the lock to who let it go, through the answer to who gave it.
 */
export function criticalSteps(
  history: History,
  context: number,
  fromNs: Ns,
  toNs: Ns,
): { readonly segments: readonly Segment[]; readonly links: readonly Link[] } {
  const walk = new Walk(history, fromNs, toNs, context, true)
  return { segments: walk.path(), links: walk.links }
}

class Walk {
  readonly links: Link[] = []
  private readonly segments: Segment[] = []
  private readonly through: boolean
  private readonly h: History
  private readonly fromNs: Ns
  private timeNs: Ns
  private context: number
  /** The threaded handler on the way, whose line stays masked while it is busy; -1: none. */
  private thread = -1
  /** Part of what is left when the walk has come to a timer. */
  private rest: { part: Part; what: string; record: number } | null = null

  constructor(h: History, fromNs: Ns, toNs: Ns, context: number, through = false) {
    this.through = through
    this.h = h
    this.fromNs = fromNs
    this.timeNs = toNs
    this.context = context
  }

  path(): readonly Segment[] {
    const most = this.through ? THROUGH_MAX : STEPS_MAX
    for (let i = 0; i < most && this.timeNs > this.fromNs && this.rest === null; i++) {
      this.step()
    }
    const beyond = this.timeNs > this.fromNs ? `before the last ${most} steps` : ''
    const unknown = { part: 'other' as const, what: this.through ? beyond : '', record: 0 }
    const { part, what, record } = this.rest ?? unknown
    this.take(part, this.fromNs, record, what)
    return this.segments.reverse()
  }

  /** The stretch from `fromNs` to where the walk stands; the walk goes on there. */
  private take(part: Part, fromNs: Ns, record: number, what: string): void {
    const from = fromNs > this.fromNs ? fromNs : this.fromNs
    if (from < this.timeNs) {
      const { context, timeNs: toNs } = this
      this.segments.push({ part, fromNs: from, toNs, context, record, what })
    }
    if (from < this.timeNs) this.timeNs = from
  }

  private step(): void {
    const kind = this.h.kindOf(this.context)
    if (kind === 'hardirq') this.handler()
    else if (kind === 'idle' && this.through) this.idle()
    else if (kind === 'softirq') this.ends('tick', 'a timer of the kernel came no sooner')
    else if (kind === 'idle') this.ends('other')
    else if (kind === 'vcpu') this.guest()
    else this.task()
  }

  private ends(part: Part, what = '', record = 0): void {
    this.rest = { part, what, record }
  }

  private goTo(context: number): void {
    this.context = context
  }

  private follow(kind: Link['kind'], context: number, record: number): void {
    this.links.push({ kind, timeNs: this.timeNs, context, record })
    this.goTo(context)
  }

  /** From a vCPU thread to what the guest did on it. */
  private guest(): void {
    const cpu = this.h.vcpus.indexOf(this.context)
    const irq = covering(this.h.handlersOn[cpu] ?? [], this.timeNs)
    const runs = this.h.onProcessor(true, cpu)
    const inside = irq?.context ?? runs[lastBefore(runs, this.timeNs + 1)]?.context
    if (inside === undefined) this.ends('other')
    else this.goTo(inside)
  }

  /** A processor without work: on to who ran there last. */
  private idle(): void {
    const runs = this.h.actor(this.context).runs
    const run = runs[lastBefore(runs, this.timeNs)]
    if (run === undefined) {
      this.ends('other')
      return
    }
    this.take('other', run.fromNs, run.record, `CPU ${run.cpu} was idle`)
    const others = this.h.onProcessor(this.h.isGuest(this.context), run.cpu)
    const before = others[lastBefore(others, this.timeNs)]
    if (before === undefined) this.ends('other')
    else this.goTo(before.context)
  }

  private handler(): void {
    const handlers = this.h.actor(this.context).handlers
    const entered = handlers[lastBefore(handlers, this.timeNs + 1)]
    if (entered === undefined) {
      this.ends('other')
      return
    }
    this.work('handler', entered.fromNs, entered.record, this.h.nameOf(this.context), entered.cpu)
    if (this.timeNs <= this.fromNs) return
    if (entered.raise === null) {
      this.ends('tick', 'a timer of the processor')
      return
    }
    this.delivery(entered.raise.fromNs, entered.cpu, entered.record)
    if (this.timeNs > this.fromNs) this.follow('interrupt', entered.raise.by, entered.raise.record)
  }

  /** From the raise to the handler: interrupts disabled, the vCPU away, the rest the way itself. */
  private delivery(raisedNs: Ns, cpu: number, record: number): void {
    const to = this.timeNs
    const from = raisedNs > this.fromNs ? raisedNs : this.fromNs
    const cuts = stolenFrom(this.h, cpu, from, to).map((one) => ({
      ...one,
      part: 'stolen' as Part,
    }))
    const others = overlapping(this.h.handlersOn[cpu] ?? [], from, to)
      .filter((one) => one.context !== this.context)
      .map(({ fromNs, toNs, record: at, context }) => {
        const what = `${this.h.nameOf(context)} was being handled on CPU ${cpu}`
        return { fromNs, toNs, record: at, what, part: 'irqs-off' as Part }
      })
    const offs = overlapping(this.h.irqsOff[cpu] ?? [], from, to).map(
      ({ fromNs, toNs, record: at, context, lock }) => {
        const name = this.h.symbols.name('lock', lock)
        const what = `${this.h.nameOf(context)} had CPU ${cpu}, interrupts off under ${name}`
        return { fromNs, toNs, record: at, what, part: 'irqs-off' as Part }
      },
    )
    const name = this.h.nameOf(this.context)
    this.cut('delivery', from, record, name, [...cuts, ...others, ...this.threadBusy(), ...offs])
  }

  /** A threaded handler that waits for an answer keeps its line masked. */
  private threadBusy(): readonly Cut[] {
    if (this.thread < 0) return []
    const name = this.h.nameOf(this.thread)
    return this.h.actor(this.thread).requests.map((one) => {
      const who = one.backend ? 'back end' : 'device'
      const what = `${name} waited for the ${who}'s answer to ${one.code}`
      return { ...one, part: 'answer', what }
    })
  }

  /** Work of a guest's context down to `fromNs`, without the time that its vCPU had none. */
  private work(part: Part, fromNs: Ns, record: number, what: string, cpu: number): void {
    const from = fromNs > this.fromNs ? fromNs : this.fromNs
    if (!this.h.isGuest(this.context)) {
      this.take(part, from, record, what)
      return
    }
    const cuts = stolenFrom(this.h, cpu, from, this.timeNs).map((one) => ({
      ...one,
      part: 'stolen' as Part,
    }))
    this.cut(part, from, record, what, cuts)
  }

  /** Takes the stretch down to `fromNs`, with pieces of it cut out; earlier cuts go first. */
  private cut(part: Part, fromNs: Ns, record: number, what: string, cuts: readonly Cut[]): void {
    while (this.timeNs > fromNs) {
      const at = this.timeNs
      const covers = cuts.find((one) => one.fromNs < at && one.toNs >= at)
      if (covers !== undefined) {
        const from = covers.fromNs > fromNs ? covers.fromNs : fromNs
        this.take(covers.part, from, covers.record, covers.what)
        continue
      }
      const next = cuts.reduce((most, one) => {
        return one.toNs < at && one.toNs > most ? one.toNs : most
      }, fromNs)
      this.take(part, next, record, what)
    }
  }

  private task(): void {
    if (this.h.kindOf(this.context) === 'irq-thread') this.thread = this.context
    const actor = this.h.actor(this.context)
    const wait = covering(actor.waits, this.timeNs)
    if (wait !== null && wait.fromNs < this.timeNs) {
      const { fromNs, record, lock, holder } = wait
      if (this.through && this.handed(wait)) return
      this.take('lock', fromNs, record, this.lockText(lock, holder, fromNs, this.timeNs))
      return
    }
    const index = lastBefore(actor.runs, this.timeNs)
    const run = actor.runs[index]
    if (run === undefined) {
      this.ends('other')
      return
    }
    if (run.toNs >= this.timeNs) this.running(run.fromNs, run.record, run.cpu)
    else this.away(run.toNs, run.cpu, actor.runs[index + 1]?.fromNs ?? Number.POSITIVE_INFINITY)
  }

  /** On to who let the lock go; false: the records do not tell. */
  private handed({ handed, lock, record, fromNs }: LockWait): boolean {
    if (handed === null || handed.fromNs < fromNs || handed.by === this.context) return false
    const what = `${this.h.nameOf(this.context)} was given ${this.h.symbols.name('lock', lock)}`
    this.take('wake-up', handed.fromNs, record, what)
    if (this.timeNs > this.fromNs) this.follow('lock handover', handed.by, handed.record)
    return true
  }

  private lockText(lock: number, holder: number, fromNs: Ns, toNs: Ns): string {
    const { h } = this
    const by = holder < 0 ? '' : `, held by ${h.nameOf(holder)}${doing(h, holder, fromNs, toNs)}`
    return `${h.nameOf(this.context)} waited for ${h.symbols.name('lock', lock)}${by}`
  }

  /** On a processor since `sinceNs`: down to there, to its work item, or to the end of a wait. */
  private running(sinceNs: Ns, record: number, cpu: number): void {
    const { h, context } = this
    const actor = h.actor(context)
    const waited = actor.waits[lastBefore(actor.waits, this.timeNs)]
    const floor = waited !== undefined && waited.toNs > sinceNs ? waited.toNs : sinceNs
    const item = executionAt(actor.executions, this.timeNs)
    const part = this.roleOf()
    if (item !== null && item.fromNs >= floor) {
      const name = h.symbols.name('work', item.work)
      this.work(part, item.fromNs, item.record, name, cpu)
      if (this.timeNs > this.fromNs && item.queued !== null) this.queuedItem(item, name, cpu)
      else if (item.queued === null) this.ends('other')
      return
    }
    this.work(part, floor, record, h.nameOf(context), cpu)
  }

  private roleOf(): Part {
    const kind = this.h.kindOf(this.context)
    if (kind === 'client') return 'client-run'
    return this.h.isGuest(this.context) ? 'report' : 'device'
  }

  private queuedItem(
    item: { readonly queued: { fromNs: Ns; record: number; by: number } | null },
    name: string,
    cpu: number,
  ): void {
    if (item.queued === null) return
    const { fromNs: queuedNs, record, by } = item.queued
    const from = queuedNs > this.fromNs ? queuedNs : this.fromNs
    const who = occupantOf(this.h, true, cpu, from, this.timeNs, this.context)
    const what = `work item ${name} waited for CPU ${cpu}${who === '' ? '' : `, where ${who} ran`}`
    this.work('work-queue', queuedNs, record, what, cpu)
    if (this.timeNs > this.fromNs) this.follow('work item', by, record)
  }

  /** Off the processors since `outNs`, on one again at `inNs`. */
  private away(outNs: Ns, cpu: number, inNs: Ns): void {
    const { h, context } = this
    const actor = h.actor(context)
    const request = covering(actor.requests, this.timeNs)
    if (!this.through && request !== null && request.fromNs <= outNs && h.isGuest(context)) {
      const who = request.backend ? 'back end' : 'device'
      const what = `${h.nameOf(context)} waited for the ${who}'s answer to ${request.code}`
      this.take('answer', request.fromNs, request.record, what)
      return
    }
    const first = actor.wakes[lastBefore(actor.wakes, outNs) + 1]
    const wake = first !== undefined && first.fromNs <= inNs ? first : undefined
    const call = covering(actor.calls, this.timeNs)
    if (call?.name === 'sleep') {
      const slept = `client slept ${formatDuration(call.toNs - call.fromNs)} by its own choice`
      this.take('client-work', outNs, call.record, slept)
      return
    }
    if (wake === undefined || wake.fromNs > this.timeNs) {
      this.noWake(outNs, cpu, wake)
      return
    }
    this.runnable(wake.fromNs, wake.record, cpu)
    if (this.timeNs <= this.fromNs) return
    this.woken(wake, outNs)
  }

  /** Preempted (no wake-up at all), or asleep still. */
  private noWake(outNs: Ns, cpu: number, wake: { readonly record: number } | undefined): void {
    if (wake === undefined) {
      this.runnable(outNs, 0, cpu)
      return
    }
    this.ends('other', `${this.h.nameOf(this.context)} was asleep`, wake.record)
  }

  private runnable(sinceNs: Ns, record: number, cpu: number): void {
    const guest = this.h.isGuest(this.context)
    const from = sinceNs > this.fromNs ? sinceNs : this.fromNs
    const who = occupantOf(this.h, guest, cpu, from, this.timeNs, this.context)
    const name = this.h.nameOf(this.context)
    const where = guest ? `CPU ${cpu}` : `host CPU ${cpu}`
    const what = who === '' ? name : `${name} was runnable while ${who} had ${where}`
    this.work(guest ? 'wake-up' : 'device-cpu', sinceNs, record, what, cpu)
  }

  private woken(wake: { readonly by: number; readonly record: number }, outNs: Ns): void {
    const { h, context } = this
    const by = h.kindOf(wake.by)
    const timer = by === 'softirq' || h.nameOf(wake.by).startsWith('local_timer')
    if (h.isGuest(context) && timer) {
      const part = h.kindOf(context) === 'client' ? 'client-work' : 'other'
      this.take(part, outNs, wake.record, `${h.nameOf(context)} waited for its own timer`)
      return
    }
    if (!h.isGuest(context) && (by === 'host' || timer) && h.nameOf(wake.by) === 'host-hardware') {
      const what = `${h.nameOf(context)} waited for its timer`
      if (this.through) this.take('tick', outNs, wake.record, what)
      else this.ends('tick', what, wake.record)
      return
    }
    const kick = !h.isGuest(context) && (by === 'vcpu' || h.isGuest(wake.by))
    this.follow(kick ? 'kick' : 'wake-up', wake.by, wake.record)
  }
}

/** The work item in which an instant lies, which may be its very first. */
function executionAt(list: readonly Execution[], timeNs: Ns): Execution | null {
  const begun = covering(list, timeNs + 1)
  return begun?.fromNs === timeNs ? begun : covering(list, timeNs)
}

interface Cut {
  readonly part: Part
  readonly fromNs: Ns
  readonly toNs: Ns
  readonly record: number
  readonly what: string
}
