/**
 * The causal chain of one period, around one call of snd_pcm_period_elapsed: device timer → used
 * buffer → interrupt → work item → period elapsed → client wakes → client writes, and the kick that
 * hands the next message to the device. For the close-up of the timeline chart. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import type { Fold } from './fold.ts'
import type { LaneName } from './lanes.ts'

export interface ChainStep {
  readonly lane: LaneName
  readonly timeNs: Ns
  /** What happens here, in a few words. */
  readonly text: string
  /** Index of the step that caused it, -1: none in the chain. */
  readonly after: number
}

/** What follows the call is searched for at most this long. */
const FOLLOW_NS = 40_000_000

interface Last {
  timer: Ns
  used: Ns
  irq: Ns
  queued: Ns
  started: Ns
}

export class ChainFold implements Fold<readonly ChainStep[]> {
  readonly kinds = [
    T.audio_run,
    T.virtqueue_push,
    T.irq_handler_entry,
    T.workqueue_queue_work,
    T.workqueue_execute_start,
    T.snd_pcm_period_elapsed,
    T.virtqueue_kick,
    T.virtqueue_pop,
    T.workqueue_execute_end,
    T.irq_handler_exit,
    T.snd_pcm_xrun,
    T.snd_pcm_trigger,
    T.sched_waking,
    T.sched_switch,
    T.snd_pcm_applptr,
  ]
  private readonly steps: ChainStep[] = []
  private readonly last: Last = { timer: -1, used: -1, irq: -1, queued: -1, started: -1 }
  private kick: Ns = -1
  private pop: Ns = -1
  private caller = -1
  private elapsedNs: Ns = -1
  private elapsedStep = -1
  private client = -1
  /** Whether the call's context is still in the work item or handler that made it. */
  private inCall = false
  private readonly after = { xrun: -1, stop: -1, runs: -1, writes: -1 }
  private readonly symbols: Symbols
  private readonly stream: number
  private readonly target: number

  /** `target` is the index of the record of the call. */
  constructor(symbols: Symbols, stream: number, target: number) {
    this.symbols = symbols
    this.stream = stream
    this.target = target
  }

  record(r: TraceRecord): void {
    if (this.elapsedNs >= 0) {
      if (r.timeNs - this.elapsedNs <= FOLLOW_NS) this.follow(r)
      return
    }
    if (r.kind === T.snd_pcm_period_elapsed) {
      if (r.index === this.target) this.hit(r)
    } else this.remember(r)
  }

  finish(): readonly ChainStep[] {
    const { steps, after } = this
    if (this.elapsedNs < 0) return steps
    const irqStep = steps.findIndex((step) => step.lane === 'irq')
    if (after.xrun >= 0) {
      const xrun = this.add('alsa', after.xrun, 'xrun found', this.elapsedStep)
      if (after.stop >= 0) this.add('alsa', after.stop, 'driver told to stop', xrun)
    }
    if (after.runs >= 0) {
      const runs = this.add('client', after.runs, 'client runs', this.elapsedStep)
      if (after.writes >= 0) this.add('alsa', after.writes, 'client moves appl_ptr', runs)
    }
    if (this.kick >= 0) {
      const early = this.kick < this.elapsedNs
      const kick = this.add('queue', this.kick, 'driver kicks the queue', early ? irqStep : -1)
      if (this.pop >= 0) this.add('device', this.pop, 'device takes the message', kick)
    }
    return inOrder(steps)
  }

  private remember(r: TraceRecord): void {
    const { last } = this
    if (r.kind === T.audio_run) last.timer = r.timeNs
    else if (r.kind === T.virtqueue_push) last.used = r.timeNs
    else if (r.kind === T.irq_handler_entry) {
      last.irq = r.timeNs
      this.kick = -1
      this.pop = -1
    } else if (r.kind === T.workqueue_queue_work) last.queued = r.timeNs
    else if (r.kind === T.workqueue_execute_start) last.started = r.timeNs
    else this.handOver(r)
  }

  private handOver(r: TraceRecord): void {
    if (r.kind === T.virtqueue_kick && r.b === 1 && this.kick < 0) this.kick = r.timeNs
    if (r.kind === T.virtqueue_pop && this.kick >= 0 && this.pop < 0) this.pop = r.timeNs
  }

  private hit(r: TraceRecord): void {
    const { timer, used, irq, queued, started } = this.last
    this.elapsedNs = r.timeNs
    this.caller = r.context
    this.inCall = true
    let cause = -1
    if (timer >= 0 && timer <= used) cause = this.add('device', timer, 'device timer fires', cause)
    if (used >= 0) cause = this.add('queue', used, 'message marked used', cause)
    if (irq >= used && irq >= 0) cause = this.add('irq', irq, 'interrupt handler', cause)
    if (started >= queued && started >= irq && queued >= 0) {
      cause = this.add('kworker', started, 'work item runs', cause)
    }
    cause = this.add('alsa', r.timeNs, 'period elapsed', cause)
    this.elapsedStep = cause
  }

  private follow(r: TraceRecord): void {
    const { after } = this
    if (this.inCall && r.context === this.caller) this.followCall(r)
    else if (r.kind === T.sched_switch) {
      if (r.b === this.client && after.runs < 0) after.runs = r.timeNs
    } else if (r.kind === T.snd_pcm_applptr && r.a === this.stream) {
      if (after.runs >= 0 && after.writes < 0) after.writes = r.timeNs
    } else this.handOver(r)
  }

  /** What the caller itself does until its work item or handler ends. */
  private followCall(r: TraceRecord): void {
    const { after } = this
    if (r.kind === T.workqueue_execute_end || r.kind === T.irq_handler_exit) this.inCall = false
    else if (r.kind === T.sched_waking && this.client < 0) {
      if (this.symbols.entries('ctx')[r.a]?.kind === 'client') this.client = r.a
    } else if (r.kind === T.snd_pcm_xrun && r.a === this.stream) after.xrun = r.timeNs
    else if (r.kind === T.snd_pcm_trigger && r.a === this.stream) after.stop = r.timeNs
    else this.handOver(r)
  }

  private add(lane: LaneName, timeNs: Ns, text: string, after: number): number {
    return this.steps.push({ lane, timeNs, text, after }) - 1
  }
}

/** The steps by time, with their causes renumbered. */
function inOrder(steps: readonly ChainStep[]): ChainStep[] {
  const order = steps.map((step, index) => ({ step, index }))
  order.sort((a, b) => a.step.timeNs - b.step.timeNs || a.index - b.index)
  const place = new Map(order.map(({ index }, to) => [index, to]))
  return order.map(({ step }) => ({ ...step, after: place.get(step.after) ?? -1 }))
}
