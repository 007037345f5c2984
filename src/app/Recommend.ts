/**
 * `pcmsim recommend`: the smallest ring within a latency that is safe on a setup, under a load.
 * Each number of periods is searched by bisection with a few seeds; the smallest ring found is then
 * run as often as the confidence takes. What is found does not depend on the number of threads.
 */
import * as Effect from 'effect/Effect'
import {
  type Candidate,
  candidateRows,
  type Question,
  questionDocument,
} from '../explore/sweep/candidates.ts'
import { findEdge } from '../explore/sweep/frontier.ts'
import { runsToShow, upperBound } from '../explore/sweep/intervals.ts'
import { AUDIBLE, type FailRule, type PointResult } from '../explore/sweep/point.ts'
import { fragmentsOf } from '../export/fragments.ts'
import { parseDuration } from '../scenario/quantity.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import type { OpenServer } from './ExplorePool.ts'
import { isSafe } from './Frontier.ts'
import { findMargins, type MarginReport, marginTarget } from './Margins.ts'
import { decodeDocument } from './OneScenario.ts'
import {
  type Found,
  failuresOf,
  recommendJson,
  recommendText,
  type Smaller,
} from './RecommendReport.ts'
import type { OpenPoints, PointServer } from './SweepPool.ts'

export interface RecommendOptions extends Omit<Question, 'durationNs'> {
  readonly latency: string
  readonly duration: string
  readonly confidence: number
  /** Largest share of runs that may fail. */
  readonly risk: number
  readonly seed: number
  readonly jobs: number
  readonly json: boolean
  readonly quiet: boolean
}

interface Output extends Console {
  progress(text: string): void
}

export function recommendCommand(
  options: RecommendOptions,
  openPoints: OpenPoints,
  openTrials: OpenServer,
  output: Output,
): Promise<number> {
  const program = Effect.gen(function* () {
    const latencyNs = yield* durationOf('--latency', options.latency)
    const durationNs = yield* durationOf('--duration', options.duration)
    const { driver, device, backend, load, client, rate } = options
    const question = { driver, device, backend, load, client, rate, durationNs }
    const server = yield* Effect.promise(() => openPoints(options.jobs))
    const search = new Recommendation(question, options, server, output)
    const found = yield* Effect.promise(async () => {
      try {
        return await search.widening(latencyNs)
      } finally {
        await server.close()
      }
    })
    if (found === null) {
      output.progress('')
      const what = `no ring of up to ${MOST_NS / 1e6} ms is safe there`
      const lines = [`${what}: the device itself may be late, or no setting is valid`]
      return yield* new InputError({ lines })
    }
    const margins = yield* Effect.promise(() => search.margins(found, openTrials))
    output.progress('')
    const answer = {
      ...found,
      margins,
      question,
      latencyNs,
      fragments: fragmentsOf(settingOf(found)),
    }
    if (options.json) output.out(recommendJson(answer))
    else if (!options.quiet) output.out(recommendText(answer))
    return found.ringNs <= latencyNs ? exitCodes.ok : exitCodes.expectationFailed

    function settingOf({ candidate, spec }: Found) {
      const { timerPeriodNs } = candidate
      return {
        ...candidate,
        rate,
        channels: spec.streams[0]?.channels ?? 2,
        device,
        driver: spec.driver.kind,
        qemu: timerPeriodNs === null ? null : { timerPeriodNs, backend },
      }
    }
  })
  return exitCodeOf(program, output)
}

const durationOf = Effect.fnUntraced(function* (option: string, text: string) {
  const ns = parseDuration(text)
  if (typeof ns === 'number' && ns > 0) return ns
  const { what, allowed } = typeof ns === 'number' ? { what: 'is nothing', allowed: 'more' } : ns
  return yield* new InputError({ lines: [`${option}: ${what}, allowed: ${allowed}`] })
})

/**
 * The client never ends, so that a sink without data is a gap: a device that takes nothing for a
 * while makes no xrun, however long. More than a thousandth of the run counts.
 */
function heardRule({ rate, durationNs }: Question): FailRule {
  const value = Math.floor((rate * durationNs) / 1e12)
  const path = ['streams', '*', 'frames', 'silence']
  return { ...AUDIBLE, predicates: [{ text: 'silence', path, operator: '>', value }] }
}

/** Longer rings than the driver's buffer are not looked at. */
const MOST_NS = 160e6
/** QEMU's default first: what needs no change is preferred. */
const TIMERS_NS = [10e6, 5e6, 2e6, 1e6]
/** Seeds that say whether a setting is worth more. */
const SCREEN = 8
/** Settings that are run in full before a latency is given up. */
const TRIES = 12
/** Of the runs that tell the margin: a stall of up to three rings in the middle of each. */
const MARGIN_RINGS = 8
const MARGIN_NS_MIN = 500e6

class Recommendation {
  private runs = 0
  private readonly question: Question
  private readonly options: RecommendOptions
  private readonly server: PointServer
  private readonly output: Output

  constructor(question: Question, options: RecommendOptions, server: PointServer, output: Output) {
    this.question = question
    this.options = options
    this.server = server
    this.output = output
  }

  /** The smallest safe setting within the latency; if there is none, beyond it. */
  async widening(latencyNs: number): Promise<Found | null> {
    for (let limitNs = latencyNs; ; limitNs *= 2) {
      const withinNs = Math.min(limitNs, Math.max(latencyNs, MOST_NS))
      for (const timer of this.timers) {
        const found = await this.within(withinNs, timer)
        if (found !== null) return found
      }
      if (withinNs < limitNs || limitNs >= MOST_NS) return null
    }
  }

  private get timers(): readonly (number | null)[] {
    const { device, driver } = this.question
    return device === 'qemu' && driver !== 'xen-snd' ? TIMERS_NS : [null]
  }

  private async within(limitNs: number, timer: number | null): Promise<Found | null> {
    const frames = Math.floor((limitNs * this.question.rate) / 1e9)
    const rows = candidateRows(this.question, frames, timer)
    const edges: { row: readonly Candidate[]; at: number }[] = []
    for (const row of rows) {
      const at = await this.edgeOf(row)
      if (at >= 0) edges.push({ row, at })
    }
    const ringOf = ({ row, at }: (typeof edges)[number]): number => row[at]?.ring ?? 0
    for (let tries = 0; edges.length > 0 && tries < TRIES; tries++) {
      // The smallest ring; of two the one with the longer period, which wakes less.
      edges.sort((a, b) => ringOf(a) - ringOf(b) || size(b) - size(a))
      const edge = edges[0] as (typeof edges)[number]
      const found = await this.verified(edge.row, edge.at)
      if (found !== null) return found
      edge.at += Math.max(1, Math.ceil(edge.row.length / 16))
      if (edge.at >= edge.row.length) edges.shift()
    }
    return null

    function size({ row, at }: (typeof edges)[number]): number {
      return row[at]?.period_size ?? 0
    }
  }

  private async edgeOf(row: readonly Candidate[]): Promise<number> {
    const search = findEdge(row.length, null)
    let step = search.next()
    while (step.done !== true) {
      const spec = this.specOf(row[step.value] as Candidate)
      step = search.next(spec !== null && (await this.safe(spec, SCREEN)) !== null)
    }
    const { safe, at } = step.value
    // Safe only when small: such a row says nothing of margins, and is left.
    return safe === 'low' ? -1 : at
  }

  private async verified(row: readonly Candidate[], at: number): Promise<Found | null> {
    const candidate = row[at] as Candidate
    const spec = this.specOf(candidate)
    const { risk, confidence } = this.options
    const runs = runsToShow(risk, confidence)
    const results = spec === null ? null : await this.safe(spec, runs)
    if (spec === null || results === null) return null
    const ringNs = Math.ceil((candidate.ring * 1e9) / this.question.rate)
    const bound = upperBound(0, runs, confidence)
    const smaller = await this.failingBelow(row, at)
    return {
      candidate,
      spec,
      ringNs,
      runs,
      confidence,
      bound,
      results,
      smaller,
      searched: this.runs,
    }
  }

  /** The next smaller setting, if it fails: what the recommended one is the edge of. */
  private async failingBelow(row: readonly Candidate[], at: number): Promise<Smaller | null> {
    const candidate = row[at - 1]
    const spec = candidate === undefined ? null : this.specOf(candidate)
    if (candidate === undefined || spec === null) return null
    const { safe, results } = await this.judged(spec, runsToShow(0.01, 0.95))
    return safe ? null : { candidate, ...failuresOf(results) }
  }

  async margins({ spec, ringNs }: Found, open: OpenServer): Promise<MarginReport> {
    const durationNs = Math.max(MARGIN_NS_MIN, MARGIN_RINGS * ringNs)
    const short: ScenarioSpec = { ...spec, durationNs }
    const server = await open(marginTarget(short))
    try {
      return await findMargins(short, this.options.seed, server, (text) => this.show(text))
    } finally {
      await server.close()
    }
  }

  private specOf(candidate: Candidate): ScenarioSpec | null {
    return decodeDocument(questionDocument(this.question, candidate))
  }

  /** The results if no seed fails. */
  private async safe(spec: ScenarioSpec, count: number): Promise<readonly PointResult[] | null> {
    const { safe, results } = await this.judged(spec, count)
    return safe ? results : null
  }

  /** Of a setting that fails: the results of the seeds up to the one that did. */
  private async judged(spec: ScenarioSpec, count: number) {
    const first = this.options.seed
    const seeds = { first, last: first + count - 1 }
    const rule = heardRule(this.question)
    const all: PointResult[] = []
    const safe = await isSafe({ spec, rule, seeds }, this.server, (results) => {
      this.runs += results.length
      all.push(...results)
      this.show(`${this.runs} runs, ${all.length} of ${count} of this setting`)
    })
    return { safe, results: all as readonly PointResult[] }
  }

  private show(text: string): void {
    this.output.progress(text)
  }
}
