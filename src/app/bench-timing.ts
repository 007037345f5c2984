/**
 * One sample of a case's speed, taken in a process of its own. The case and the reference loop are
 * warmed up, then run in turn; the speed is the median of the ratios inside such pairs, so that a
 * slow moment of the machine slows both sides. Times are CPU times of this process.
 */
import { existsSync, readFileSync } from 'node:fs'
import { runScenario } from '../scenario/run.ts'
import { LOOPS } from './bench-loops.ts'
import { checkReference, referenceLoop } from './bench-reference.ts'
import { type BenchWork, specOf, type TimeSample } from './bench-work.ts'
import { filePool } from './record-file.ts'

const STATUS = '/proc/self/status'
const REFERENCE_OPS = 1_000_000
const WARM_UP_RUNS = 2
/** The compiler is done with hot code after that much of it. */
const WARM_UP_US = 600_000
const PAIRS = 5
/** A shorter run is repeated until it takes that long, because CPU time is coarse. */
const SHORTEST_US = 50_000

function cpuUs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return Math.max(1, user + system)
}

/** Runs the case once and tells how many records or operations that were. */
function runnerOf(work: BenchWork): () => number {
  if (work.kind === 'loop') {
    const { loop, processes, delays, operations } = work
    return () => LOOPS[loop](processes, delays, operations).ops
  }
  const spec = specOf(work)
  const pool = filePool()
  return () => {
    const { store } = runScenario(spec, work.seed, { pool })
    const { length } = store
    store.release()
    return length
  }
}

export function timeSample(work: BenchWork): TimeSample {
  checkReference()
  const run = runnerOf(work)
  referenceLoop(REFERENCE_OPS)
  let onceUs = 0
  for (let runs = 0, spentUs = 0; runs < WARM_UP_RUNS || spentUs < WARM_UP_US; runs++) {
    onceUs = cpuUs(run)
    spentUs += onceUs
  }
  const repeats = Math.max(1, Math.ceil(SHORTEST_US / onceUs))
  const ratios = Array.from({ length: PAIRS }, () => {
    const referenceUs = cpuUs(() => referenceLoop(REFERENCE_OPS))
    let done = 0
    const ownUs = cpuUs(() => {
      for (let i = 0; i < repeats; i++) done += run()
    })
    return done / ownUs / (REFERENCE_OPS / referenceUs)
  })
  const speed = ratios.toSorted((a, b) => a - b)[PAIRS >> 1] as number
  return { speed, peakMemoryBytes: peakBytes() }
}

/** getrusage() may tell the parent's, from before exec(2); Linux knows the process's own. */
function peakBytes(): number {
  const status = existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : ''
  const own = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  return Number(own ?? process.resourceUsage().maxRSS) * 1_024
}
