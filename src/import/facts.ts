/**
 * The facts in which a captured run and its simulation must agree. Times are ms since the first
 * START; a null was not captured.
 */

/** Who does something: the client's process, a kernel worker, an interrupt. */
export type Actor = 'client' | 'kworker' | 'irq'
export type Side = 'tx' | 'rx'

/** Messages in flight when a request was sent and when it had returned. */
export type InFlight = readonly [before: number, after: number]

export interface SideFacts {
  readonly sent: number | null
  readonly completed: number
  /** By code of the request. */
  readonly inFlight: Readonly<Record<string, readonly InFlight[]>> | null
  /** Who sent how many messages. */
  readonly senders: Readonly<Record<string, number>> | null
  /** Messages that the device returned, run by run: time in ms, how many. */
  readonly batches: readonly (readonly [tMs: number, count: number])[]
  /** How far each period-elapsed call found hw_ptr moved, in frames. */
  readonly elapsedSteps: readonly number[]
  /** Pointer updates that moved hw_ptr: in the elapsed call, and in any other. */
  readonly moves: { readonly elapsed: number; readonly other: number }
}

export interface Facts {
  readonly control: readonly (readonly [code: string, by: Actor, ok: boolean])[]
  readonly triggers: readonly (readonly [cmd: string, by: Actor])[]
  /** From a START or the end of a pause to the next stop; with two directions, to the first. */
  readonly spans: readonly (readonly [startMs: number, stopMs: number])[]
  readonly sides: Readonly<Partial<Record<Side, SideFacts>>>
  /** How many interrupts returned so many messages. */
  readonly perInterrupt: Readonly<Record<string, number>>
  /** Who called snd_pcm_period_elapsed how often. */
  readonly elapsedBy: Readonly<Record<string, number>>
  readonly xruns: readonly (readonly [by: Actor, oldHwPtr: number])[]
  readonly timing: Timing
}

export type Quantiles = readonly [p10: number, median: number, p90: number, p99: number]

/** The spans in which a stream ran, by the triggers. */
export function spansOf(
  triggers: readonly (readonly [tMs: number, cmd: string])[],
  directions: number,
): readonly (readonly [number, number])[] {
  const spans: [number, number][] = []
  let startMs: number | null = null
  for (const [t, cmd] of triggers) {
    if (cmd === 'START' || cmd === 'PAUSE_RELEASE') startMs ??= t
    else if (startMs !== null) {
      spans.push([startMs, t])
      startMs = null
    }
  }
  return directions > 1 ? spans.slice(0, 1) : spans
}

/** Distributions that are shown side by side and compared by nobody; in us. */
export interface Timing {
  readonly interval: Quantiles | null
  readonly irqToElapsed: Quantiles | null
  readonly elapsedToClient: Quantiles | null
  readonly notifyToIrq: Quantiles | null
  readonly controlRoundTrip: Quantiles | null
}
