/**
 * A back end of Xen's sound protocol by its properties: how long it takes, when it reports its
 * position, what it does that the protocol leaves open. Times are ns, sizes frames.
 */
import type { Distribution } from '../../../base/distribution.ts'
import type { Frames } from '../../../base/units.ts'

/** A distance in periods and frames: `periods / per` of a period, and `extra` frames more. */
export interface PositionStep {
  readonly periods: number
  readonly per: number
  readonly extra: Frames
}

/** From the query of this number on, no buffer longer than this is offered. */
export interface QueryShrink {
  readonly after: number
  readonly buffer_max: Frames
}

export interface XenSoundOptions {
  readonly name: string
  readonly playback: number
  readonly capture: number
  /** The user-space loop's time for one request. */
  readonly turnAround: Distribution
  /** From one reported position to the next. */
  readonly positionEvery: PositionStep
  /** From START to the first one; null: as the others. */
  readonly positionFirst: PositionStep | null
  /** Whether the position goes on over STOP and START, or begins at 0 with each START. */
  readonly positionReset: 'keeps' | 'on-start'
  /** Whether events are numbered on over CLOSE and OPEN, or from 0 with each OPEN. */
  readonly eventIds: 'continue' | 'restart'
  /** Whether STOP and CLOSE end the events, or not. */
  readonly eventsAfterStop: 'none' | 'go-on'
  /** Requests of a stream that it works on at a time. */
  readonly outstanding: 'one' | 'many'
  readonly queryShrink: QueryShrink | null
  /** What a front end that goes away sees in the end. */
  readonly removal: 'init-wait' | 'stays'
}

/** Frames of a step in a stream of this period. */
export function stepFrames({ periods, per, extra }: PositionStep, period_size: Frames): Frames {
  const frames = Math.floor((periods * period_size) / per) + extra
  return frames < 1 ? 1 : frames
}
