/** `pcmsim sweep` and `merge`: parameter grids, on this machine or on many. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { makeConsole } from './console.ts'
import {
  collect,
  given,
  jobsValue,
  runsValue,
  type SeedRange,
  seedRange,
  seedValue,
} from './options.ts'

interface ReportFlags {
  readonly out: string
  readonly confidence: number
  readonly measure: 'failing'
  readonly json?: boolean
  readonly quiet?: boolean
}

interface SweepFlags extends ReportFlags {
  readonly vary: readonly string[]
  readonly where: readonly string[]
  readonly failIf: readonly string[]
  readonly skipInvalid?: boolean
  readonly seed?: number
  readonly seeds?: SeedRange
  readonly shard?: { readonly nth: number; readonly of: number }
  readonly shards?: number
  readonly resume?: boolean
  readonly frontier?: string
  readonly rare?: boolean
  readonly particles: number
  readonly repetitions: number
  readonly mostRuns: number
  readonly jobs: number
  readonly set: readonly string[]
  readonly filter?: string
}

const sweepExamples = `
Axes: PATH=A,B,C or a range: 64..2048:log8 (8 values), 1ms..9ms:lin5, 64..512:step64, 1..4.
A run fails on an xrun, a silent failure that is heard, or an outcome other than completed;
--fail-if says otherwise: a comparison with result.json, audible, or expect (a verdict not met).
Slurm arrays, CI nodes, Kubernetes indexed jobs and GNU parallel are recognised (docs/sweep.md).

Examples:
  pcmsim sweep scenarios/first-light.yaml --vary streams.0.period_size=64..2048:log8 \\
    --vary streams.0.periods=2,3,4 --seeds 1..20 --jobs 2
  pcmsim sweep a.yaml --vary guest.cpus=1,2 --where 'guest.cpus <= host.cpus' --resume
  pcmsim sweep a.yaml --vary device.timer_period=1ms..10ms:lin10 --fail-if 'streams.*.xruns > 2'
  pcmsim sweep a.yaml --vary streams.0.periods=2..8 --seeds 1..100 --shard 3/20
  pcmsim sweep a.yaml --vary streams.0.period_size=64..1024:step16 --vary streams.0.periods=2..4 \\
    --frontier streams.0.period_size --seeds 1..50
  pcmsim sweep a.yaml --vary streams.0.periods=2..4 --rare --jobs 2
  pcmsim merge out/a/sweep/shard-*.jsonl

Exit codes: 0 the sweep is complete, 1 --most-runs came before an estimate, 2 bad input, 70 our bug,
130 interrupted.
`

const measures = [
  'failing',
  'xruns',
  'silentFailures',
  'errors',
  'silence',
  'wakeUps',
  'wakeP99Ns',
  'wakeMaxNs',
  'endToEndP50Ns',
  'endToEndP99Ns',
  'endToEndMaxNs',
  'periodMaxNs',
]

export function addSweep(program: Command): void {
  const command = program
    .command('sweep')
    .description('run a scenario over a grid of parameters and seeds')
    .argument('<path>', 'a scenario, or - for standard input')
    .option('--vary <path=values>', 'an axis of the grid; repeatable', collect, [])
    .option('--where <comparison>', 'only settings that satisfy this; repeatable', collect, [])
    .option('--skip-invalid', 'leave settings out that are no valid scenario')
    .addOption(
      new Option('--seed <n>', "seed instead of the scenario's own")
        .argParser(seedValue)
        .conflicts('seeds'),
    )
    .option('--seeds <a..b>', 'one run of each setting for each seed of a range', seedRange)
    .option('--fail-if <what>', 'what makes a run fail; repeatable', collect, [])
    .addOption(
      new Option('--shard <i/n>', 'only this part of the sweep, from 1')
        .argParser(shardValue)
        .conflicts('shards'),
    )
    .option('--shards <n>', 'number of parts; the environment says which this is', countValue)
    .option('--frontier <path>', 'instead: where this axis turns from failing to safe')
    .addOption(
      new Option('--rare', 'instead: how often runs fail, by importance splitting').conflicts([
        'frontier',
        'seeds',
      ]),
    )
    .option('--particles <n>', 'with --rare: runs alive at a time', particlesValue, 100)
    .option('--repetitions <n>', 'with --rare: searches of each setting', repetitionsValue, 10)
    .option('--most-runs <n>', 'with --rare: runs of one setting, at most', runsValue, 1_000_000)
    .option('--resume', 'go on with the results that are there')
    .option('--jobs <n>', 'worker threads', jobsValue, 1)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
  addReportOptions(command)
    .addHelpText('after', sweepExamples)
    .action(async (path: string, flags: SweepFlags) => {
      process.exitCode = await sweep(path, flags)
    })
}

function addReportOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'folder to write results to', 'out')
    .option('--confidence <share>', 'of the interval of failing runs', confidenceValue, 0.95)
    .addOption(
      new Option('--measure <name>', 'what the heat map shows')
        .choices(measures)
        .default('failing'),
    )
    .option('--json', 'print one JSON document; progress as JSON lines on standard error')
    .option('--quiet', 'print nothing')
}

async function sweep(path: string, flags: SweepFlags): Promise<number> {
  const onInterrupt = (): void => process.exit(130)
  process.once('SIGINT', onInterrupt)
  try {
    const { sweepCommand } = await import('../app/Sweep.ts')
    const { pointThreads } = await import('../app/SweepPool.ts')
    const { seed, seeds, shard, shards, filter, frontier, ...flagged } = flags
    const { rare, particles, repetitions, mostRuns: runsMax, ...rest } = flagged
    const splitting = { particles, repetitions, runsMax }
    const options = {
      ...rest,
      ...given({ seed, seeds, shard, shards, filter, frontier }),
      ...(rare === true ? { rare: splitting } : {}),
      env: process.env,
      skipInvalid: flags.skipInvalid === true,
      resume: flags.resume === true,
      json: flags.json === true,
      quiet: flags.quiet === true,
      progress: progressKind(flags),
    }
    return await sweepCommand(path, options, pointThreads, makeConsole(options.quiet))
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

export function progressKind({ quiet, json }: Pick<ReportFlags, 'quiet' | 'json'>) {
  if (quiet === true) return 'none' as const
  if (json === true) return 'json' as const
  return process.stderr.isTTY === true ? ('terminal' as const) : ('log' as const)
}

const mergeExamples = `
Examples:
  pcmsim merge out/first-light/sweep/shard-*.jsonl
  pcmsim merge monday/results.jsonl tuesday/results.jsonl --out both

Exit codes: 0 every run is there, 1 some are missing, 2 bad input, 4 two files say different things
of the same run.
`

export function addMerge(program: Command): void {
  const command = program
    .command('merge')
    .description('the results of shards into those of the whole sweep')
    .argument('<files...>', 'files of results')
  addReportOptions(command)
    .addHelpText('after', mergeExamples)
    .action(async (paths: readonly string[], flags: ReportFlags) => {
      const { mergeCommand } = await import('../app/Merge.ts')
      const [json, quiet] = [flags.json === true, flags.quiet === true]
      process.exitCode = await mergeCommand(paths, { ...flags, json, quiet }, makeConsole(quiet))
    })
}

const partsMax = 999_999

function shardValue(text: string): { readonly nth: number; readonly of: number } {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text)
  const shard = { nth: Number(match?.[1]), of: Number(match?.[2]) }
  if (match !== null && shard.nth >= 1 && shard.nth <= shard.of) return shard
  throw new InvalidArgumentError('allowed: I/N with I from 1 to N, such as 3/20')
}

const particlesValue = between(10, 10_000)
const repetitionsValue = between(3, 1_000)

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,6}$/.test(text) ? Number(text) : 0
    if (count >= least && count <= most) return count
    throw new InvalidArgumentError(`allowed: a whole number, ${least}..${most}`)
  }
}

function countValue(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= partsMax) return count
  throw new InvalidArgumentError(`allowed: a whole number, 1..${partsMax}`)
}

export function confidenceValue(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text)
  const share = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1)
  if (match !== null && share >= 0.5 && share < 1) return share
  throw new InvalidArgumentError('allowed: 50%..99.99%, or 0.5..0.9999')
}
