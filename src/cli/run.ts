/** `pcmsim run`: run scenarios, print reports, write results. */
import { type Command, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, jobsValue, type SeedRange, seedRange, seedValue } from './options.ts'
import { watching } from './watching.ts'

interface RunFlags {
  readonly seed?: number
  readonly seeds?: SeedRange
  readonly set: readonly string[]
  readonly out: string
  readonly charts?: boolean
  readonly trace?: boolean
  readonly accesses?: boolean
  readonly checkDeterminism?: boolean
  readonly jobs: number
  readonly filter?: string
  readonly tag: readonly string[]
  readonly json?: boolean
  readonly watch?: boolean
  readonly quiet?: boolean
}

const examples = `
One run writes the trace and the chart too; several write only result.json unless asked.
Results: DIR/<scenario>[/<variant>]/seed-<N>/{result.json,trace.ndjson,timeline.svg}

Examples:
  pcmsim run scenarios/first-light.yaml
  pcmsim run scenarios/ --jobs 4 --tag xrun
  pcmsim run scenarios/first-light.yaml --seeds 1..100 --json > results.json
  pcmsim run scenarios/first-light.yaml --set streams.0.period_size=256f --set duration=10s
  pcmsim run - --no-charts --no-trace < my-scenario.yaml
  pcmsim run scenarios/first-light.yaml --accesses

Exit codes: 0 as expected, 1 an expectation failed, 2 bad input, 4 nondeterminism, 70 our bug,
130 interrupted.
`

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run scenarios: print a report, write results')
    .argument('<paths...>', 'scenario files, folders, patterns, or - for standard input')
    .addOption(
      new Option('--seed <n>', "seed instead of the scenario's own")
        .argParser(seedValue)
        .conflicts('seeds'),
    )
    .option('--seeds <a..b>', 'one run for each seed of a range', seedRange)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--out <dir>', 'folder to write results to', 'out')
    .option('--charts', 'draw the timing chart')
    .option('--no-charts', 'draw no chart')
    .option('--trace', 'write the trace')
    .option('--no-trace', 'write no trace')
    .addOption(
      new Option('--accesses', 'write the trace, with accesses of shared variables').implies({
        trace: true,
      }),
    )
    .option('--check-determinism', 'run everything twice and compare')
    .option('--jobs <n>', 'worker threads', jobsValue, 1)
    .option('--filter <text>', 'only scenarios whose name/variant contains this')
    .option('--tag <tag>', 'only scenarios with this tag; repeatable: any of them', collect, [])
    .option('--json', 'print an array of results and nothing else')
    .addOption(new Option('--watch', 'run again whenever a scenario changes').conflicts('json'))
    .option('--quiet', 'print nothing; the exit code tells')
    .addHelpText('after', examples)
    .action(async (paths: readonly string[], flags: RunFlags) => {
      process.exitCode = await (flags.watch === true ? watchRun(paths, flags) : run(paths, flags))
    })
}

/** Runs again and again, until it is interrupted. */
function watchRun(paths: readonly string[], flags: RunFlags): Promise<number> {
  return watching(paths, () => run(paths, flags), makeConsole(flags.quiet === true))
}

/** The threads load the simulator while this thread loads the decoder. */
async function run(paths: readonly string[], flags: RunFlags): Promise<number> {
  const { WorkerPool } = await import('../app/WorkerPool.ts')
  const pool = new WorkerPool(flags.jobs)
  const onInterrupt = (): void => process.exit(130)
  process.once('SIGINT', onInterrupt)
  try {
    const { runCommand } = await import('../app/Commands.ts')
    const { seed, seeds, set, out, charts, trace, filter, tag } = flags
    const options = {
      ...given({ seed, seeds, charts, trace, filter }),
      set,
      out,
      tags: tag,
      accesses: flags.accesses === true,
      checkDeterminism: flags.checkDeterminism === true,
      json: flags.json === true,
      quiet: flags.quiet === true,
    }
    return await runCommand(paths, options, pool, makeConsole(options.quiet))
  } finally {
    process.off('SIGINT', onInterrupt)
    await pool.close()
  }
}
