/** `pcmsim schema`: print the JSON Schema of scenario files or of benchmark suites. */
import { Argument, type Command } from 'commander'

const examples = `
Examples:
  pcmsim schema > scenario.schema.json
  pcmsim schema bench > bench.schema.json
`

export function addSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema (draft-07) of scenario files or benchmark suites')
    .addArgument(
      new Argument('[kind]', 'of what').choices(['scenario', 'bench']).default('scenario'),
    )
    .addHelpText('after', examples)
    .action(async (kind: 'scenario' | 'bench') => {
      const texts = await import('../app/JsonSchemaText.ts')
      const text = kind === 'bench' ? texts.benchSchemaText() : texts.scenarioSchemaText()
      process.stdout.write(text)
    })
}
