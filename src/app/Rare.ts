/**
 * From searches for rare failures to the share of runs that fail, of each setting. Searches know
 * nothing of each other, so that their spread gives the interval.
 */

import type { Ns } from '../base/units.ts'
import {
  type Interval,
  meanInterval,
  meanOf,
  spreadOf,
  upperBound,
} from '../explore/sweep/intervals.ts'
import type { SeededRun, Splitting } from '../explore/sweep/splitting.ts'
import type { PointLine, SweepHeader } from './SweepLines.ts'

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
  /** Share of runs whose gap was below `ns`, where no share of failing ones is known. */
  readonly level: { readonly ns: Ns | null; readonly share: number } | null
  /** A run that fails. */
  readonly example: SeededRun | null
}

/** A row for each setting that has a search; those of a setting stand together. */
export function sharesOf(
  { rare, settings }: SweepHeader,
  lines: Iterable<PointLine<Splitting>>,
  confidence: number,
): readonly RareShare[] {
  const { particles, repetitions } = rare ?? { particles: 0, repetitions: 1 }
  const found = Array.from({ length: settings }, (): PointLine<Splitting>[] => [])
  for (const line of lines) found[Math.floor(line.at / repetitions)]?.push(line)
  return found.flatMap((searches) => {
    const [first] = searches
    if (first === undefined) return []
    const results = searches.map(({ result }) => result)
    return [shareOf(first.set, results, particles, confidence)]
  })
}

function shareOf(
  set: readonly string[],
  found: readonly Splitting[],
  particles: number,
  confidence: number,
): RareShare {
  const ended = found.flatMap(({ share }) => (share === null ? [] : [share]))
  const runs = found.reduce((sum, one) => sum + one.runs, 0)
  const failing = found.reduce((sum, one) => sum + one.plainFailing, 0)
  const plain = { failing, runs: particles * found.length }
  const example = found.find((one) => one.example !== null)?.example ?? null
  const facts = { set, runs, plain, example }
  if (ended.length < found.length) {
    const level = found.reduce((least, one) => (isNearer(one, least) ? one : least))
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

function isNearer(one: Splitting, other: Splitting): boolean {
  if (one.levelNs === null) return false
  return other.levelNs === null || one.levelNs < other.levelNs
}
