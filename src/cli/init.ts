/** `pcmsim init`: a new scenario with comments. */
import { type Command, Option } from 'commander'
import { driverNames } from '../app/DriverNames.ts'
import { makeConsole } from './console.ts'

const examples = `
Examples:
  pcmsim init my-scenario.yaml               a file with comments, ready to run
  pcmsim init my-xen.yaml --driver xen-snd
  pcmsim init > my-scenario.yaml
`

interface InitFlags {
  readonly driver: (typeof driverNames)[number]
  readonly force?: boolean
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a new scenario with comments, ready to run')
    .argument('[file]', 'file to write; default, or -: standard output')
    .addOption(
      new Option('--driver <name>', 'driver of the guest').choices(driverNames).default('ack'),
    )
    .option('--force', 'replace an existing file')
    .addHelpText('after', examples)
    .action(async (file: string | undefined, { driver, force }: InitFlags) => {
      const { initCommand } = await import('../app/Init.ts')
      const options = { driver, force: force === true }
      process.exitCode = await initCommand(file, options, makeConsole(false))
    })
}
