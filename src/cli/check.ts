/** `pcmsim check`: decode and validate scenarios, run nothing. */
import type { Command } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given } from './options.ts'

interface CheckFlags {
  readonly set: readonly string[]
  readonly filter?: string
  readonly tag: readonly string[]
  readonly json?: boolean
  readonly quiet?: boolean
}

const examples = `
Examples:
  pcmsim check scenarios/
  pcmsim check my-scenario.yaml --set driver.version=v7
  pcmsim check - < my-scenario.yaml
`

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('decode and validate scenarios; every fault at once')
    .argument('<paths...>', 'scenario files, folders, patterns, or - for standard input')
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'only scenarios whose name/variant contains this')
    .option('--tag <tag>', 'only scenarios with this tag; repeatable: any of them', collect, [])
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'print nothing if all is well')
    .addHelpText('after', examples)
    .action(async (paths: readonly string[], flags: CheckFlags) => {
      const { checkCommand } = await import('../app/Commands.ts')
      const quiet = flags.quiet === true
      const options = {
        ...given({ filter: flags.filter }),
        set: flags.set,
        tags: flags.tag,
        json: flags.json === true,
        quiet,
      }
      process.exitCode = await checkCommand(paths, options, makeConsole(quiet))
    })
}
