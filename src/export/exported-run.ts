/** One judged run as formats of verdicts see it: what came out, and why it failed. */
import type { RunResult } from '../analysis/result.ts'

export interface ExportedRun {
  readonly result: RunResult
  /** False: a saved trace, which has no verdicts. */
  readonly judged: boolean
  /** The explanation of the first failure; empty: there is none. */
  readonly why: string
}

/** `scenario` or `scenario/variant`. */
export function nameOf({ scenario, variant }: RunResult): string {
  return variant === null ? scenario : `${scenario}/${variant}`
}
