/** `pcmsim completion`: what a shell needs to complete commands, options and their values. */
import { Argument, type Command } from 'commander'
import { type CommandRow, commandRow, commandRows, type OptionRow } from './option-table.ts'

const examples = `
Examples:
  source <(pcmsim completion bash)                                     this shell
  pcmsim completion bash > ~/.local/share/bash-completion/completions/pcmsim
  pcmsim completion zsh > "\${fpath[1]}/_pcmsim"
  pcmsim completion fish > ~/.config/fish/completions/pcmsim.fish
`

type Shell = 'bash' | 'zsh' | 'fish'

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the completions of a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', examples)
    .action((shell: Shell) => {
      const texts = { bash: bashText, zsh: zshText, fish: fishText }
      process.stdout.write(texts[shell](commandRows(program), commandRow(program)))
    })
}

/** Words of one case: a command's options, and the values of its arguments. */
function wordsOf({ options, arguments: args }: CommandRow): readonly string[] {
  const flags = options.flatMap(({ long, short }) => (short === null ? [long] : [long, short]))
  return [...args.flatMap(({ choices }) => choices), ...flags]
}

const BASH_HEAD = `# bash completion of pcmsim, by: pcmsim completion bash
_pcmsim() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=
  local word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    if [[ $word != -* ]]; then command=$word; break; fi
  done
  COMPREPLY=()
`

function bashText(commands: readonly CommandRow[], program: CommandRow): string {
  const names = [...commands.map(({ name }) => name), 'help']
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap((option) => bashValues(name, option)),
  )
  const words = commands.map(
    (command) => `    ${command.name}) words='${wordsOf(command).join(' ')}' ;;`,
  )
  return `${BASH_HEAD}  case "$command $previous" in
${values.join('\n')}
  esac
  local words=
  case $command in
    '') words='${[...names, ...wordsOf(program)].join(' ')}' ;;
    help) words='${names.join(' ')}' ;;
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n $command && $current != -* ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _pcmsim pcmsim
`
}

function bashValues(command: string, option: OptionRow): readonly string[] {
  if (!option.takesValue) return []
  const { long, choices } = option
  const from = choices.length > 0 ? `-W '${choices.join(' ')}'` : '-f'
  return [`    '${command} ${long}') COMPREPLY=($(compgen ${from} -- "$current")); return ;;`]
}

function zshText(commands: readonly CommandRow[], program: CommandRow): string {
  const named = commands.map(({ name, description }) => `    '${name}:${zshQuoted(description)}'`)
  const cases = commands.map((command) => {
    const options = command.options.map((option) => `        ${zshOption(option)}`)
    const choices = command.arguments.flatMap((argument) => argument.choices)
    const rest = choices.length > 0 ? `'*: :(${choices.join(' ')})'` : "'*:file:_files'"
    return `      ${command.name})
      _arguments \\\n${[...options, `        ${rest}`].join(' \\\n')} ;;`
  })
  const own = program.options.map((option) => `    ${zshOption(option)}`)
  return `#compdef pcmsim
# zsh completion of pcmsim, by: pcmsim completion zsh
_pcmsim() {
  local -a commands
  commands=(
${named.join('\n')}
  )
  local context state state_descr line
  typeset -A opt_args
  _arguments -C \\
${own.join(' \\\n')} \\
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe -t commands 'pcmsim command' commands ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = "_pcmsim" ]; then _pcmsim "$@"; else compdef _pcmsim pcmsim; fi
`
}

function zshOption({ long, description, takesValue, choices }: OptionRow): string {
  const value = choices.length > 0 ? `:value:(${choices.join(' ')})` : ':value:_files'
  return `'*${long}[${zshQuoted(description)}]${takesValue ? value : ''}'`
}

/** Within single quotes and brackets of _arguments. */
function zshQuoted(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&')
}

function fishText(commands: readonly CommandRow[], program: CommandRow): string {
  const names = commands.map(({ name }) => name).join(' ')
  const first = `not __fish_seen_subcommand_from ${names}`
  const lines = ['# fish completion of pcmsim, by: pcmsim completion fish']
  for (const { name, description } of commands) {
    lines.push(`complete -c pcmsim -f -n '${first}' -a ${name} -d ${fishQuoted(description)}`)
  }
  for (const option of program.options) lines.push(fishOption(first, option))
  for (const command of commands) {
    const when = `__fish_seen_subcommand_from ${command.name}`
    for (const option of command.options) lines.push(fishOption(when, option))
    const choices = command.arguments.flatMap((argument) => argument.choices)
    if (choices.length > 0) {
      lines.push(`complete -c pcmsim -f -n '${when}' -a ${fishQuoted(choices.join(' '))}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function fishOption(when: string, { long, short, description, ...row }: OptionRow): string {
  const letter = short === null ? '' : ` -s ${short.slice(1)}`
  const choices = row.choices.length > 0 ? ` -x -a ${fishQuoted(row.choices.join(' '))}` : ' -r'
  const value = row.takesValue ? choices : ''
  const what = fishQuoted(description)
  return `complete -c pcmsim -n '${when}' -l ${long.slice(2)}${letter}${value} -d ${what}`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
