/** `pcmsim explain`: why this xrun, stall, report or late period happened. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { makeConsole } from './console.ts'
import { collect, given, seedValue } from './options.ts'

interface ExplainFlags {
  readonly xrun?: number
  readonly silent?: number
  readonly late?: number
  readonly report?: number
  readonly memory?: number
  readonly at?: string
  readonly from?: string
  readonly to?: string
  readonly markdown?: boolean
  readonly proc?: string
  readonly hwParams?: string
  readonly swParams?: string
  readonly dmesg?: string
  readonly seed?: number
  readonly set: readonly string[]
  readonly filter?: string
  readonly json?: boolean
  readonly counterfactuals: boolean
}

const examples = `
Without a choice: what the run stopped for, else its first failure, else its latest period. Numbers
count from 1. The parts of the breakdown add up to the slack that was lost, to the nanosecond.

Examples:
  pcmsim explain scenarios/clients/aplay-underrun-figure.yaml
  pcmsim explain scenarios/late-vcpu-stolen.yaml --filter stolen --late 1
  pcmsim explain scenarios/virtio-snd/H12-stale-audio.yaml --filter v7 --silent 1
  pcmsim explain out/first-light/seed-1/trace.ndjson --at 650ms --json
  pcmsim explain scenarios/late-vcpu-stolen.yaml --filter stolen --from 600ms --to late:1
  pcmsim explain --proc status.txt --hw-params hw_params.txt --dmesg dmesg.txt
`

const kinds = ['xrun', 'silent', 'late', 'report', 'memory'] as const

export function addExplain(program: Command): void {
  const choice = (flags: string, text: string, own: string): Option => {
    const others = [...kinds, 'at'].filter((one) => one !== own)
    return new Option(flags, text).conflicts(others)
  }
  program
    .command('explain')
    .description('say why an xrun, a silent failure, a report or a late period came about')
    .argument('[path]', 'a scenario, a trace.ndjson, or - for a scenario on standard input')
    .addOption(choice('--xrun <n>', 'the nth xrun', 'xrun').argParser(ordinal))
    .addOption(choice('--silent <n>', 'the nth silent failure', 'silent').argParser(ordinal))
    .addOption(choice('--late <k>', 'the kth latest period', 'late').argParser(ordinal))
    .addOption(choice('--report <n>', 'the nth report of locks', 'report').argParser(ordinal))
    .addOption(choice('--memory <n>', 'the nth fault of memory', 'memory').argParser(ordinal))
    .addOption(choice('--at <time>', 'the period at this time, such as 650ms', 'at'))
    .option('--from <record>', 'with --to: the critical path between two records')
    .option('--to <record>', 'a number, a time such as 650ms, or xrun:1, silent:1, late:1 ...')
    .option('--markdown', 'the critical path as a Markdown table')
    .option('--proc <file>', "without a path: a substream's status; which scenarios look like it")
    .option('--hw-params <file>', 'its hw_params')
    .option('--sw-params <file>', 'its sw_params')
    .option('--dmesg <file>', 'the kernel log')
    .option('--seed <n>', "seed instead of the scenario's own", seedValue)
    .option('--set <path=value>', 'override a key of the scenario; repeatable', collect, [])
    .option('--filter <text>', 'the variant whose scenario/name contains this')
    .option('--no-counterfactuals', 'do not run the scenario again with single changes')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', examples)
    .action(async (path: string | undefined, flags: ExplainFlags, command: Command) => {
      const { proc, hwParams, swParams, dmesg } = flags
      const files = given({ proc, hwParams, swParams, dmesg })
      if (Object.keys(files).length > 0) {
        if (path !== undefined) command.error(`error: ${path}: allowed: files or a path, not both`)
        const { snapshotCommand } = await import('../app/Snapshot.ts')
        const asked = { ...files, json: flags.json === true }
        process.exitCode = await snapshotCommand(asked, makeConsole(false))
        return
      }
      if (path === undefined) command.error("error: missing required argument 'path'")
      const { explainCommand } = await import('../app/Explain.ts')
      const { seed, filter, at, from, to, markdown, set } = flags
      const kind = kinds.find((one) => flags[one] !== undefined)
      const asked = kind === undefined ? null : { kind, number: flags[kind] as number }
      const options = {
        ...given({ seed, filter, at, from, to, markdown }),
        set,
        asked,
        json: flags.json === true,
        trials: flags.counterfactuals,
      }
      process.exitCode = await explainCommand(path, options, makeConsole(false))
    })
}

function ordinal(text: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number > 0) return number
  throw new InvalidArgumentError('allowed: a whole number from 1')
}
