/** `pcmsim list`: what drivers, devices, clients and costs exist. */
import type { Command } from 'commander'

const examples = `
Examples:
  pcmsim list
  pcmsim list drivers devices
  pcmsim list costs                  every step of the default preset, kvm-x86
  pcmsim list costs kvm-arm tcg      the same of others, ready to be copied into a scenario
  pcmsim list --json
`

interface ListFlags {
  readonly json?: boolean
}

export function addList(program: Command): void {
  program
    .command('list')
    .description('list what drivers, devices, clients and costs exist')
    .argument('[kinds...]', 'drivers, devices, kernels, ..., or: costs [presets...]')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', examples)
    .action(async (kinds: readonly string[], flags: ListFlags) => {
      const answer = kinds[0] === 'costs' ? await costs(kinds.slice(1)) : await things(kinds)
      if (typeof answer === 'string') {
        process.stderr.write(`list: ${answer}\n`)
        process.exitCode = 2
        return
      }
      const json = () => `${JSON.stringify(answer.json, null, 2)}\n`
      process.stdout.write(flags.json ? json() : answer.text)
    })
}

interface Answer {
  readonly json: object
  readonly text: string
}

async function costs(words: readonly string[]): Promise<Answer | string> {
  const { chosenPresets, costsJson, costsText } = await import('../app/CostList.ts')
  const presets = chosenPresets(words)
  if (typeof presets === 'string') return presets
  return { json: costsJson(presets), text: costsText(presets) }
}

async function things(kinds: readonly string[]): Promise<Answer | string> {
  const { didYouMean, inventory, inventoryText } = await import('../app/Inventory.ts')
  const known = Object.keys(inventory)
  const unknown = kinds.filter((kind) => !known.includes(kind))
  if (unknown.length > 0) {
    const words = [...known, 'costs']
    const named = unknown.map((kind) => `'${kind}' is not known${didYouMean(kind, words)}`)
    return `${named.join('; ')}, allowed: ${words.join(', ')}`
  }
  const chosen = kinds.length === 0 ? known : kinds
  const json = Object.fromEntries(chosen.map((kind) => [kind, inventory[kind]]))
  return { json, text: inventoryText(chosen) }
}
