/**
 * What one run is asked for and what it answers: plain data that crosses to a worker thread and
 * back.
 */
import type { RunResult } from '../analysis/result.ts'
import type { Expectation } from '../scenario/expect.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'

export interface RunOutputs {
  readonly out: string
  readonly charts: boolean
  readonly trace: boolean
}

export interface Job {
  readonly spec: ScenarioSpec
  readonly seed: number
  /** Null: write nothing. */
  readonly outputs: RunOutputs | null
  readonly checkDeterminism: boolean
  /** Record the accesses of shared variables too: the fingerprint is another one. */
  readonly accesses?: boolean
  readonly wantReport: boolean
  readonly wantJson: boolean
}

/** The result with verdicts that also name the record that broke them. */
export interface FullResult extends RunResult {
  readonly expectations: readonly Expectation[]
}

/** What the command line needs of a run when it prints no report. */
export interface Summary {
  readonly name: string
  readonly seed: number
  readonly pass: boolean
  readonly outcome: string
  readonly fingerprint: string
  readonly xruns: number
  readonly silentFailures: number
  readonly expectations: readonly Expectation[]
}

export type JobAnswer =
  | {
      readonly kind: 'done'
      readonly summary: Summary
      /** What follows the head of the report, which is printed before the run. */
      readonly report: string | null
      readonly json: string | null
      readonly files: readonly string[]
    }
  | { readonly kind: 'nondeterminism'; readonly first: string; readonly second: string }
  | { readonly kind: 'unwritable'; readonly path: string; readonly reason: string }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string }

export function fullName(spec: ScenarioSpec): string {
  return spec.variant === null ? spec.name : `${spec.name}/${spec.variant}`
}

/** `out/<scenario>[/<variant>]/seed-<N>`; names are checked to be harmless as folder names. */
export function resultFolder(out: string, spec: ScenarioSpec, seed: number): string {
  const variant = spec.variant === null ? '' : `/${spec.variant}`
  return `${out.replace(/\/+$/, '') || '/'}/${spec.name}${variant}/seed-${seed}`
}
