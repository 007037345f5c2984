/**
 * `pcmsim sweep --rare`: searches one setting after the other for rare failures, says how far it
 * is, prints what was found.
 */
import { exitCodes } from './Errors.ts'
import type { Console } from './Exit.ts'
import { findShare, type RareOptions, type RareShare } from './Rare.ts'
import { rareJson, rareText } from './RareReport.ts'
import type { Plan } from './SweepPlan.ts'
import type { OpenPoints } from './SweepPool.ts'
import type { ProgressKind } from './SweepProgress.ts'

export type RareWanted = Pick<RareOptions, 'particles' | 'repetitions' | 'runsMax'>

interface CommandOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly confidence: number
  readonly jobs: number
  readonly json: boolean
  readonly quiet: boolean
  readonly progress: ProgressKind
}

interface Output extends Console {
  progress(text: string): void
}

/** What stands in the way; `divided`: a shard was asked for. */
export function rareFaults(
  { settings }: Plan,
  { particles, repetitions, runsMax }: RareWanted,
  divided: boolean,
): string[] {
  const first = particles * repetitions
  const own = settings.some(({ spec }) => spec.reseed.length > 0)
  return [
    ...(own ? ['--rare: changes the seed itself, allowed: a scenario without reseed'] : []),
    ...(runsMax < first ? [`--most-runs ${runsMax}: allowed: ${first} first runs or more`] : []),
    ...(divided ? ['--shard: a search for rare failures is not divided'] : []),
  ]
}

/** Exit code 1: for some setting the runs were used up before there was an estimate. */
export async function runRare(
  { header, settings, rule }: Plan,
  path: string,
  wanted: RareWanted,
  options: CommandOptions,
  open: OpenPoints,
  output: Output,
): Promise<number> {
  const { scenario, axes, seeds } = header
  const { confidence } = options
  const search: RareOptions = { ...wanted, confidence, seed: seeds.first }
  const progress = new RareProgress(settings.length, options.progress, output)
  const server = await open(options.jobs)
  try {
    const rows: RareShare[] = []
    for (const setting of settings) {
      const tell = (runs: number): void => progress.tell(rows.length, runs)
      rows.push(await findShare(setting, rule, search, server, tell))
      progress.add(rows.at(-1)?.runs ?? 0)
    }
    progress.finish()
    const report = { scenario, axes: axes.map((axis) => axis.path), rows, options: search }
    if (options.json) output.out(rareJson(report))
    else if (!options.quiet) output.out(rareText(report, { ...options, path }))
    return rows.some(({ share }) => share === null) ? exitCodes.expectationFailed : exitCodes.ok
  } finally {
    await server.close()
  }
}

const everyMs: Readonly<Record<ProgressKind, number>> = {
  terminal: 100,
  log: 30_000,
  json: 1_000,
  none: Number.POSITIVE_INFINITY,
}

/** How many runs a search takes is not known before: there is no time left to be told. */
class RareProgress {
  private readonly settings: number
  private readonly kind: ProgressKind
  private readonly output: Output
  private readonly startMs = performance.now()
  private toldMs = performance.now()
  /** Runs of the settings that are done. */
  private before = 0

  constructor(settings: number, kind: ProgressKind, output: Output) {
    this.settings = settings
    this.kind = kind
    this.output = output
  }

  add(runs: number): void {
    this.before += runs
  }

  tell(done: number, ofThis: number): void {
    const nowMs = performance.now()
    if (nowMs - this.toldMs < everyMs[this.kind]) return
    this.toldMs = nowMs
    const runs = this.before + ofThis
    const rate = runs / Math.max(1e-3, (nowMs - this.startMs) / 1000)
    const { kind, settings, output } = this
    if (kind === 'json') {
      const runsPerSecond = Math.round(rate * 10) / 10
      output.err(`${JSON.stringify({ event: 'progress', done, settings, runs, runsPerSecond })}\n`)
      return
    }
    const text = `setting ${done + 1} of ${settings}, ${runs} runs, ${rate.toFixed(1)}/s`
    if (kind === 'terminal') output.progress(text)
    else output.err(`pcmsim: ${text}\n`)
  }

  finish(): void {
    if (this.kind === 'terminal') this.output.progress('')
  }
}
