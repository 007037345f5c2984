/**
 * `pcmsim sweep --rare`: the share of runs that fail, of each setting, by importance splitting on
 * the fill of the ring. Several searches that know nothing of each other give the interval. They go
 * on together, a round of runs at a time, so that threads share the runs; what is found does not
 * depend on the number of threads.
 */
import { Prng } from '../base/prng.ts'
import {
  type Interval,
  meanInterval,
  meanOf,
  spreadOf,
  upperBound,
} from '../explore/sweep/intervals.ts'
import {
  type RunNearness,
  type SeededRun,
  type Splitting,
  split,
} from '../explore/sweep/splitting.ts'
import type { PlannedSetting } from './SweepPlan.ts'
import type { PointServer } from './SweepPool.ts'
import type { RareBatch } from './sweep-worker.ts'

export interface RareOptions {
  /** Runs that are alive at a time in one search. */
  readonly particles: number
  /** Searches. */
  readonly repetitions: number
  /** Of one setting. */
  readonly runsMax: number
  readonly seed: number
  readonly confidence: number
}

export interface RareShare {
  readonly set: readonly string[]
  /** Null: the runs were used up before. */
  readonly share: number | null
  readonly interval: Interval | null
  readonly runs: number
  /** Ordinary runs that would give an interval as narrow; null: not known. */
  readonly plainRuns: number | null
  /** The first runs of each search are ordinary ones. */
  readonly plain: { readonly failing: number; readonly runs: number }
  /** Share of runs whose gap was below `levelNs`, where no share of failing ones is known. */
  readonly level: { readonly ns: number; readonly share: number } | null
  /** A run that fails. */
  readonly example: SeededRun | null
}

/** Of the particles, so many are given up at each level. */
const KILLED_SHARE = 0.1

/** Runs that go to a thread together, so that a message is worth its while. */
const batchMost = 4

export async function findShare(
  { set, spec }: PlannedSetting,
  rule: RareBatch['rule'],
  options: RareOptions,
  server: PointServer,
  tell: (runs: number) => void,
): Promise<RareShare> {
  const { particles, repetitions, seed } = options
  const searches = Array.from({ length: repetitions }, (_, nth) => {
    const rng = new Prng(seed, `rare/${nth}`)
    const runsMax = Math.floor(options.runsMax / repetitions)
    const killed = Math.ceil(particles * KILLED_SHARE)
    return split({ particles, killed, runsMax, rng })
  })
  const found = new Array<Splitting>(repetitions)
  let steps = searches.map((search) => search.next())
  let runs = 0
  for (;;) {
    const wanted = steps.map((step, nth) => {
      if (step.done !== true) return step.value
      found[nth] = step.value
      return []
    })
    const all = wanted.flat()
    if (all.length === 0) return shareOf(set, found, options)
    const seen = await runAll(all, (some) => ({ spec, rule, runs: some }), server)
    runs += all.length
    tell(runs)
    let from = 0
    steps = steps.map((step, nth) => {
      const mine = seen.slice(from, from + (wanted[nth] as readonly SeededRun[]).length)
      from += mine.length
      return step.done === true ? step : (searches[nth] as (typeof searches)[number]).next(mine)
    })
  }
}

async function runAll(
  all: readonly SeededRun[],
  batchOf: (runs: readonly SeededRun[]) => RareBatch,
  server: PointServer,
): Promise<readonly RunNearness[]> {
  const batches: RareBatch[] = []
  for (let at = 0; at < all.length; at += batchMost) {
    batches.push(batchOf(all.slice(at, at + batchMost)))
  }
  const seen: RunNearness[] = []
  await server.runRare(batches, (some) => seen.push(...some))
  return seen
}

function shareOf(
  set: readonly string[],
  found: readonly Splitting[],
  options: RareOptions,
): RareShare {
  const { particles, confidence } = options
  const ended = found.flatMap(({ share }) => (share === null ? [] : [share]))
  const runs = found.reduce((sum, one) => sum + one.runs, 0)
  const failing = found.reduce((sum, one) => sum + one.plainFailing, 0)
  const plain = { failing, runs: particles * found.length }
  const example = found.find((one) => one.example !== null)?.example ?? null
  const facts = { set, runs, plain, example }
  if (ended.length < found.length) {
    const level = found.reduce((least, one) => (one.levelNs < least.levelNs ? one : least))
    const reached = { ns: level.levelNs, share: level.levelShare }
    return { ...facts, share: null, interval: null, plainRuns: null, level: reached }
  }
  const share = meanOf(ended)
  if (share === 0) {
    const high = upperBound(0, plain.runs, confidence)
    return { ...facts, share, interval: { low: 0, high }, plainRuns: null, level: null }
  }
  const interval = meanInterval(ended, confidence)
  const spread = spreadOf(ended)
  const variance = (spread * spread) / ended.length
  const plainRuns = variance > 0 ? Math.round((1 - share) / share / variance) : null
  return { ...facts, share, interval, plainRuns, level: null }
}
