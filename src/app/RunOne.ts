/**
 * One run from spec to files: simulate, judge, render, write. The same code in a worker thread, in
 * the main thread and in tests; nothing here knows about other runs.
 */
import { writeFileAtomically } from './atomic-write.ts'
import type { FullResult, Job, JobAnswer, Summary } from './Jobs.ts'
import { fullName, resultFolder } from './Jobs.ts'
import { reportBody } from './Report.ts'
import { sortedJson } from './ResultJson.ts'
import { traceTextOf } from './SavedTrace.ts'
import { type Simulated, simulate, simulateFingerprint } from './Simulator.ts'
import { unwritable } from './thread-answer.ts'

export async function runOne(job: Job): Promise<JobAnswer> {
  try {
    return await answerOf(job)
  } catch (error) {
    return unwritable(error)
  }
}

async function answerOf(job: Job): Promise<JobAnswer> {
  const { spec, seed, outputs, accesses = false } = job
  const where = outputs === null ? { accesses } : { accesses, recordIn: outputs.out }
  const simulated = simulate(spec, seed, where)
  const { result, recording } = simulated
  try {
    if (job.checkDeterminism) {
      const second = simulateFingerprint(spec, seed, where)
      if (second !== result.fingerprint) {
        return { kind: 'nondeterminism', first: result.fingerprint, second }
      }
    }
    return await doneWith(job, simulated)
  } finally {
    recording.release()
  }
}

async function doneWith(job: Job, simulated: Simulated): Promise<JobAnswer> {
  const { spec } = job
  const { result } = simulated
  const json = sortedJson(result)
  const written = await writeResults(job, simulated, json)
  return {
    kind: 'done',
    summary: summaryOf(job, result),
    report: job.wantReport ? reportBody(spec, result, written) : null,
    json: job.wantJson ? json : null,
    files: written,
  }
}

/** The result goes last: whoever finds it, finds the rest too. */
async function writeResults(
  job: Job,
  { result, recording, streamNames }: Simulated,
  json: string,
): Promise<readonly string[]> {
  const { outputs, spec, seed } = job
  if (outputs === null) return []
  const folder = resultFolder(outputs.out, spec, seed)
  const files: [string, string | Iterable<Uint8Array>][] = []
  if (outputs.charts) {
    const { drawTimeline } = await import('./Charts.ts')
    files.push([`${folder}/timeline.svg`, await drawTimeline(recording, result)])
  }
  if (outputs.trace) {
    files.push([`${folder}/trace.ndjson`, traceTextOf(recording, result, streamNames)])
  }
  files.push([`${folder}/result.json`, json])
  for (const [path, text] of files) {
    writeFileAtomically(path, text)
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
