/** `pcmsim list`: what drivers, devices, clients and costs exist. */
import type { Command } from 'commander'

const examples = `
Examples:
  pcmsim list
  pcmsim list drivers guest-costs
  pcmsim list --json
`

export function addList(program: Command): void {
  program
    .command('list')
    .description('list what drivers, devices, clients and costs exist')
    .argument('[kinds...]', 'drivers, devices, clients, kernels, formats, rates, cost-presets, ...')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', examples)
    .action(async (kinds: readonly string[], flags: { readonly json?: boolean }) => {
      const { inventory, inventoryText } = await import('../app/Inventory.ts')
      const known = Object.keys(inventory)
      const unknown = kinds.filter((kind) => !known.includes(kind))
      if (unknown.length > 0) {
        process.stderr.write(`list: unknown: ${unknown.join(', ')}, allowed: ${known.join(', ')}\n`)
        process.exitCode = 2
        return
      }
      const chosen = kinds.length === 0 ? known : kinds
      const picked = Object.fromEntries(chosen.map((kind) => [kind, inventory[kind]]))
      const text = flags.json ? `${JSON.stringify(picked, null, 2)}\n` : inventoryText(chosen)
      process.stdout.write(text)
    })
}
