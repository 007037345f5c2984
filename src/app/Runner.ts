/**
 * Runs scenarios: load, make the jobs in their fixed order (scenario, variant, seed), hand them to
 * worker threads, collect what the command line prints. One call from cli/run.ts.
 */
import * as Effect from 'effect/Effect'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { folderRefusal } from './atomic-write.ts'
import { InputError, InternalError, NondeterminismError, OutputError } from './Errors.ts'
import { fullName, type Job, type JobAnswer, type RunOutputs, type Summary } from './Jobs.ts'
import { type LoadOptions, loadScenarios } from './Load.ts'
import { kernelTime, plural } from './report-format.ts'
import { reportHead } from './report-head.ts'

export interface RunOptions extends LoadOptions {
  readonly seed?: number
  readonly seeds?: { readonly first: number; readonly last: number }
  readonly out: string
  /** Undefined: on for one run, off for many. */
  readonly charts?: boolean
  readonly trace?: boolean
  readonly checkDeterminism: boolean
  /** Accesses of shared variables are recorded; the trace then tells of data races. */
  readonly accesses?: boolean
  readonly json: boolean
  readonly quiet: boolean
}

/** What answers jobs in order: threads for the command line, this thread for tests. */
export interface JobServer {
  run(jobs: readonly Job[], take: (answer: JobAnswer, at: number) => void): Promise<void>
}

/** Where text goes. `progress` is shown only on a terminal. */
export interface Output {
  print(text: string): void
  progress(text: string): void
}

export interface RunOutcome {
  readonly pass: boolean
  readonly summaries: readonly Summary[]
}

const runsMax = 1_000_000

export const runScenarios = Effect.fnUntraced(function* (
  paths: readonly string[],
  options: RunOptions,
  server: JobServer,
  output: Output,
) {
  const specs = yield* loadScenarios(paths, options)
  const refusal = folderRefusal(options.out)
  if (refusal !== undefined) return yield* new InputError({ lines: [`--out: ${refusal}`] })
  const jobs = yield* makeJobs(specs, options)
  const [first] = jobs
  if (first?.wantReport) output.print(reportHead(first.spec, first.seed))
  const collector = new Collector(jobs, options, output)
  yield* Effect.promise(() => server.run(jobs, (answer, at) => collector.take(answer, at)))
  collector.finish()
  if (collector.failure !== undefined) return yield* collector.failure
  const { summaries } = collector
  const outcome: RunOutcome = { pass: summaries.every((one) => one.pass), summaries }
  return outcome
})

const makeJobs = Effect.fnUntraced(function* (specs: readonly ScenarioSpec[], options: RunOptions) {
  const seeds = options.seeds ?? undefined
  const perSpec = seeds === undefined ? 1 : seeds.last - seeds.first + 1
  if (specs.length * perSpec > runsMax) {
    const line = `${specs.length * perSpec} runs are too many, allowed: up to ${runsMax}`
    return yield* new InputError({ lines: [line] })
  }
  const single = specs.length * perSpec === 1
  const outputs: RunOutputs = {
    out: options.out,
    charts: options.charts ?? single,
    trace: options.trace ?? single,
  }
  return specs.flatMap((spec) =>
    Array.from({ length: perSpec }, (_, i): Job => {
      const seed = seeds === undefined ? (options.seed ?? spec.seed) : seeds.first + i
      const { checkDeterminism, accesses = false, json: wantJson } = options
      const wantReport = single && !wantJson && !options.quiet
      return { spec, seed, outputs, checkDeterminism, accesses, wantReport, wantJson }
    }),
  )
})

/** Takes answers in the order of the jobs and prints them as they come. */
class Collector {
  readonly summaries: Summary[] = []
  failure: NondeterminismError | OutputError | InternalError | undefined
  private readonly jobs: readonly Job[]
  private readonly options: RunOptions
  private readonly output: Output

  constructor(jobs: readonly Job[], options: RunOptions, output: Output) {
    this.jobs = jobs
    this.options = options
    this.output = output
  }

  take(answer: JobAnswer, at: number): void {
    const job = this.jobs[at] as Job
    if (answer.kind !== 'done') {
      this.failure ??= failureOf(answer, job)
      return
    }
    this.summaries.push(answer.summary)
    const { json, quiet } = this.options
    if (json) this.output.print(this.jsonItem(answer.json ?? '{}\n'))
    else if (answer.report !== null) this.output.print(answer.report)
    else if (!quiet) this.output.print(summaryLines(answer.summary))
    this.output.progress(`${at + 1} of ${this.jobs.length} runs`)
  }

  finish(): void {
    this.output.progress('')
    const { json, quiet } = this.options
    if (json) this.output.print(this.summaries.length === 0 ? '[]\n' : '\n]\n')
    else if (!quiet && this.jobs.length > 1) this.output.print(this.total())
  }

  private jsonItem(json: string): string {
    return `${this.summaries.length === 1 ? '[\n' : ',\n'}${json.trimEnd()}`
  }

  private total(): string {
    const failed = this.summaries.filter((one) => !one.pass).length
    const verdict = failed === 0 ? 'PASS' : `FAIL: ${failed} not as expected`
    return `${verdict} (${this.summaries.length} runs)\n`
  }
}

function failureOf(answer: JobAnswer, job: Job) {
  const scenario = fullName(job.spec)
  if (answer.kind === 'nondeterminism') {
    const { first, second } = answer
    return new NondeterminismError({ scenario, seed: job.seed, first, second })
  }
  if (answer.kind === 'unwritable') {
    return new OutputError({ path: answer.path, reason: answer.reason })
  }
  const { message, stack } = answer.kind === 'bug' ? answer : { message: 'no answer', stack: '' }
  return new InternalError({ scenario, seed: job.seed, reason: message, stack })
}

function summaryLines(summary: Summary): string {
  const verdict = summary.pass ? 'pass' : 'FAIL'
  const { name, seed, xruns, silentFailures, outcome, fingerprint } = summary
  const counts = `${plural(xruns, 'xrun')}, ${plural(silentFailures, 'silent failure')}, ${outcome}`
  const line = `${verdict} ${name} seed ${seed}: ${counts}, ${fingerprint.slice(0, 12)}\n`
  const broken = summary.expectations.filter((one) => !one.pass)
  return line + broken.map((one) => `${brokenLine(one)}\n`).join('')
}

function brokenLine(one: Summary['expectations'][number]): string {
  const at =
    one.brokenBy === undefined
      ? ''
      : `, see ${kernelTime(one.brokenBy.timeNs)} ${one.brokenBy.text}`
  return `     ${one.name}: expected ${one.expected}, was ${one.actual}${at}`
}
