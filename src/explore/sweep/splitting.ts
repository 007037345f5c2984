/**
 * How often something rare happens in a run, by adaptive multilevel splitting: Cérou and Guyader,
 * "Adaptive multilevel splitting for rare event analysis", Stoch. Anal. Appl. 25 (2007). Of N runs
 * those that stayed furthest from the event are given up; as many branch off from others, at the
 * moment at which these came nearer than any run given up. Runs with equal levels are given up
 * together, which keeps the estimate unbiased: Bréhier, Gazeau, Goudenège, Lelièvre, Rousset,
 * "Unbiasedness of some generalized adaptive multilevel splitting algorithms", Ann. Appl. Probab.
 * 26 (2016).
 *
 * A run cannot be copied in the middle. A branch is the run from its beginning with another seed
 * from the moment on. Nearness is the least gap so far (analysis/ring-gap.ts). A generator: it
 * yields runs to be made and is told what they came to. Times are ns.
 */
import { firstBelow, type GapFall, leastGapNs } from '../../analysis/ring-gap.ts'
import type { Prng } from '../../base/prng.ts'
import type { Ns } from '../../base/units.ts'
import type { Reseed } from '../../sim/scheduler.ts'

/** A run of a scenario, by all that is random in it. */
export interface SeededRun {
  readonly seed: number
  readonly reseed: readonly Reseed[]
}

/** What it came to. */
export interface RunNearness {
  /** Whether it is one of the rare ones. */
  readonly fails: boolean
  readonly falls: readonly GapFall[]
}

export interface SplittingOptions {
  /** Runs that are alive at a time, N. */
  readonly particles: number
  /** Runs given up at each level, at least. */
  readonly killed: number
  /** After so many runs the search ends without an estimate. */
  readonly runsMax: number
  readonly rng: Prng
}

export interface Splitting {
  /** Estimated share of runs that fail; null: `runsMax` came first. */
  readonly share: number | null
  readonly runs: number
  /** Of the first N runs, which are ordinary ones. */
  readonly plainFailing: number
  /** The last level, null before the first, and the share of runs that come below it. */
  readonly levelNs: Ns | null
  readonly levelShare: number
  /** The failing run that changes its seed least often. */
  readonly example: SeededRun | null
}

interface Particle {
  readonly run: SeededRun
  readonly seen: RunNearness
  /** Least gap; a failing run is below all gaps. */
  readonly level: number
}

const FAILED = -1

export function* split(
  options: SplittingOptions,
): Generator<readonly SeededRun[], Splitting, readonly RunNearness[]> {
  const { particles: count, killed, runsMax, rng } = options
  const first = Array.from({ length: count }, (): SeededRun => ({ seed: rng.uint32(), reseed: [] }))
  let particles = joined(first, yield first)
  const plainFailing = particles.filter(hasFailed).length
  let runs = count
  let levelNs: Ns | null = null
  let levelShare = 1
  const ended = (share: number | null): Splitting => {
    return { share, runs, plainFailing, levelNs, levelShare, example: exampleOf(particles) }
  }
  for (;;) {
    const ordered = particles.map(({ level }) => level).toSorted((a, b) => b - a)
    const level = ordered[killed - 1] as number
    const alive = particles.filter((one) => one.level < level)
    if (level === FAILED || alive.length === 0) {
      return ended((levelShare * particles.filter(hasFailed).length) / count)
    }
    const branches = Array.from({ length: count - alive.length }, () => {
      const parent = alive[rng.below(alive.length)] as Particle
      return branchOf(parent, level, rng)
    })
    const made = branches.filter((one): one is SeededRun => 'seed' in one)
    if (runs + made.length > runsMax) return ended(null)
    levelNs = level
    levelShare *= alive.length / count
    runs += made.length
    const copies = branches.filter((one): one is Particle => 'seen' in one)
    particles = [...alive, ...copies, ...joined(made, made.length > 0 ? yield made : [])]
  }
}

function joined(runs: readonly SeededRun[], seen: readonly RunNearness[]): readonly Particle[] {
  return runs.map((run, i) => {
    const one = seen[i] as RunNearness
    return { run, seen: one, level: one.fails ? FAILED : leastGapNs(one.falls) }
  })
}

/**
 * The parent's run up to the end of the instant in which it came below the level, then another. A
 * parent that failed without coming below it is known to fail at its end only: nothing is left to
 * be drawn anew.
 */
function branchOf(parent: Particle, levelNs: number, rng: Prng): SeededRun | Particle {
  const seed = rng.uint32()
  const belowNs = firstBelow(parent.seen.falls, levelNs)
  if (belowNs === null) return parent
  const atNs = belowNs + 1
  const kept = parent.run.reseed.filter((one) => one.atNs < atNs)
  return { seed: parent.run.seed, reseed: [...kept, { atNs, seed }] }
}

function hasFailed({ level }: Particle): boolean {
  return level === FAILED
}

function exampleOf(particles: readonly Particle[]): SeededRun | null {
  let best: SeededRun | null = null
  for (const { run } of particles.filter(hasFailed)) {
    if (best === null || run.reseed.length < best.reseed.length) best = run
  }
  return best
}
