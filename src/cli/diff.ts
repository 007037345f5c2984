/** `pcmsim diff`: two runs side by side. */
import { type Command, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, seedValue } from './options.ts'

interface DiffFlags {
  readonly set: readonly string[]
  readonly setA: readonly string[]
  readonly setB: readonly string[]
  readonly filter?: string
  readonly filterA?: string
  readonly filterB?: string
  readonly seed?: number
  readonly seedA?: number
  readonly seedB?: number
  readonly chart?: string
  readonly markdown?: boolean
  readonly json?: boolean
}

const examples = `
Both sides have the same external schedule as far as their scenarios say the same: faults, loads and
clients draw from streams of their own. With one path both sides are of that file.

Examples:
  pcmsim diff scenarios/first-light.yaml --set-a driver.version=v6 --set-b driver.version=v7
  pcmsim diff scenarios/late-vcpu-stolen.yaml --filter-a /stolen --filter-b vcpus-above
  pcmsim diff scenarios/first-light.yaml --seed-a 1 --seed-b 2 --chart seeds.svg
  pcmsim diff before/trace.ndjson after/trace.ndjson --markdown
`

export function addDiff(program: Command): void {
  program
    .command('diff')
    .description('compare two scenarios, variants, seeds or saved traces')
    .argument('<a>', 'a scenario or a trace.ndjson')
    .argument('[b]', 'the other one; default: the same file')
    .option('--set <path=value>', 'override a key on both sides; repeatable', collect, [])
    .option('--set-a <path=value>', 'override a key of the first; repeatable', collect, [])
    .option('--set-b <path=value>', 'override a key of the second; repeatable', collect, [])
    .option('--filter <text>', 'on both sides the variant whose scenario/name contains this')
    .option('--filter-a <text>', 'variant of the first')
    .option('--filter-b <text>', 'variant of the second')
    .option('--seed <n>', "seed of both instead of the scenarios' own", seedValue)
    .option('--seed-a <n>', 'seed of the first', seedValue)
    .option('--seed-b <n>', 'seed of the second', seedValue)
    .option('--chart <file>', 'write a comparison chart there, as SVG')
    .addOption(new Option('--markdown', 'print Markdown').conflicts('json'))
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', examples)
    .action(async (a: string, b: string | undefined, flags: DiffFlags) => {
      const { diffCommand } = await import('../app/Diff.ts')
      const { set, chart } = flags
      const format = flags.json === true ? 'json' : flags.markdown === true ? 'markdown' : 'text'
      const options = {
        a: {
          path: a,
          set,
          ownSet: { option: '--set-a', texts: flags.setA },
          ...given({ filter: flags.filterA ?? flags.filter, seed: flags.seedA ?? flags.seed }),
        },
        b: {
          path: b ?? a,
          set,
          ownSet: { option: '--set-b', texts: flags.setB },
          ...given({ filter: flags.filterB ?? flags.filter, seed: flags.seedB ?? flags.seed }),
        },
        format: format as 'text' | 'markdown' | 'json',
        ...given({ chart }),
      }
      process.exitCode = await diffCommand(options, makeConsole(false))
    })
}
