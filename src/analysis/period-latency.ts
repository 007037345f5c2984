/**
 * From interrupt to client, period by period: how long each part of the way took. A period is one
 * call of snd_pcm_period_elapsed; parts that it has no steps for (no work item, nobody to wake) are
 * 0. Times are ns.
 *
 * delivery  the host raises the interrupt → the guest's handler begins
 * deferral  handler → the work item (or the call itself, if there is none)
 * report    work item → snd_pcm_period_elapsed() is called
 * core      the call → the client is woken: locks, pointer, wake-up
 * schedule  woken → the client runs
 */
import type { Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { CausesFold, type Step, type StepKind } from './causes.ts'
import { foldStore } from './fold.ts'
import type { Window } from './windows.ts'

export const LATENCY_PARTS = ['delivery', 'deferral', 'report', 'core', 'schedule'] as const
export type LatencyPart = (typeof LATENCY_PARTS)[number]

export interface PeriodLatency {
  /** When the interrupt was raised (or the first step that is known). */
  readonly fromNs: Ns
  readonly totalNs: Ns
  /** In the order of LATENCY_PARTS; their sum is the total. */
  readonly partsNs: readonly Ns[]
  /** Whether it ends with the client running. */
  readonly awake: boolean
  /** Record of the call of snd_pcm_period_elapsed. */
  readonly record: number
}

/** Periods kept; far more than a chart can show. */
const PERIODS_MAX = 1 << 20

export function collectLatency(
  store: TraceStore,
  stream: number,
  window: Window,
): readonly PeriodLatency[] {
  const sink = new LatencySink(stream, window)
  foldStore(store, new CausesFold(store.symbols, sink), window.toNs)
  return sink.periods
}

/** Calls whose client may still have to run. */
const CALLS_MAX = 64

class LatencySink {
  readonly periods: PeriodLatency[] = []
  /** Place in `periods` of each call that nobody has been woken for yet. */
  private readonly calls = new Map<Step, number>()
  private readonly stream: number
  private readonly window: Window

  constructor(stream: number, window: Window) {
    this.stream = stream
    this.window = window
  }

  step(step: Step): void {
    if (step.kind === 'elapsed' && step.subject === this.stream) this.called(step)
    else if (step.kind === 'runs') this.ran(step)
  }

  private called(step: Step): void {
    const { fromNs, toNs } = this.window
    const inside = step.timeNs >= fromNs && step.timeNs <= toNs
    if (!inside || this.periods.length >= PERIODS_MAX) return
    this.calls.set(step, this.periods.length)
    const [oldest] = this.calls.keys()
    if (this.calls.size > CALLS_MAX && oldest !== undefined) this.calls.delete(oldest)
    this.periods.push(latencyOf(step, null, null))
  }

  private ran(step: Step): void {
    const woken = step.cause
    const cause = woken?.cause ?? null
    const call = cause?.kind === 'xrun' ? cause.cause : cause
    const at = call === null ? undefined : this.calls.get(call)
    if (call === null || at === undefined) return
    this.calls.delete(call)
    this.periods[at] = latencyOf(call, woken, step)
  }
}

function latencyOf(call: Step, woken: Step | null, runs: Step | null): PeriodLatency {
  const started = ancestor(call, 'started')
  const irq = ancestor(call, 'irq')
  const raise = ancestor(call, 'raise')
  const stamps = [raise, irq, started, call, woken, runs].map((step) => step?.timeNs ?? -1)
  let last = stamps.find((stamp) => stamp >= 0) ?? call.timeNs
  const fromNs = last
  const partsNs = LATENCY_PARTS.map((_, i) => {
    const stamp = stamps[i + 1] as number
    if (stamp < 0) return 0
    const part = stamp - last
    last = stamp
    return part
  })
  const awake = runs !== null
  return { fromNs, totalNs: last - fromNs, partsNs, awake, record: call.record }
}

function ancestor(step: Step, kind: StepKind): Step | null {
  let one = step.cause
  while (one !== null && one.kind !== kind && one.kind !== 'elapsed') one = one.cause
  return one?.kind === kind ? one : null
}
