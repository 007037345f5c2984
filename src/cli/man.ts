/** `pcmsim man`: the man page, as roff (man(7)). */
import type { Command } from 'commander'
import { type CommandRow, commandRow, commandRows, type OptionRow } from './option-table.ts'

const examples = `
Examples:
  pcmsim man | man -l -
  pcmsim man > ~/.local/share/man/man1/pcmsim.1
`

export function addMan(program: Command, version: string): void {
  program
    .command('man')
    .description('print the man page')
    .addHelpText('after', examples)
    .action(() => {
      process.stdout.write(manPage(commandRows(program), commandRow(program), version))
    })
}

function manPage(commands: readonly CommandRow[], program: CommandRow, version: string): string {
  const lines = [
    `.TH PCMSIM 1 "" "pcmsim ${version}" "User Commands"`,
    '.SH NAME',
    `pcmsim \\- ${roff(lowerFirst(program.description).replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    '.B pcmsim',
    '.I command',
    '[\\fIoptions\\fR] [\\fIpaths\\fR...]',
    '.SH OPTIONS',
    ...program.options.flatMap(optionLines),
    ...exampleLines(program.after),
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH FILES',
    '.TP',
    '.I out/<scenario>[/<variant>]/seed-<N>/',
    roff('result.json, trace.ndjson and timeline.svg of a run'),
    '.SH SEE ALSO',
    roff('The pages of docs/ in the package: model.md, scenario.md, results.md, trace.md, cli.md.'),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines(command: CommandRow): readonly string[] {
  const args = command.arguments.map(({ usage }) => ` ${usage}`).join('')
  const described = command.arguments.filter(({ description }) => description !== '')
  return [
    `.SS "pcmsim ${roff(command.name)} [options]${roff(args)}"`,
    roff(`${upperFirst(command.description)}.`),
    ...described.flatMap(({ usage, description }) => [
      '.TP',
      `.I ${roff(usage)}`,
      roff(description),
    ]),
    ...command.options.flatMap(optionLines),
    ...exampleLines(command.after),
  ]
}

function optionLines({ flags, description, choices, preset }: OptionRow): readonly string[] {
  const notes = [
    choices.length > 0 ? `one of ${choices.join(', ')}` : '',
    preset === null ? '' : `default: ${preset}`,
  ].filter((note) => note !== '')
  const text = notes.length > 0 ? `${description} (${notes.join('; ')})` : description
  return ['.TP', `.B ${roff(flags)}`, roff(text)]
}

/** As it stands, line by line. */
function exampleLines(text: string): readonly string[] {
  return text === '' ? [] : ['.PP', '.nf', ...text.split('\n').map(roff), '.fi']
}

/** Text as roff prints it: no escapes, no requests, hyphens that can be copied. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq')
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
