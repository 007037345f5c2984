/**
 * How much a setup stands: at points along one period, the shortest single hold that is heard, for
 * each kind of holding back: an xrun, stale or skipped frames, a stall, or silence because the sink
 * had no data. (A device that takes nothing meanwhile makes no xrun, however long; a gap is a gap.)
 * Found by bisection, all points at once, so that threads can share the runs. Times are ns.
 */
import { type Frames, framesToNsFloor, type Ns } from '../base/units.ts'
import { holdingOf, type holdings } from '../scenario/holdings.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Points } from './points.ts'
import { type Outcome, ordinaryTrial, type Trial } from './trial.ts'

export type HoldingName = keyof typeof holdings

/** Where a context is held back, and what that takes. */
export interface MarginPoint {
  readonly holding: HoldingName
  /** Context and operation, as `aplay: spin_lock`. */
  readonly where: string
  readonly at: number
  /** From the beginning of the period. */
  readonly phaseNs: Ns
  /** The shortest hold that is heard, to one part in PRECISION; null: none up to `triedNs`. */
  shortestNs: Ns | null
  readonly triedNs: Ns
}

export interface Margins {
  readonly periodNs: Ns
  readonly points: readonly MarginPoint[]
}

/** The scenario with clients that never end: what is played late is then missing at the end. */
export function marginSpec(spec: ScenarioSpec): ScenarioSpec {
  return { ...spec, streams: spec.streams.map((one) => ({ ...one, frames: null })) }
}

const PRECISION = 64

interface Bisection {
  readonly point: MarginPoint
  low: Ns
  high: Ns
  done: boolean
}

export class MarginSearch {
  readonly margins: Margins
  private readonly open: Bisection[]
  private readonly seed: number
  private first = true
  private readonly silence: Frames

  /** `ordinary` is the outcome of an undisturbed run of `marginSpec`, with its points. */
  constructor(spec: ScenarioSpec, ordinary: Outcome, seed: number) {
    const [stream] = spec.streams
    const { points } = ordinary
    if (stream === undefined || points === null) throw new RangeError('margins are of a stream')
    this.silence = ordinary.silence
    const periodNs = framesToNsFloor(stream.period_size, stream.rate)
    const ringNs = framesToNsFloor(stream.buffer_size, stream.rate)
    const chosen = choose(points, periodNs, 3 * ringNs)
    this.margins = { periodNs, points: chosen }
    this.open = chosen.map((point) => ({ point, low: 0, high: point.triedNs, done: false }))
    this.seed = seed
  }

  /** The next trials; none when every point is known. */
  nextRound(): readonly Trial[] {
    return this.pending().map(({ point, low, high }) => {
      const value = this.first ? high : Math.floor((low + high) / 2)
      return { ...ordinaryTrial(this.seed, false), holds: [{ at: point.at, value }] }
    })
  }

  /** Takes the outcomes of the last round, in its order. */
  take(outcomes: readonly Outcome[]): void {
    for (const [i, one] of this.pending().entries()) {
      const { failures, silence } = outcomes[i] as Outcome
      const failed = failures.length > 0 || silence > this.silence
      if (this.first) one.done = !failed
      else if (failed) one.high = Math.floor((one.low + one.high) / 2)
      else one.low = Math.floor((one.low + one.high) / 2)
      if (!one.done && one.high - one.low <= Math.max(1000, one.high / PRECISION)) {
        one.point.shortestNs = one.high
        one.done = true
      }
    }
    this.first = false
  }

  private pending(): readonly Bisection[] {
    return this.open.filter((one) => !one.done)
  }
}

/** Of each kind of place one point, of a period in the middle of the run. */
function choose(points: Points, periodNs: Ns, triedNs: Ns): readonly MarginPoint[] {
  const middleNs = (points.timesNs[Math.floor(points.count / 2)] ?? 0) as Ns
  const fromNs = Math.floor(middleNs / periodNs) * periodNs
  const chosen = new Map<string, MarginPoint>()
  for (const group of points.groups) {
    const holding = holdingOf(group.operation)
    for (const at of group.members) {
      const phaseNs = (points.timesNs[at] as Ns) - fromNs
      if (phaseNs < 0 || phaseNs >= periodNs) continue
      const point = { holding, where: group.name, at, phaseNs, shortestNs: null, triedNs }
      if (!chosen.has(group.name)) chosen.set(group.name, point)
    }
  }
  return [...chosen.values()].toSorted(
    (a, b) => compare(a.holding, b.holding) || a.phaseNs - b.phaseNs || a.at - b.at,
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
