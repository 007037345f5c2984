/** One judged run as formats of verdicts see it: what came out, and why it failed. */
import type { Latency } from '../analysis/latencies.ts'
import type { RunResult } from '../analysis/result.ts'
import type { Finding } from './findings.ts'

export interface ExportedRun {
  readonly result: RunResult
  /** False: a saved trace, which has no verdicts. */
  readonly judged: boolean
  /** The explanation of the first failure; empty: there is none. */
  readonly why: string
  /** The scenario's file, relative to where the command runs; null: not known. */
  readonly file: string | null
  /** Only for formats that ask for them, else empty. */
  readonly latencies: readonly Latency[]
  readonly findings: readonly Finding[]
}

/** `scenario` or `scenario/variant`. */
export function nameOf({ scenario, variant }: RunResult): string {
  return variant === null ? scenario : `${scenario}/${variant}`
}
