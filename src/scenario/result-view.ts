/**
 * The part of a result's JSON (interface §4) that verdicts read, and nothing more: every field is
 * optional that an older or a thinner result may lack. Times are nanoseconds.
 */
export interface StatsView {
  readonly count: number
  readonly min: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
}

export interface XrunView {
  readonly timeNs: number
  readonly cause: string
}

export interface KindAtView {
  readonly timeNs: number
  readonly kind: string
  readonly text?: string
  readonly what?: string
}

export interface ErrorView {
  readonly timeNs: number
  readonly call: string
  readonly errno: number
}

export interface StreamView {
  readonly xruns: readonly XrunView[]
  readonly silentFailures: readonly KindAtView[]
  readonly errors?: readonly ErrorView[]
  readonly periodElapsed: {
    readonly count: number
    readonly intervalNs: StatsView
    readonly latenessNs: StatsView
  }
  readonly wakeLatencyNs: StatsView
  readonly endToEndNs: StatsView
  readonly frames: { readonly written: number; readonly played: number }
  readonly finalState: string
}

export interface ResultView {
  readonly outcome: string
  readonly streams: Readonly<Record<string, StreamView>>
  readonly locks: {
    readonly edges: readonly {
      readonly before: string
      readonly after: string
      readonly count: number
    }[]
    readonly predicted: readonly { readonly kind: string; readonly text: string }[]
    readonly actual: readonly KindAtView[]
  }
  readonly memory: readonly KindAtView[]
  readonly warnings?: readonly KindAtView[]
  readonly log: readonly { readonly timeNs: number; readonly text: string }[]
}
