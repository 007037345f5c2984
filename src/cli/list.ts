/** `pcmsim list`: what drivers, devices, clients, costs and scenarios exist. */
import type { Command } from 'commander'
import { makeConsole } from './console.ts'
import { collect } from './options.ts'

const examples = `
Examples:
  pcmsim list
  pcmsim list drivers devices
  pcmsim list costs                  every step of the default preset, kvm-x86
  pcmsim list costs kvm-arm tcg      the same of others, ready to be copied into a scenario
  pcmsim list scenarios --tag report --tag xen
  pcmsim list scenarios my-folder    name, tags and summary of those files
  pcmsim list --json
`

interface ListFlags {
  readonly json?: boolean
  readonly tag: readonly string[]
}

export function addList(program: Command): void {
  program
    .command('list')
    .description('list what drivers, devices, clients, costs and scenarios exist')
    .argument(
      '[kinds...]',
      'drivers, devices, ..., or: costs [presets...], or: scenarios [paths...]',
    )
    .option('--tag <tag>', 'scenarios with this tag; repeatable: any of them', collect, [])
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', examples)
    .action(async (kinds: readonly string[], flags: ListFlags) => {
      if (kinds[0] === 'scenarios') {
        const { listScenarios } = await import('../app/ScenarioList.ts')
        const options = { tags: flags.tag, json: flags.json === true }
        process.exitCode = await listScenarios(kinds.slice(1), options, makeConsole(false))
        return
      }
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
    const words = [...known, 'costs', 'scenarios']
    const named = unknown.map((kind) => `'${kind}' is not known${didYouMean(kind, words)}`)
    return `${named.join('; ')}, allowed: ${words.join(', ')}`
  }
  const chosen = kinds.length === 0 ? known : kinds
  const json = Object.fromEntries(chosen.map((kind) => [kind, inventory[kind]]))
  return { json, text: inventoryText(chosen) }
}
