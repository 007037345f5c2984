/** `pcmsim bench`: regression benchmarks of the modelled system and of the simulator. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { makeConsole } from './console.ts'
import { given, jobsValue } from './options.ts'

interface Report {
  readonly format: 'json' | 'junit' | 'github' | 'action' | 'bencher' | 'html'
  readonly path: string
}

interface BenchFlags {
  readonly save?: string
  readonly against?: string
  readonly vs?: string
  readonly trend?: string
  readonly chart?: string
  readonly baselines: string
  readonly timing?: boolean
  readonly rounds: number
  readonly jobs: number
  readonly filter?: string
  readonly report: readonly Report[]
  readonly all?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

const formats: readonly string[] = ['json', 'junit', 'github', 'action', 'bencher', 'html']
const roundsMin = 5
const roundsMax = 1_000

const examples = `
Without a path: bench/*.yaml. Baselines by name are DIR/NAME.json, to be kept in git.

Examples:
  pcmsim bench bench/small.yaml --save main       run, keep the results as bench/baselines/main.json
  pcmsim bench bench/small.yaml --against main    run, compare; exit 3 on a regression
  pcmsim bench bench/core.yaml --vs HEAD~1        both builds, in turn, in fresh processes
  pcmsim bench --trend main                       what changed it, commit by commit
  pcmsim bench --against main --report junit=out/bench.xml --report html=out/bench.html

Exit codes: 0 no regression, 2 bad input, 3 a regression or a case out of time, 70 our bug.
`

function reportValue(text: string, before: readonly Report[]): readonly Report[] {
  const equals = text.indexOf('=')
  const format = text.slice(0, equals)
  const path = text.slice(equals + 1)
  if (equals > 0 && path !== '' && formats.includes(format)) {
    return [...before, { format, path } as Report]
  }
  throw new InvalidArgumentError(`allowed: FORMAT=FILE, FORMAT one of ${formats.join(', ')}`)
}

function roundsValue(text: string): number {
  const rounds = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (rounds >= roundsMin && rounds <= roundsMax) return rounds
  throw new InvalidArgumentError(`allowed: a whole number, ${roundsMin}..${roundsMax}`)
}

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('regression benchmarks: did the modelled system change, did the simulator slow?')
    .argument('[suites...]', 'suite files, folders or patterns')
    .option('--save <name>', 'keep the results under this name')
    .addOption(
      new Option('--against <name>', 'compare with a saved name, or with a file').conflicts('vs'),
    )
    .option('--vs <rev|dir>', 'compare with another build: a git revision, or a built folder')
    .addOption(
      new Option(
        '--trend <name>',
        'run nothing: how a committed baseline went over time',
      ).conflicts(['save', 'against', 'vs']),
    )
    .option('--baselines <dir>', 'folder of baselines that are given by name', 'bench/baselines')
    .option('--timing', 'measure speed and memory too, whatever the suites say')
    .option('--no-timing', 'measure nothing that needs a clock')
    .option('--rounds <n>', 'processes for each timed case', roundsValue, 7)
    .option('--jobs <n>', 'processes for what needs no clock', jobsValue, 1)
    .option('--filter <text>', 'only cases whose name contains this')
    .option(
      '--report <format=file>',
      `also write a report (${formats.join(', ')})`,
      reportValue,
      [],
    )
    .option('--chart <file>', 'draw the trend of the baseline, with this run at its end, as SVG')
    .option('--all', 'print what did not change too')
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'print nothing; the exit code tells')
    .addHelpText('after', examples)
    .action(async (suites: readonly string[], flags: BenchFlags) => {
      process.exitCode = await bench(suites, flags)
    })
}

async function trend(name: string, flags: BenchFlags): Promise<number> {
  const { trendCommand } = await import('../app/BenchTrend.ts')
  const { filter, baselines, all, json, chart } = flags
  const options = { ...given({ filter, chart }), baselines, all: all === true, json: json === true }
  return trendCommand(name, options, makeConsole(false))
}

async function bench(suites: readonly string[], flags: BenchFlags): Promise<number> {
  const onInterrupt = (): void => process.exit(130)
  process.once('SIGINT', onInterrupt)
  try {
    if (flags.trend !== undefined) return await trend(flags.trend, flags)
    const { benchCommand } = await import('../app/BenchCommand.ts')
    const {
      save,
      against,
      vs,
      timing,
      filter,
      chart,
      baselines,
      rounds,
      jobs,
      report: reports,
    } = flags
    const inWorkflow = process.env.GITHUB_ACTIONS === 'true'
    const options = {
      ...given({ save, against, vs, timing, filter, chart }),
      ...{ baselines, rounds, jobs, reports, records: 'out/bench' },
      json: flags.json === true,
      quiet: flags.quiet === true,
      all: flags.all === true,
      github: inWorkflow ? { summary: process.env.GITHUB_STEP_SUMMARY } : null,
    }
    const paths = suites.length === 0 ? ['bench/*.yaml'] : suites
    return await benchCommand(paths, options, makeConsole(options.quiet))
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}
