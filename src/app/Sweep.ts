/**
 * `pcmsim sweep`: runs every point of a parameter grid that belongs to this shard and is not in the
 * file of results yet, and appends each. What stands in the file at the end depends on the
 * scenario, the parameters and the seeds, not on threads, shards, kills or the clock.
 */
import * as Effect from 'effect/Effect'
import { isMine, type Shard } from '../explore/sweep/grid.ts'
import type { PointResult } from '../explore/sweep/point.ts'
import { folderRefusal, writeFileAtomically } from './atomic-write.ts'
import { exitCodes, InputError, InternalError, OutputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { findFrontier, frontierJson, frontierText } from './Frontier.ts'
import { reasonOf, UnwritableError } from './io-reason.ts'
import { type RareWanted, rareFaults, runRare } from './RareCommand.ts'
import {
  type ReadSweep,
  readSweep,
  SweepSources,
  SweepWriter,
  sealed,
  standsAt,
} from './SweepFile.ts'
import type { PointLine, SweepHeader } from './SweepLines.ts'
import { type OutputOptions, reportJson, reportOf, reportText, writeReport } from './SweepOutput.ts'
import { type GridOptions, keyOf, makePlan, type Plan } from './SweepPlan.ts'
import type { OpenPoints } from './SweepPool.ts'
import { type ProgressKind, SweepProgress } from './SweepProgress.ts'
import { type FoundShard, shardOf } from './SweepShard.ts'
import type { PointBatch } from './sweep-worker.ts'

export interface SweepOptions extends GridOptions, OutputOptions {
  readonly out: string
  readonly jobs: number
  readonly shard?: Shard
  /** How many shards there are; which one this is, the environment says. */
  readonly shards?: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly resume: boolean
  /** Instead of running the grid: where this axis turns from failing to safe. */
  readonly frontier?: string
  /** Instead of running the grid: the share of failing runs of each setting, by splitting. */
  readonly rare?: RareWanted
  readonly json: boolean
  readonly quiet: boolean
  readonly progress: ProgressKind
}

interface Output extends Console {
  progress(text: string): void
}

export function sweepCommand(
  path: string,
  options: SweepOptions,
  open: OpenPoints,
  output: Output,
): Promise<number> {
  const program = Effect.gen(function* () {
    const found = yield* shardFor(options)
    const plan = yield* makePlan(path, options)
    const { frontier, rare } = options
    if (rare !== undefined) {
      const lines = rareFaults(plan, rare, found?.by === '--shard')
      if (lines.length > 0) return yield* new InputError({ lines })
      return yield* Effect.promise(() => runRare(plan, path, rare, options, open, output))
    }
    if (frontier !== undefined) {
      const lines = frontierFaults(frontier, plan, found)
      if (lines.length > 0) return yield* new InputError({ lines })
      return yield* Effect.promise(() => runFrontier(plan, frontier, options, open, output))
    }
    const refusal = folderRefusal(options.out)
    if (refusal !== undefined) return yield* new InputError({ lines: [`--out: ${refusal}`] })
    const sweep = new Sweep(plan, found, options, output)
    const obstacle = sweep.prepare()
    if (obstacle !== null) return yield* obstacle
    const failure = yield* Effect.promise(() => sweep.run(open))
    if (failure !== null) return yield* failure
    yield* Effect.promise(() => sweep.finish())
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), output)
}

function frontierFaults(path: string, { axes }: Plan, found: FoundShard | null): string[] {
  const varied = axes.some((axis) => axis.path === path)
  const names = axes.map((axis) => axis.path).join(', ') || 'an axis of --vary'
  return [
    ...(varied ? [] : [`--frontier ${path}: is not varied, allowed: ${names}`]),
    ...(found?.by === '--shard' ? ['--shard: a frontier is not divided'] : []),
  ]
}

async function runFrontier(
  plan: Plan,
  path: string,
  options: SweepOptions,
  open: OpenPoints,
  output: Output,
): Promise<number> {
  const { scenario, points } = plan.header
  const progress = new SweepProgress(points, 0, options.progress, output)
  const server = await open(options.jobs)
  try {
    const frontier = await findFrontier(plan, path, server, progress)
    progress.finish()
    if (options.json) output.out(frontierJson(scenario, frontier))
    else if (!options.quiet) output.out(frontierText(scenario, frontier, options.confidence))
    return exitCodes.ok
  } finally {
    await server.close()
  }
}

const shardFor = Effect.fnUntraced(function* ({ shard, shards, env }: SweepOptions) {
  if (shard !== undefined) return { shard, by: '--shard' }
  const found = shardOf(env, shards)
  if (typeof found === 'string') return yield* new InputError({ lines: [found] })
  return found
})

/** Where a sweep's results are: one file, or one for each shard. */
export function resultsPath(out: string, scenario: string, shard: Shard | null): string {
  const folder = `${out.replace(/\/+$/, '') || '/'}/${scenario}/sweep`
  if (shard === null || shard.of === 1) return `${folder}/results.jsonl`
  const nth = String(shard.nth).padStart(String(shard.of).length, '0')
  return `${folder}/shard-${nth}-of-${shard.of}.jsonl`
}

/** Simulated time of a batch: a kill loses little, and a message to a thread is worth its while. */
const batchNs = 20e9
const batchMost = 16

class Sweep {
  private readonly plan: Plan
  private readonly shard: Shard
  private readonly by: string | null
  private readonly options: SweepOptions
  private readonly output: Output
  private readonly path: string
  /** 1 for each point whose result is known. */
  private readonly known: Uint8Array
  private knownCount = 0
  private readonly knownXruns: { xruns: number; fails: boolean }[] = []
  private last = -1
  private inOrder = true
  private writer: SweepWriter | null = null

  constructor(plan: Plan, found: FoundShard | null, options: SweepOptions, output: Output) {
    this.plan = plan
    this.shard = found?.shard ?? { nth: 1, of: 1 }
    this.by = found?.by ?? null
    this.options = options
    this.output = output
    this.path = resultsPath(options.out, plan.header.scenario, found?.shard ?? null)
    this.known = new Uint8Array(plan.header.points)
  }

  /** What stands in the way of the sweep; null: nothing. */
  prepare(): InputError | OutputError | null {
    const { path } = this
    const { header } = this.plan
    try {
      const stands = standsAt(path)
      if (typeof stands === 'string') return new OutputError({ path, reason: stands })
      const line = stands ? this.takeUp() : null
      if (line !== null) return new InputError({ lines: [line] })
      if (stands) return null
      writeFileAtomically(path, `${sealed(header)}\n`)
      this.writer = SweepWriter.goOn(path, { header, spoilt: 0, ends: true }, header)
      return null
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      return new OutputError({ path, reason: reasonOf(error) })
    }
  }

  /** Reads what is there; a line that says why it cannot be gone on with. */
  private takeUp(): string | null {
    const { path, options, plan } = this
    const read = readSweep(path, ({ point }) => this.learn(point))
    const whose = sameSweep(read.header, plan.header)
    if (whose !== null) return `${path}: ${whose}, allowed: another --out, or remove it`
    if (!options.resume) {
      const count = `${this.knownCount} of ${this.mineCount} runs`
      return `${path}: has ${count} already, allowed: --resume to go on, or remove it`
    }
    if (read.spoilt > 0 || !read.ends || read.header === null) this.inOrder = false
    this.writer = SweepWriter.goOn(path, read, plan.header)
    return null
  }

  private learn({ at, key, set, seed, result }: PointLine): void {
    const { header } = this.plan
    if (at <= this.last) this.inOrder = false
    this.last = Math.max(this.last, at)
    if (!isMine(this.shard, at) || this.known[at] !== 0) return
    if (key !== keyOf(header, set, seed)) return
    this.known[at] = 1
    this.knownCount++
    this.knownXruns.push({ xruns: result.xruns, fails: result.fails })
  }

  async run(open: OpenPoints): Promise<InternalError | null> {
    const { plan, options, output } = this
    const progress = new SweepProgress(this.mineCount, this.knownCount, options.progress, output)
    progress.remember(this.knownXruns)
    this.announce()
    const batches: (readonly number[])[] = []
    const server = await open(options.jobs)
    try {
      await server.run(this.batches(batches), (results, nth) => {
        const points = batches[nth] ?? []
        batches[nth] = []
        this.writer?.add(results.map((result, i) => this.lineOf(points[i] as number, result)))
        progress.add(results)
      })
    } catch (error) {
      if (error instanceof UnwritableError) throw error
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
      const { scenario, seeds } = plan.header
      return new InternalError({ scenario, seed: seeds.first, reason: message, stack })
    } finally {
      progress.finish()
      this.writer?.close()
      await server.close()
    }
    return null
  }

  /** Puts the file in order if it is not, writes what is made from it, prints. */
  async finish(): Promise<void> {
    const { plan, options, path, shard } = this
    const sources = new SweepSources()
    try {
      sources.add(path)
      if (!this.inOrder) writeFileAtomically(path, sources.text(plan.header))
      if (shard.of > 1) {
        this.printShard()
        return
      }
      const report = reportOf(plan.header, sources.points(), options)
      const files = await writeReport(report, folderOf(path))
      if (options.json) this.output.out(reportJson(report))
      else if (!options.quiet) {
        this.output.out(`${reportText(report)}\n${filesText([path, ...files])}`)
      }
    } finally {
      sources.close()
    }
  }

  private printShard(): void {
    const { path, shard, mineCount: runs } = this
    const { json, quiet } = this.options
    const { nth, of } = shard
    if (json) this.output.out(`${JSON.stringify({ shard, runs, path })}\n`)
    else if (!quiet) this.output.out(`shard ${nth} of ${of}: ${runs} runs in ${path}\n`)
  }

  private announce(): void {
    const { by, shard, plan, options, output } = this
    if (options.quiet || options.json) return
    if (by !== null && by !== '--shard') {
      output.err(`pcmsim: shard ${shard.nth} of ${shard.of}, as the ${by} says\n`)
    }
    if (plan.invalid > 0) output.err(`pcmsim: ${plan.invalid} settings are no scenario\n`)
  }

  private get mineCount(): number {
    const { points } = this.plan.header
    const { nth, of } = this.shard
    return Math.max(0, Math.ceil((points - nth + 1) / of))
  }

  /** Open points of the shard; those of a batch have one setting. */
  private *batches(numbers: (readonly number[])[]): Generator<PointBatch> {
    const { settings, seedCount, rule, header } = this.plan
    let points: number[] = []
    let setting = -1
    const batch = (): PointBatch => {
      numbers.push(points)
      const { spec } = settings[setting] as (typeof settings)[number]
      const seeds = points.map((at) => header.seeds.first + (at % seedCount))
      points = []
      return { spec, seeds, rule }
    }
    for (let at = this.shard.nth - 1; at < header.points; at += this.shard.of) {
      if (this.known[at] !== 0) continue
      const of = Math.floor(at / seedCount)
      const { durationNs } = (settings[of] as (typeof settings)[number]).spec
      const most = Math.max(1, Math.min(batchMost, Math.floor(batchNs / durationNs)))
      if (points.length > 0 && (of !== setting || points.length >= most)) yield batch()
      setting = of
      points.push(at)
    }
    if (points.length > 0) yield batch()
  }

  private lineOf(at: number, result: PointResult): PointLine {
    const { settings, seedCount, header } = this.plan
    const { set } = settings[Math.floor(at / seedCount)] as (typeof settings)[number]
    const seed = header.seeds.first + (at % seedCount)
    if (at <= this.last) this.inOrder = false
    this.last = Math.max(at, this.last)
    return { at, key: keyOf(header, set, seed), set, seed, result }
  }
}

/** Why two headers are not of one sweep; null if they are. A file without header may be any. */
export function sameSweep(found: ReadSweep['header'], wanted: SweepHeader): string | null {
  if (found === null) return null
  const keys = Object.keys(wanted) as (keyof SweepHeader)[]
  const other = keys.find((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]))
  if (other === undefined) return null
  const words: Partial<Record<keyof SweepHeader, string>> = {
    version: `is of pcmsim ${found.version}`,
    document: 'is of another scenario',
    scenario: `is of ${found.scenario}`,
  }
  return words[other] ?? `is of another sweep: ${other} differs`
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

export function filesText(paths: readonly string[]): string {
  return paths.map((path) => `${path}\n`).join('')
}
