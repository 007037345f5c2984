/**
 * `pcmsim explore`, `shrink`, `replay`: search schedules, minimise a failing one, run one again.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, jobsValue, runsValue, seedValue } from './options.ts'

interface ExploreFlags {
  readonly strategy: 'random' | 'pct' | 'delay' | 'exhaustive' | 'dpor' | 'swarm' | 'coverage'
  readonly runs?: number
  readonly time?: string
  readonly depth: number
  readonly delays?: string
  readonly seed?: number
  readonly searchSeed: number
  readonly find: readonly string[]
  readonly stopAtFirst?: boolean
  readonly shrink: boolean
  readonly resume?: string
  readonly out: string
  readonly jobs: number
  readonly set: readonly string[]
  readonly filter?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly margins?: boolean
}

const exploreExamples = `
A schedule holds contexts back before visible operations: a vCPU is stolen, a worker starts late, an
interrupt comes late, the device's thread is late. What the ordinary run shows is not a finding.
Each finding is shrunk and written to DIR/<scenario>/explore/ as a scenario that runs.

Strategies: random, pct, delay, exhaustive, dpor, swarm (faults too), coverage, mixed.
Oracles: deadlock, locks, lockdep, memory, protocol, stall (these by default), data, xrun, expect.

Examples:
  pcmsim explore scenarios/first-light.yaml --runs 2000 --jobs 2
  pcmsim explore scenarios/first-light.yaml --set driver.version=ack --time 60s --jobs 2
  pcmsim explore scenarios/first-light.yaml --strategy swarm --find memory --find deadlock
  pcmsim explore scenarios/first-light.yaml --find 'streams.*.wakeLatencyNs.max > 20ms'
  pcmsim explore scenarios/first-light.yaml --runs 100000 --resume search.jsonl
  pcmsim explore scenarios/clean-1024x4.yaml --margins --jobs 2

Exit codes: 0 nothing found, 1 something found, 2 bad input, 70 our bug, 130 interrupted.
`

const strategyNames = ['random', 'pct', 'delay', 'exhaustive', 'dpor', 'swarm', 'coverage', 'mixed']

const runsDefault = 1000

export function addExplore(program: Command): void {
  program
    .command('explore')
    .description('search the schedules of a scenario for failures')
    .argument('<path>', 'a scenario, or - for standard input')
    .addOption(
      new Option('--strategy <name>', 'how to search').choices(strategyNames).default('mixed'),
    )
    .option('--runs <n>', `runs; default ${runsDefault}, or no limit with --time`, runsValue)
    .option('--time <duration>', 'stop after this time, such as 60s')
    .option('--depth <n>', 'contexts held back in one run, at most', depthValue, 3)
    .option('--delays <list>', 'how long to hold back, such as 100us,1ms,10ms')
    .option('--seed <n>', "seed of the runs instead of the scenario's own", seedValue)
    .option('--search-seed <n>', 'seed of the search', seedValue, 1)
    .option('--find <what>', 'an oracle or PATH > VALUE of the result; repeatable', collect, [])
    .option('--stop-at-first', 'stop after the round with the first finding')
    .option('--no-shrink', 'report schedules as found')
    .option('--margins', 'instead: the shortest single stall that is heard, along the period')
    .option('--resume <file>', 'continue the search in this file, and save it there')
    .option('--out <dir>', 'folder to write findings to', 'out')
    .option('--jobs <n>', 'worker threads', jobsValue, 1)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'print only the end')
    .addHelpText('after', exploreExamples)
    .action(async (path: string, flags: ExploreFlags) => {
      process.exitCode = await explore(path, flags)
    })
}

async function explore(path: string, flags: ExploreFlags): Promise<number> {
  const onInterrupt = (): void => process.exit(130)
  process.once('SIGINT', onInterrupt)
  const { exploreCommand } = await import('../app/Explore.ts')
  const { threads } = await import('../app/ExplorePool.ts')
  const { jobs, time, delays, seed, resume, filter, ...rest } = flags
  const options = {
    ...rest,
    ...given({ time, delays, seed, resume, filter }),
    runs: flags.runs ?? (time === undefined ? runsDefault : 0),
    stopAtFirst: flags.stopAtFirst === true,
    margins: flags.margins === true,
    json: flags.json === true,
    quiet: flags.quiet === true,
  }
  try {
    return await exploreCommand(path, options, threads(jobs), makeConsole(options.quiet))
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

interface ShrinkFlags {
  readonly schedule?: string
  readonly seed?: number
  readonly find: readonly string[]
  readonly out?: string
  readonly set: readonly string[]
  readonly filter?: string
}

const shrinkExamples = `
Examples:
  pcmsim shrink scenarios/first-light.yaml --schedule s1:h5000=60000000 --find stall
  pcmsim shrink out/first-light/explore/first-light-stalled-music.yaml --out smaller.yaml
`

export function addShrink(program: Command): void {
  program
    .command('shrink')
    .description('minimise a failing schedule and its scenario')
    .argument('<path>', 'a scenario, or - for standard input')
    .option('--schedule <text>', "the failing schedule; default: the scenario's own")
    .option('--seed <n>', "seed instead of the scenario's own", seedValue)
    .option('--find <what>', 'an oracle or PATH > VALUE of the result; repeatable', collect, [])
    .option('--out <file>', 'file to write; default: standard output')
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
    .addHelpText('after', shrinkExamples)
    .action(async (path: string, flags: ShrinkFlags) => {
      const { shrinkCommand } = await import('../app/Shrink.ts')
      const { schedule, seed, out, filter, ...rest } = flags
      const options = { ...rest, ...given({ schedule, seed, out, filter }) }
      process.exitCode = await shrinkCommand(path, options, makeConsole(false))
    })
}

interface ReplayFlags {
  readonly schedule?: string
  readonly seed?: number
  readonly out: string
  readonly set: readonly string[]
  readonly filter?: string
  readonly json?: boolean
}

const replayExamples = `
Examples:
  pcmsim replay scenarios/first-light.yaml --seed 1 --schedule s1:h5000=30000000
  pcmsim replay out/first-light/explore/first-light-stalled-music.yaml
`

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('run a schedule again: report, trace and chart, as run does')
    .argument('<path>', 'a scenario, or - for standard input')
    .option('--schedule <text>', "the schedule; default: the scenario's own")
    .option('--seed <n>', "seed instead of the scenario's own", seedValue)
    .option('--out <dir>', 'folder to write results to', 'out')
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'only scenarios whose name/variant contains this')
    .option('--json', 'print an array of results and nothing else')
    .addHelpText('after', replayExamples)
    .action(async (path: string, flags: ReplayFlags) => {
      process.exitCode = await replay(path, flags)
    })
}

async function replay(path: string, flags: ReplayFlags): Promise<number> {
  const { WorkerPool } = await import('../app/WorkerPool.ts')
  const pool = new WorkerPool(1)
  try {
    const { runCommand } = await import('../app/Commands.ts')
    const { schedule, seed, filter, out } = flags
    const options = {
      ...given({ seed, filter }),
      set: schedule === undefined ? flags.set : [...flags.set, `schedule=${schedule}`],
      out,
      tags: [],
      checkDeterminism: false,
      json: flags.json === true,
      quiet: false,
    }
    return await runCommand([path], options, pool, makeConsole(false))
  } finally {
    await pool.close()
  }
}

const depthMax = 16

function depthValue(text: string): number {
  const depth = /^\d+$/.test(text) ? Number(text) : 0
  if (depth >= 1 && depth <= depthMax) return depth
  throw new InvalidArgumentError(`allowed: a whole number, 1..${depthMax}`)
}
