/** `pcmsim conformance`: the kernel's PCM self-test on a simulated card. */
import { type Command, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, seedValue } from './options.ts'

interface ConformanceFlags {
  readonly conf: readonly string[]
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  readonly json?: boolean
  readonly quiet?: boolean
}

const examples = `
The scenario gives the machine, the driver and the device; its streams and verdicts do not count.
Without a scenario the card is the ideal one. FILE has the syntax of alsa-lib: with a 'pcm' compound
it replaces the standard cases (pcm-test.conf), with a 'card' compound it is the card's own.

Examples:
  pcmsim conformance
  pcmsim conformance scenarios/first-light.yaml
  pcmsim conformance scenarios/first-light.yaml --conf my-card.conf > result.ktap
  pcmsim conformance --set driver.options.inject_delay=2

Exit codes: 0 no case failed (skips do not count), 1 a case failed, 2 bad input.
`

export function addConformance(program: Command): void {
  program
    .command('conformance')
    .description("run the kernel's PCM self-test on a simulated card: KTAP")
    .argument('[scenario]', 'scenario file, or - for standard input; default: the ideal card')
    .option('--conf <file>', 'configuration of the test; repeatable', collect, [])
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose name contains this')
    .addOption(new Option('--seed <n>', "seed instead of the scenario's own").argParser(seedValue))
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'print nothing; the exit code tells')
    .addHelpText('after', examples)
    .action(async (path: string | undefined, flags: ConformanceFlags) => {
      const { conformanceCommand } = await import('../app/Conformance.ts')
      const quiet = flags.quiet === true
      const options = {
        ...given({ filter: flags.filter, seed: flags.seed }),
        conf: flags.conf,
        set: flags.set,
        json: flags.json === true,
        quiet,
      }
      process.exitCode = await conformanceCommand(path, options, makeConsole(quiet))
    })
}
