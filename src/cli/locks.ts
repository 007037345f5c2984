/** `pcmsim locks`: the lock-order report of a scenario or trace; verdicts on lock cases. */
import { type Command, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, runsValue, seedValue } from './options.ts'

interface LocksFlags {
  readonly cases?: string
  readonly json?: boolean
  readonly dot?: boolean
  readonly proc?: 'lockdep' | 'lockdep_chains' | 'lock_stat'
  readonly baseline?: string
  readonly charts?: string
  readonly explore: number
  readonly once?: boolean
  readonly races?: boolean
  readonly rawNesting?: boolean
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
}

const examples = `
Examples:
  pcmsim locks scenarios/first-light.yaml
  pcmsim locks out/first-light/seed-1/trace.ndjson --json > locks.json
  pcmsim locks scenarios/first-light.yaml --baseline locks.json
  pcmsim locks scenarios/first-light.yaml --proc lock_stat
  pcmsim locks scenarios/first-light.yaml --dot | dot -Tsvg > locks.svg
  pcmsim locks scenarios/virtio-snd/H03-same-class-nesting.yaml --filter v6 --charts charts
  pcmsim locks scenarios/first-light.yaml --set driver.version=ack --races
  pcmsim locks --cases cases.jsonl --json

Exit codes: 0 done, 1 something is new beside the baseline, 2 bad input.
`

const procNames = ['lockdep', 'lockdep_chains', 'lock_stat']

export function addLocks(program: Command): void {
  program
    .command('locks')
    .description('report the lock order of a scenario or of a saved trace, as lockdep does')
    .argument('[path]', 'a scenario, a trace.ndjson, or - for a scenario on standard input')
    .addOption(
      new Option('--cases <file>', 'judge operation lists instead; - is standard input').conflicts([
        'dot',
        'proc',
        'baseline',
        'charts',
      ]),
    )
    .option('--json', 'print one JSON document and nothing else')
    .addOption(new Option('--dot', 'print the graph for Graphviz').conflicts(['json', 'proc']))
    .addOption(
      new Option('--proc <file>', 'print it as /proc does').choices(procNames).conflicts('json'),
    )
    .option('--baseline <file>', 'JSON of an earlier run: exit 1 if something is new')
    .option('--charts <folder>', 'write lock-graph.svg and lock-contention.svg there')
    .option('--once', 'stop at the first report, as the kernel does')
    .addOption(new Option('--races', 'look for data races too').conflicts(['cases', 'dot', 'proc']))
    .option(
      '--explore <runs>',
      'search for the shortest schedule that makes each report real',
      runsValue,
      0,
    )
    .option('--raw-nesting', 'CONFIG_PROVE_RAW_LOCK_NESTING')
    .option('--seed <n>', "seed instead of the scenario's own", seedValue)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
    .addHelpText('after', examples)
    .action(async (path: string | undefined, flags: LocksFlags, command: Command) => {
      if ((path === undefined) === (flags.cases === undefined)) {
        command.error('error: allowed: a scenario, a trace, or --cases <file>')
      }
      process.exitCode = await locks(path, flags)
    })
}

async function locks(path: string | undefined, flags: LocksFlags): Promise<number> {
  const json = flags.json === true
  if (flags.cases !== undefined || path === undefined) {
    const { locksCasesCommand } = await import('../app/LocksCases.ts')
    return locksCasesCommand(flags.cases ?? '-', { json }, makeConsole(false))
  }
  const { locksCommand } = await import('../app/Locks.ts')
  const { filter, seed, proc, baseline, charts } = flags
  const options = {
    ...given({ filter, seed, proc, baseline, charts }),
    set: flags.set,
    json,
    dot: flags.dot === true,
    once: flags.once === true,
    races: flags.races === true,
    explore: flags.explore,
    rawNesting: flags.rawNesting === true,
  }
  return locksCommand(path, options, makeConsole(false))
}
