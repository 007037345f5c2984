/** `pcmsim export`: a run in the format of another tool. */
import { type Command, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, seedValue } from './options.ts'

interface ExportFlags {
  readonly format: string
  readonly out?: string
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  readonly at?: string
  readonly machine?: 'guest' | 'host'
}

const formats = [
  'chrome',
  'perfetto',
  'ftrace',
  'vcd',
  'proc',
  'dmesg',
  'hdr',
  'openmetrics',
  'junit',
  'sarif',
  'ktap',
]

const examples = `
Examples:
  pcmsim export scenarios/first-light.yaml --format chrome --out first-light.json
  pcmsim export scenarios/first-light.yaml --format perfetto --out first-light.pftrace
  pcmsim export scenarios/first-light.yaml --format ftrace | grep ' hwptr: '
  pcmsim export scenarios/first-light.yaml --format proc --at 2s
  pcmsim export scenarios/virtio-snd --format junit --out pcmsim.xml
  pcmsim export scenarios/virtio-snd --format sarif --out pcmsim.sarif
  pcmsim export scenarios/first-light.yaml --format hdr --out first-light.hlog
  pcmsim export out/first-light/seed-1/trace.ndjson --format chrome > first-light.json

docs/export.md says what each format shows and which tool opens it.
`

export function addExport(program: Command): void {
  program
    .command('export')
    .description('write a run in the format of another tool')
    .argument('<path>', 'a scenario, a trace.ndjson, or - for a scenario on standard input')
    .addOption(
      new Option('--format <name>', 'what to write').choices(formats).makeOptionMandatory(),
    )
    .option('--out <file>', 'file to write; default, or -: standard output')
    .option('--seed <n>', "seed instead of the scenario's own", seedValue)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
    .option('--at <time>', 'proc: the instant, such as 1.5s (default: the end of the run)')
    .addOption(
      new Option('--machine <name>', 'ftrace: whose events (default: guest)').choices([
        'guest',
        'host',
      ]),
    )
    .addHelpText('after', examples)
    .action(async (path: string, flags: ExportFlags) => {
      const { exportCommand } = await import('../app/ExportCommand.ts')
      const options = { ...given(flags), format: flags.format, set: flags.set }
      process.exitCode = await exportCommand(path, options, makeConsole(false))
    })
}
