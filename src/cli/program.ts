/**
 * The program as commander has it. Each command is a file beside this one; what a command needs is
 * loaded when it runs, because loading everything would take longer than most runs.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { choiceFault } from '../app/ChoiceFault.ts'
import { addBench } from './bench.ts'
import { addCalibrate } from './calibrate.ts'
import { addChart } from './chart.ts'
import { addCheck } from './check.ts'
import { addCompletion } from './completion.ts'
import { addConformance } from './conformance.ts'
import { addDiff } from './diff.ts'
import { addExplain } from './explain.ts'
import { addExplore, addReplay, addShrink } from './explore.ts'
import { addExport } from './export.ts'
import { addInit } from './init.ts'
import { addList } from './list.ts'
import { addLocks } from './locks.ts'
import { addMan } from './man.ts'
import { addRecommend } from './recommend.ts'
import { addReport } from './report.ts'
import { addRun } from './run.ts'
import { addSchema } from './schema.ts'
import { addMerge, addSweep } from './sweep.ts'

const usageCode = 2
const bugCode = 70

const examples = `
Examples:
  pcmsim run scenarios/first-light.yaml      run, print a report, write out/
  pcmsim check scenarios/                    validate only
  pcmsim list drivers                        what exists
  pcmsim init my-scenario.yaml               a scenario of your own

pcmsim <command> --help tells more. Exit codes: 0 as expected, 1 an expectation failed,
2 bad usage or input, 3 a benchmark regression, 4 nondeterminism found, 70 a bug of pcmsim,
130 interrupted.
`

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { readonly version: unknown }).version)
}

function makeProgram(): Command {
  const program = new Command('pcmsim')
    .description('Deterministic simulator of guest/host PCM audio timing.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError(true)
    .addHelpText('after', examples)
    .exitOverride()
  program.configureHelp({ showGlobalOptions: false })
  for (const add of [
    addRun,
    addCheck,
    addBench,
    addCalibrate,
    addChart,
    addConformance,
    addDiff,
    addExplain,
    addExplore,
    addExport,
    addInit,
    addList,
    addLocks,
    addMerge,
    addRecommend,
    addReport,
    addReplay,
    addSchema,
    addShrink,
    addSweep,
    addCompletion,
  ])
    add(program)
  addMan(program, version())
  for (const command of program.commands) {
    command
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(choiceFault(text)) })
    for (const option of command.options) {
      // Not `default: []`, which is how commander would print it.
      if (Array.isArray(option.defaultValue)) option.defaultValueDescription = 'none'
    }
  }
  return program
}

/** Does what the words after `pcmsim` say; the exit code is left in `process.exitCode`. */
export async function runProgram(words: readonly string[]): Promise<void> {
  const program = makeProgram()
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : usageCode
      return
    }
    const stack = error instanceof Error ? error.stack : String(error)
    process.stderr.write(`a bug in pcmsim, please report it: ${stack}\n`)
    process.exitCode = bugCode
  }
}
