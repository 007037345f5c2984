/**
 * One run from spec to files: simulate, judge, render, write. The same code in a worker thread, in
 * the main thread and in tests; nothing here knows about other runs.
 */
import { evaluateExpect } from '../scenario/expect.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { reasonOf } from './io-reason.ts'
import type { FullResult, Job, JobAnswer, Summary } from './Jobs.ts'
import { fullName, resultFolder } from './Jobs.ts'
import { reportText } from './Report.ts'
import { sortedJson } from './ResultJson.ts'
import { type Recording, simulate, traceTextOf } from './Simulator.ts'

export async function runOne(job: Job): Promise<JobAnswer> {
  const { spec, seed, outputs } = job
  const keep = outputs?.charts === true || outputs?.trace === true
  const { result: bare, recording } = simulate(spec, seed, keep)
  const result = judged(job, bare)
  if (job.checkDeterminism) {
    const second = simulate(spec, seed, false).result.fingerprint
    if (second !== result.fingerprint) {
      return { kind: 'nondeterminism', first: result.fingerprint, second }
    }
  }
  const json = sortedJson(result)
  const written = outputs === null ? [] : await writeResults(job, result, json, recording)
  if (!Array.isArray(written)) return written as JobAnswer
  return {
    kind: 'done',
    summary: summaryOf(job, result),
    report: job.wantReport ? reportText(spec, result, written) : null,
    json: job.wantJson ? json : null,
    files: written,
  }
}

function judged(job: Job, bare: FullResult): FullResult {
  const expectations = evaluateExpect(job.spec.expect, bare)
  return { ...bare, expectations, pass: expectations.every((one) => one.pass) }
}

/** The result goes last: whoever finds it, finds the rest too. */
async function writeResults(
  job: Job,
  result: FullResult,
  json: string,
  recording: Recording | null,
): Promise<readonly string[] | JobAnswer> {
  const { outputs, spec, seed } = job
  if (outputs === null) return []
  const folder = resultFolder(outputs.out, spec, seed)
  const files: [string, string | Iterable<string>][] = []
  if (outputs.charts && recording !== null) {
    const { drawTimeline } = await import('./Charts.ts')
    files.push([`${folder}/timeline.svg`, await drawTimeline(recording, result as never, {})])
  }
  if (outputs.trace && recording !== null) {
    files.push([`${folder}/trace.ndjson`, traceTextOf(recording, spec, seed)])
  }
  files.push([`${folder}/result.json`, json])
  for (const [path, text] of files) {
    try {
      writeFileAtomically(path, text)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      return { kind: 'unwritable', path, reason: reasonOf(error) }
    }
  }
  return files.map(([path]) => path)
}

function summaryOf(job: Job, result: FullResult): Summary {
  const streams = Object.values(result.streams)
  return {
    name: fullName(job.spec),
    seed: job.seed,
    pass: result.pass,
    outcome: result.outcome,
    fingerprint: result.fingerprint,
    xruns: streams.reduce((sum, one) => sum + one.xruns.length, 0),
    silentFailures: streams.reduce((sum, one) => sum + one.silentFailures.length, 0),
    expectations: result.expectations,
  }
}
