/**
 * `pcmsim sweep`: runs every point of a parameter grid that belongs to this shard and is not in the
 * file of results yet, and appends each. What stands in the file at the end depends on the
 * scenario, the parameters and the seeds, not on threads, shards, kills or the clock.
 */
import * as Effect from 'effect/Effect'
import { isMine, type Shard } from '../explore/sweep/grid.ts'
import { folderRefusal, writeFileAtomically } from './atomic-write.ts'
import { exitCodes, InputError, InternalError, OutputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { findFrontier, frontierJson, frontierText } from './Frontier.ts'
import { reasonOf, UnwritableError } from './io-reason.ts'
import {
  type ReadSweep,
  readSweep,
  SweepSources,
  SweepWriter,
  sealed,
  standsAt,
} from './SweepFile.ts'
import { type KindBatch, kindOf, type PointKind, RUNS } from './SweepKinds.ts'
import type { PointLine, SweepHeader } from './SweepLines.ts'
import type { OutputOptions } from './SweepOutput.ts'
import { type GridOptions, keyOf, makePlan, type Plan } from './SweepPlan.ts'
import type { OpenPoints } from './SweepPool.ts'
import { type Counts, type ProgressKind, SweepProgress } from './SweepProgress.ts'
import { type FoundShard, shardOf } from './SweepShard.ts'

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
    const { frontier } = options
    if (frontier !== undefined) {
      const lines = frontierFaults(frontier, plan, found)
      if (lines.length > 0) return yield* new InputError({ lines })
      return yield* Effect.promise(() => runFrontier(plan, frontier, options, open, output))
    }
    const refusal = folderRefusal(options.out)
    if (refusal !== undefined) return yield* new InputError({ lines: [`--out: ${refusal}`] })
    const sweep = new Sweep(plan, path, found, options, output)
    const obstacle = sweep.prepare()
    if (obstacle !== null) return yield* obstacle
    const failure = yield* Effect.promise(() => sweep.run(open))
    if (failure !== null) return yield* failure
    return yield* Effect.promise(() => sweep.finish())
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
  const progress = new SweepProgress(points, 0, options.progress, output, RUNS)
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
export function resultsPath(out: string, header: SweepHeader, shard: Shard | null): string {
  const folder = `${out.replace(/\/+$/, '') || '/'}/${header.scenario}/${kindOf(header).folder}`
  if (shard === null || shard.of === 1) return `${folder}/results.jsonl`
  const nth = String(shard.nth).padStart(String(shard.of).length, '0')
  return `${folder}/shard-${nth}-of-${shard.of}.jsonl`
}

class Sweep {
  private readonly plan: Plan
  private readonly kind: PointKind
  /** The scenario's file, as the command line names it. */
  private readonly scenario: string
  private readonly shard: Shard
  private readonly by: string | null
  private readonly options: SweepOptions
  private readonly output: Output
  private readonly path: string
  /** 1 for each point whose result is known. */
  private readonly known: Uint8Array
  private knownCount = 0
  private readonly knownCounts: Counts[] = []
  private last = -1
  private inOrder = true
  private writer: SweepWriter | null = null

  constructor(
    plan: Plan,
    scenario: string,
    found: FoundShard | null,
    options: SweepOptions,
    output: Output,
  ) {
    this.plan = plan
    this.kind = kindOf(plan.header)
    this.scenario = scenario
    this.shard = found?.shard ?? { nth: 1, of: 1 }
    this.by = found?.by ?? null
    this.options = options
    this.output = output
    this.path = resultsPath(options.out, plan.header, found?.shard ?? null)
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
      const count = `${this.knownCount} of ${this.mineCount} ${this.kind.unit}`
      return `${path}: has ${count} already, allowed: --resume to go on, or remove it`
    }
    if (read.spoilt > 0 || !read.ends || read.header === null) this.inOrder = false
    this.writer = SweepWriter.goOn(path, read, plan.header)
    return null
  }

  private learn({ at, key, set, result }: PointLine): void {
    const { header, perSetting } = this.plan
    if (at <= this.last) this.inOrder = false
    this.last = Math.max(this.last, at)
    if (!isMine(this.shard, at) || this.known[at] !== 0) return
    if (key !== keyOf(header, set, at % perSetting)) return
    this.known[at] = 1
    this.knownCount++
    this.knownCounts.push(this.kind.counts(result))
  }

  async run(open: OpenPoints): Promise<InternalError | null> {
    const { plan, kind, options, output } = this
    const { mineCount, knownCount } = this
    const progress = new SweepProgress(mineCount, knownCount, options.progress, output, kind)
    for (const counts of this.knownCounts) progress.remember(counts)
    this.announce()
    const batches: (readonly number[])[] = []
    const server = await open(options.jobs)
    try {
      await kind.run(server, plan, this.batches(batches), (results, nth) => {
        const points = batches[nth] ?? []
        batches[nth] = []
        this.writer?.add(results.map((result, i) => this.lineOf(points[i] as number, result)))
        progress.add(results.map((result) => kind.counts(result)))
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
  async finish(): Promise<number> {
    const { plan, kind, options, output, path, shard } = this
    const sources = new SweepSources()
    try {
      sources.add(path)
      if (!this.inOrder) writeFileAtomically(path, sources.text(plan.header))
      if (shard.of > 1) {
        this.printShard()
        return exitCodes.ok
      }
      const how = { ...options, words: { ...options, path: this.scenario } }
      const made = await kind.publish(plan.header, sources.points(), folderOf(path), how)
      if (options.json) output.out(made.json)
      else if (!options.quiet) output.out(`${made.text}\n${filesText([path, ...made.files])}`)
      return made.code
    } finally {
      sources.close()
    }
  }

  private printShard(): void {
    const { path, shard, mineCount: count, kind } = this
    const { json, quiet } = this.options
    const { nth, of } = shard
    if (json) this.output.out(`${JSON.stringify({ shard, [kind.unit]: count, path })}\n`)
    else if (!quiet) this.output.out(`shard ${nth} of ${of}: ${count} ${kind.unit} in ${path}\n`)
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
  private *batches(given: (readonly number[])[]): Generator<KindBatch> {
    const { settings, perSetting, header } = this.plan
    let points: number[] = []
    let setting = -1
    const batch = (): KindBatch => {
      given.push(points)
      const { spec } = settings[setting] as (typeof settings)[number]
      const numbers = points.map((at) => at % perSetting)
      points = []
      return { spec, numbers }
    }
    for (let at = this.shard.nth - 1; at < header.points; at += this.shard.of) {
      if (this.known[at] !== 0) continue
      const of = Math.floor(at / perSetting)
      const most = this.kind.batchMost((settings[of] as (typeof settings)[number]).spec)
      if (points.length > 0 && (of !== setting || points.length >= most)) yield batch()
      setting = of
      points.push(at)
    }
    if (points.length > 0) yield batch()
  }

  private lineOf(at: number, result: unknown): PointLine {
    const { settings, perSetting, header } = this.plan
    const { set } = settings[Math.floor(at / perSetting)] as (typeof settings)[number]
    const nth = at % perSetting
    if (at <= this.last) this.inOrder = false
    this.last = Math.max(at, this.last)
    const { first } = header.seeds
    const whose = header.rare === undefined ? { seed: first + nth } : { seed: first, search: nth }
    return { at, key: keyOf(header, set, nth), set, ...whose, result }
  }
}

/** Why two headers are not of one sweep; null if they are. A file without header may be any. */
export function sameSweep(found: ReadSweep['header'], wanted: SweepHeader): string | null {
  if (found === null) return null
  const keys = Object.keys({ ...wanted, ...found }) as (keyof SweepHeader)[]
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
