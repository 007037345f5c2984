/**
 * `pcmsim explore`: searches the schedules of a scenario for failures that its ordinary run does
 * not show, shrinks each and writes it as a scenario of its own. What is found depends on the seed
 * and the number of runs, not on threads or the clock.
 */
import { dirname } from 'node:path'
import * as Effect from 'effect/Effect'
import { type Finding, ROUND, Search, type SearchOptions } from '../explore/search.ts'
import type { StrategyName } from '../explore/strategies.ts'
import type { Outcome, Target } from '../explore/trial.ts'
import { parseDuration } from '../scenario/quantity.ts'
import { folderRefusal } from './atomic-write.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import type { OpenServer, TrialServer } from './ExplorePool.ts'
import { exploreHead, exploreJson, exploreText, findingLine } from './ExploreReport.ts'
import { ExploreState } from './ExploreState.ts'
import { wantedOf } from './ExploreWanted.ts'
import { Files } from './Files.ts'
import { fullName } from './Jobs.ts'
import { findMargins, marginsJson, marginsSvg, marginsText, marginTarget } from './Margins.ts'
import { modeline } from './modeline.ts'
import { loadOne, type OneScenario } from './OneScenario.ts'
import { type ShrunkFile, shrinkFinding } from './Shrink.ts'
import { writeWhole } from './WriteFile.ts'

export interface ExploreOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly strategy: StrategyName
  /** Runs; 0: as many as the time allows. */
  readonly runs: number
  /** Longest time, such as `60s`. */
  readonly time?: string
  readonly depth: number
  readonly delays?: string
  /** Of the scenario's runs. */
  readonly seed?: number
  readonly searchSeed: number
  /** Oracles and predicates; none: the default oracles. */
  readonly find: readonly string[]
  readonly stopAtFirst: boolean
  readonly shrink: boolean
  readonly out: string
  /** File of an earlier search to be continued. */
  readonly resume?: string
  readonly json: boolean
  readonly quiet: boolean
  /** Instead of a search: how long a stall the setup stands, along its period. */
  readonly margins: boolean
}

interface Output extends Console {
  progress(text: string): void
}

export function exploreCommand(
  path: string,
  options: ExploreOptions,
  open: OpenServer,
  output: Output,
): Promise<number> {
  const program = Effect.gen(function* () {
    const wanted = yield* wantedOf(options)
    const timeNs = yield* timeOf(options.time)
    const one = yield* loadOne(path, options)
    const refusal = folderRefusal(options.out)
    if (refusal !== undefined) return yield* new InputError({ lines: [`--out: ${refusal}`] })
    if (options.margins) return yield* margins(one, options, open, output)
    const target: Target = { spec: one.spec, ...wanted, features: true }
    const search = searchOptions(one, options, yield* delaysOf(options.delays))
    const state = yield* stateOf(options, one, search)
    const server = yield* Effect.promise(() => open(target))
    const explorer = new Explorer(path, one, target, options, search, server, state, output)
    const found = yield* Effect.promise(async () => {
      try {
        return await explorer.run(timeNs)
      } finally {
        await server.close()
        state?.close()
      }
    })
    output.progress('')
    const files = options.shrink ? yield* shrinkAll(explorer, found, output) : []
    output.out(options.json ? exploreJson(found, files) : exploreText(found, files))
    return found.findings.length > 0 ? exitCodes.expectationFailed : exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), output)
}

const margins = Effect.fnUntraced(function* (
  { spec }: OneScenario,
  options: ExploreOptions,
  open: OpenServer,
  output: Output,
) {
  const seed = options.seed ?? spec.seed
  const target = marginTarget(spec)
  const report = yield* Effect.promise(async () => {
    const server = await open(target)
    try {
      return await findMargins(spec, seed, server, (text) => output.progress(text))
    } finally {
      await server.close()
    }
  })
  output.progress('')
  const name = fullName(spec)
  if (!report.none) {
    const path = `${options.out}/${name}/explore/margins.svg`
    yield* writeWhole(path, yield* Effect.promise(() => marginsSvg(name, report)))
  }
  output.out(options.json ? marginsJson(name, seed, report) : marginsText(name, report))
  return exitCodes.ok
})

/** What a search came to. */
export interface Explored {
  readonly name: string
  readonly seed: number
  readonly strategy: StrategyName
  readonly searchSeed: number
  readonly runs: number
  /** Nothing was left to try. */
  readonly exhausted: boolean
  readonly coverage: number
  readonly points: number
  readonly known: Search['known']
  readonly findings: readonly Finding[]
  /** As the command line names the scenario. */
  readonly path: string
}

class Explorer {
  readonly one: OneScenario
  readonly target: Target
  readonly options: ExploreOptions
  private readonly path: string
  private readonly searchOptions: SearchOptions
  private readonly server: TrialServer
  private readonly state: ExploreState | null
  private readonly output: Output

  constructor(
    path: string,
    one: OneScenario,
    target: Target,
    options: ExploreOptions,
    searchOptions: SearchOptions,
    server: TrialServer,
    state: ExploreState | null,
    output: Output,
  ) {
    this.path = path
    this.one = one
    this.target = target
    this.options = options
    this.searchOptions = searchOptions
    this.server = server
    this.state = state
    this.output = output
  }

  async run(timeNs: number): Promise<Explored> {
    const { options, server } = this
    const startedMs = performance.now()
    const [ordinary] = await server.run([Search.firstTrial(this.searchOptions)])
    const search = new Search(this.one.spec, ordinary as Outcome, this.searchOptions)
    const { quiet, json } = options
    if (!quiet && !json) this.output.out(exploreHead(this.explored(search, ordinary as Outcome)))
    let told = 0
    while (!this.isOver(search, (performance.now() - startedMs) * 1e6, timeNs)) {
      const left = options.runs === 0 ? ROUND : options.runs - search.runs
      const trials = search.nextRound(Math.min(left, this.state?.roundSize ?? ROUND))
      if (trials.length === 0) break
      const saved = (await this.state?.next(trials, server)) ?? null
      const outcomes = saved ?? (await server.run(trials))
      if (saved === null) this.state?.save(outcomes)
      search.take(trials, outcomes)
      if (!quiet && !json) {
        for (const finding of search.findings.slice(told)) this.output.out(findingLine(finding))
      }
      told = search.findings.length
      this.progress(search, performance.now() - startedMs)
    }
    return this.explored(search, ordinary as Outcome)
  }

  private isOver(search: Search, spentNs: number, timeNs: number): boolean {
    const { runs, stopAtFirst } = this.options
    if (search.exhausted) return true
    if (stopAtFirst && search.findings.length > 0) return true
    return (runs > 0 && search.runs >= runs) || spentNs >= timeNs
  }

  private progress(search: Search, spentMs: number): void {
    const { runs } = this.options
    const of = runs > 0 ? ` of ${runs}` : ''
    const rate = Math.round((search.runs * 1000) / Math.max(spentMs, 1))
    const left = runs > 0 && rate > 0 ? `, ${Math.ceil((runs - search.runs) / rate)} s left` : ''
    const found = `${search.findings.length} found, ${search.coverage} orders seen`
    this.output.progress(`${search.runs}${of} runs, ${rate}/s${left}, ${found}`)
  }

  private explored(search: Search, ordinary: Outcome): Explored {
    const { spec } = this.one
    const { strategy, seed: searchSeed, runSeed: seed } = this.searchOptions
    return {
      name: fullName(spec),
      path: this.path,
      seed,
      strategy,
      searchSeed,
      runs: search.runs,
      exhausted: search.exhausted,
      coverage: search.coverage,
      points: ordinary.points?.count ?? 0,
      known: search.known,
      findings: search.findings,
    }
  }
}

const shrinkAll = Effect.fnUntraced(function* (
  { one, target, options }: Explorer,
  found: Explored,
  output: Output,
) {
  const files: ShrunkFile[] = []
  for (const [at, finding] of found.findings.entries()) {
    output.progress(`shrinking ${at + 1} of ${found.findings.length}`)
    const file = shrinkFinding(one, target, finding, found.seed)
    if (file === null) continue
    const same = files.filter((other) => other.name === file.name).length
    const name = same === 0 ? file.name : `${file.name}-${same + 1}`
    const path = `${options.out}/${found.name}/explore/${name}.yaml`
    yield* writeWhole(path, `${modeline(dirname(path))}\n${file.text}`)
    files.push({ ...file, path })
  }
  output.progress('')
  return files
})

function searchOptions(
  { spec }: OneScenario,
  { strategy, depth, seed, searchSeed }: ExploreOptions,
  delaysNs: SearchOptions['delaysNs'],
): SearchOptions {
  return { strategy, depth, delaysNs, seed: searchSeed, runSeed: seed ?? spec.seed }
}

const stateOf = Effect.fnUntraced(function* (
  { resume }: ExploreOptions,
  { document }: OneScenario,
  search: SearchOptions,
) {
  if (resume === undefined) return null
  const state = ExploreState.open(resume, { document, ...search })
  if (typeof state === 'string') return yield* new InputError({ lines: [state] })
  return state
})

const timeOf = Effect.fnUntraced(function* (text: string | undefined) {
  if (text === undefined) return Number.POSITIVE_INFINITY
  const ns = parseDuration(text)
  if (typeof ns === 'number') return ns
  return yield* new InputError({ lines: [`--time: ${ns.what}, allowed: ${ns.allowed}`] })
})

const delaysOf = Effect.fnUntraced(function* (text: string | undefined) {
  if (text === undefined) return null
  const delays: number[] = []
  for (const word of text.split(',')) {
    const ns = parseDuration(word)
    if (typeof ns !== 'number') {
      return yield* new InputError({ lines: [`--delays: ${ns.what}, allowed: ${ns.allowed}`] })
    }
    delays.push(ns)
  }
  return delays
})
