/**
 * The commands of the command line as functions: plain options in, exit code out. cli/ turns words
 * into these calls and nothing more.
 */
import * as Effect from 'effect/Effect'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { exitCodes, type InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { fullName } from './Jobs.ts'
import { type LoadOptions, loadScenarios } from './Load.ts'
import { type JobServer, type Output, type RunOptions, runScenarios } from './Runner.ts'

export function runCommand(
  paths: readonly string[],
  options: RunOptions,
  server: JobServer,
  console: Console & Output,
): Promise<number> {
  const program = runScenarios(paths, options, server, console).pipe(
    Effect.map((outcome) => (outcome.pass ? exitCodes.ok : exitCodes.expectationFailed)),
    Effect.provide(Files.layer),
  )
  return exitCodeOf(program, console)
}

export interface CheckOptions extends LoadOptions {
  readonly json: boolean
  readonly quiet: boolean
}

export function checkCommand(
  paths: readonly string[],
  options: CheckOptions,
  console: Console,
): Promise<number> {
  const program = loadScenarios(paths, options).pipe(
    Effect.map((specs) => {
      if (options.json) console.out(checkJson(specs))
      else if (!options.quiet) console.out(specs.map((one) => `ok ${fullName(one)}\n`).join(''))
      return exitCodes.ok
    }),
    Effect.catchTag('InputError', (error: InputError) => {
      if (options.json) {
        console.out(`${JSON.stringify({ ok: false, faults: error.lines }, null, 2)}\n`)
      }
      return Effect.fail(error)
    }),
    Effect.provide(Files.layer),
  )
  return exitCodeOf(program, console)
}

function checkJson(specs: readonly ScenarioSpec[]): string {
  const scenarios = specs.map((one) => ({ name: one.name, variant: one.variant }))
  return `${JSON.stringify({ ok: true, scenarios }, null, 2)}\n`
}
