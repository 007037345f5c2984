/**
 * What the points of a sweep are: runs with a seed each, or searches for rare failures. Which, the
 * header says. All else about a sweep, its file, shards, kills and merging, is the same.
 */
import type { PointResult } from '../explore/sweep/point.ts'
import type { Splitting } from '../explore/sweep/splitting.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { exitCodes } from './Errors.ts'
import { sharesOf } from './Rare.ts'
import { type RareWords, rareJson, rareText } from './RareReport.ts'
import type { PointLine, SweepHeader } from './SweepLines.ts'
import { type OutputOptions, reportJson, reportOf, reportText, writeReport } from './SweepOutput.ts'
import { type Plan, searchOf } from './SweepPlan.ts'
import type { PointServer } from './SweepPool.ts'
import type { Counted, Counts } from './SweepProgress.ts'

/** Points of one setting, by their numbers among its points. */
export interface KindBatch {
  readonly spec: ScenarioSpec
  readonly numbers: readonly number[]
}

export interface Published {
  /** Paths that were written beside the results. */
  readonly files: readonly string[]
  readonly text: string
  readonly json: string
  readonly code: number
}

export interface PublishOptions extends OutputOptions {
  /** How the scenario was named on the command line; absent in a merge. */
  readonly words?: RareWords
}

export interface PointKind<R = unknown> extends Counted {
  /** Of results, in the scenario's folder. */
  readonly folder: string
  readonly unit: 'runs' | 'searches'
  counts(result: R): Counts
  /** Points that a thread is given at a time, at most. */
  batchMost(spec: ScenarioSpec): number
  run(
    server: PointServer,
    plan: Plan,
    batches: Iterable<KindBatch>,
    take: (results: readonly R[], nth: number) => void,
  ): Promise<void>
  /** Writes what is made from the results, and says what is to be printed. */
  publish(
    header: SweepHeader,
    points: Iterable<PointLine<R>>,
    folder: string,
    options: PublishOptions,
  ): Promise<Published>
}

/** Simulated time of a batch: a kill loses little, and a message to a thread is worth its while. */
const batchNs = 20e9
const batchMost = 16

export const RUNS: PointKind<PointResult> = {
  folder: 'sweep',
  unit: 'runs',
  nothing: { xruns: 0, failing: 0 },
  counts({ xruns, fails }) {
    return { xruns, failing: fails ? 1 : 0 }
  },
  batchMost({ durationNs }) {
    return Math.max(1, Math.min(batchMost, Math.floor(batchNs / durationNs)))
  },
  run(server, { rule, header }, batches, take) {
    const { first } = header.seeds
    const seeded = mapped(batches, ({ spec, numbers }) => {
      return { spec, rule, seeds: numbers.map((nth) => first + nth) }
    })
    return server.run(seeded, take)
  },
  async publish(header, points, folder, options) {
    const report = reportOf(header, points, options)
    const files = await writeReport(report, folder)
    return { files, text: reportText(report), json: reportJson(report), code: exitCodes.ok }
  },
}

const SEARCHES: PointKind<Splitting> = {
  folder: 'rare',
  unit: 'searches',
  nothing: { runs: 0 },
  counts({ runs }) {
    return { runs }
  },
  // A search is some hundred runs.
  batchMost() {
    return 1
  },
  run(server, { rule, header }, batches, take) {
    const search = searchOf(header)
    return server.search(
      mapped(batches, (batch) => ({ ...batch, rule, search })),
      take,
    )
  },
  /** Exit code 1: for some setting the runs were used up before there was an estimate. */
  async publish(header, points, _folder, { confidence, words }) {
    const report = { header, rows: sharesOf(header, points, confidence), confidence }
    const open = report.rows.some(({ share }) => share === null)
    const code = open ? exitCodes.expectationFailed : exitCodes.ok
    return { files: [], text: rareText(report, words), json: rareJson(report), code }
  },
}

export function kindOf({ rare }: SweepHeader): PointKind {
  return rare === undefined ? RUNS : SEARCHES
}

function* mapped<A, B>(items: Iterable<A>, made: (item: A) => B): Generator<B> {
  for (const item of items) yield made(item)
}
