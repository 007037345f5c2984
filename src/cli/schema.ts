/** `pcmsim schema`: print the JSON Schema of scenario files. */
import type { Command } from 'commander'

const examples = `
Examples:
  pcmsim schema > scenario.schema.json
`

export function addSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema (draft-07) of scenario files')
    .addHelpText('after', examples)
    .action(async () => {
      const { scenarioSchemaText } = await import('../app/JsonSchemaText.ts')
      process.stdout.write(scenarioSchemaText())
    })
}
