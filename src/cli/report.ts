/** `pcmsim report`: one self-contained HTML page of a run. */
import { type Command, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, seedValue } from './options.ts'
import { watching } from './watching.ts'

interface ReportFlags {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  readonly out?: string
  readonly theme?: 'auto' | 'light' | 'dark'
  readonly watch?: boolean
  readonly quiet?: boolean
}

const examples = `
The page needs no network: verdict, findings, charts to zoom into, tables, JSON, every record.

Examples:
  pcmsim report scenarios/underrun-client-sleeps.yaml
  pcmsim report scenarios/virtio-snd/H12-stale-audio.yaml --filter v5 --out stale.html
  pcmsim report out/first-light/seed-1/trace.ndjson --out first-light.html
  pcmsim report my.yaml --out my.html --watch      # edit my.yaml, see the page change

Exit codes: 0 as expected, 1 an expectation failed, 2 bad input.
`

export function addReport(program: Command): void {
  program
    .command('report')
    .description('write one HTML page of a scenario or of a saved trace')
    .argument('<path>', 'a scenario, a trace.ndjson, or - for a scenario on standard input')
    .option('--out <file>', 'file to write; default: report.html beside the results of a run')
    .option('--seed <n>', "seed instead of the scenario's own", seedValue)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
    .addOption(new Option('--theme <name>', 'colours').choices(['auto', 'light', 'dark']))
    .option('--watch', 'write it again whenever the scenario changes; the open page follows')
    .option('--quiet', 'do not print where it is')
    .addHelpText('after', examples)
    .action(async (path: string, flags: ReportFlags) => {
      const { reportCommand } = await import('../app/ReportCommand.ts')
      const options = { ...given(flags), set: flags.set }
      const console = makeConsole(flags.quiet === true)
      const act = (): Promise<number> => reportCommand(path, options, console)
      process.exitCode = flags.watch === true ? await watching([path], act, console) : await act()
    })
}
