/** `pcmsim chart`: draw a chart of a scenario or of a saved trace. */
import { type Command, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, seedValue } from './options.ts'

interface ChartFlags {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  readonly out?: string
  readonly stream?: string
  readonly from?: string
  readonly to?: string
  readonly around?: string
  readonly span?: string
  readonly kind?: string
  readonly png?: boolean
  readonly theme?: 'auto' | 'light' | 'dark'
}

const kinds = 'timeline, ring, jitter, latency, locks, contention, critical-path, compare'

const examples = `
Examples:
  pcmsim chart scenarios/first-light.yaml --out first-light.svg
  pcmsim chart scenarios/first-light.yaml --from 1s --to 1.1s > window.svg
  pcmsim chart scenarios/underrun-client-sleeps.yaml --around xrun:1 --span 20ms --out xrun.png
  pcmsim chart scenarios/first-light.yaml --kind jitter --out jitter.svg
  pcmsim chart scenarios/virtio-snd/H12-stale-audio.yaml --kind compare --out variants.svg
  pcmsim chart out/first-light/seed-1/trace.ndjson --theme dark --out dark.svg
`

export function addChart(program: Command): void {
  program
    .command('chart')
    .description('draw a chart of a scenario or of a saved trace, as SVG or PNG')
    .argument('<path>', 'a scenario, a trace.ndjson, or - for a scenario on standard input')
    .option('--kind <name>', `what to draw: ${kinds} (default: timeline)`)
    .option('--out <file>', 'file to write; default: standard output')
    .option('--seed <n>', "seed instead of the scenario's own", seedValue)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
    .option('--stream <name>', 'stream to show; default: the first with an xrun')
    .option('--from <time>', 'begin of the window, such as 1s')
    .option('--to <time>', 'end of the window')
    .option('--around <event>', 'a window around xrun:1, silent:1, late:1, report:1 or deadlock')
    .option('--span <time>', 'length of that window')
    .option('--png', 'pixels instead of SVG; also where --out ends in .png')
    .addOption(new Option('--theme <name>', 'colours').choices(['auto', 'light', 'dark']))
    .addHelpText('after', examples)
    .action(async (path: string, flags: ChartFlags) => {
      const { chartCommand } = await import('../app/ChartCommand.ts')
      const options = { ...given(flags), set: flags.set }
      process.exitCode = await chartCommand(path, options, makeConsole(false))
    })
}
