/**
 * What the command line takes, as data: read off commander's own tables, so that help texts, the
 * man page and shell completions cannot differ.
 */
import type { Argument, Command, Option } from 'commander'

export interface OptionRow {
  /** As help prints it: `--seed <n>`. */
  readonly flags: string
  readonly long: string
  readonly short: string | null
  readonly description: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
  /** As help prints it; null: none. */
  readonly preset: string | null
}

export interface ArgumentRow {
  /** As help prints it: `<paths...>`. */
  readonly usage: string
  readonly description: string
  readonly choices: readonly string[]
}

export interface CommandRow {
  readonly name: string
  readonly description: string
  readonly arguments: readonly ArgumentRow[]
  readonly options: readonly OptionRow[]
  /** What help prints after the options: limits, examples, exit codes. */
  readonly after: string
}

export function commandRows(program: Command): readonly CommandRow[] {
  return program.commands.map(commandRow)
}

export function commandRow(command: Command): CommandRow {
  return {
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map(argumentRow),
    options: command.createHelp().visibleOptions(command).map(optionRow),
    after: afterText(command),
  }
}

function argumentRow(argument: Argument): ArgumentRow {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    choices: argument.argChoices ?? [],
  }
}

function optionRow(option: Option): OptionRow {
  const { flags, long, short, description, defaultValue, defaultValueDescription } = option
  const shown = defaultValueDescription ?? (defaultValue === undefined ? null : `${defaultValue}`)
  const says = shown !== null && defaultValue !== true && defaultValue !== false
  return {
    flags,
    long: long ?? '',
    short: short ?? null,
    description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    preset: says ? shown : null,
  }
}

/** Help as it is printed, without the part that the tables hold. */
function afterText(command: Command): string {
  const pieces: string[] = []
  const own = command.configureOutput()
  command.configureOutput({ ...own, writeOut: (text) => pieces.push(text) })
  command.outputHelp()
  command.configureOutput(own)
  const known = command.helpInformation()
  const whole = pieces.join('')
  return (whole.startsWith(known) ? whole.slice(known.length) : whole).trim()
}
