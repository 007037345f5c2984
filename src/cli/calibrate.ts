/** `pcmsim calibrate`: fit costs to traces of a real machine. */
import type { Command } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given } from './options.ts'

interface CalibrateFlags {
  readonly set: readonly string[]
  readonly out?: string
  readonly scenario?: string
  readonly charts?: string
  readonly halves?: boolean
  readonly blocks?: string
  readonly table?: boolean
  readonly json?: boolean
}

const examples = `
Examples:
  pcmsim calibrate trace.txt qemu.log --out costs.yaml
  pcmsim calibrate trace.txt.gz qemu.txt.gz --halves --charts charts
  pcmsim calibrate captures/play_480x4 --set guest.costs.kworker_start=5ms
  pcmsim calibrate captures/* --table

Traces are text of ftrace or of trace-cmd report, and QEMU's -trace log; .gz is unpacked. All files
together are one run; a folder with trace.txt[.gz] and qemu.txt[.gz] is a run of its own.
`

export function addCalibrate(program: Command): void {
  program
    .command('calibrate')
    .description('fit costs to traces of a real machine, replay the run, compare')
    .argument('<traces...>', 'traces of one run, or folders of captured runs')
    .option('--out <file>', 'write the fitted costs there, as part of a scenario')
    .option('--scenario <file>', 'write the scenario that replays the run there')
    .option('--charts <folder>', 'write a plot of each run there')
    .option('--set <path=value>', 'change a key of the replayed run; repeatable', collect, [])
    .option('--halves', 'fit the first half of the time only and predict the second')
    .option('--blocks <duration>', 'fit every other block of this length and predict the others')
    .option('--table', 'the predictions of all runs as one Markdown table')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', examples)
    .action(async (paths: readonly string[], flags: CalibrateFlags) => {
      const { calibrateCommand } = await import('../app/CalibrateCommand.ts')
      const options = { ...given(flags), set: flags.set }
      const version = program.version() ?? ''
      process.exitCode = await calibrateCommand(paths, options, version, makeConsole(false))
    })
}
