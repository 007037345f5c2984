/**
 * The edge of the shell: runs a program and turns its end into an exit code and lines on standard
 * error. Nothing else prints errors.
 */
import * as Cause from 'effect/Cause'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import { exitCodes, InputError, InternalError, NondeterminismError, OutputError } from './Errors.ts'
import { UnwritableError } from './io-reason.ts'

export type ShellError = InputError | OutputError | NondeterminismError | InternalError

export interface Console {
  out(text: string): void
  err(text: string): void
}

export async function exitCodeOf(
  program: Effect.Effect<number, ShellError>,
  console: Console,
): Promise<number> {
  const exit = await Effect.runPromiseExit(program)
  if (Exit.isSuccess(exit)) return exit.value
  const error = Cause.squash(exit.cause)
  if (error instanceof InputError) return report(error.message, exitCodes.badInput, console)
  if (error instanceof OutputError) return report(error.message, exitCodes.badInput, console)
  if (error instanceof NondeterminismError) {
    return report(error.message, exitCodes.nondeterminism, console)
  }
  if (error instanceof UnwritableError) {
    const { path, message: reason } = error
    return report(new OutputError({ path, reason }).message, exitCodes.badInput, console)
  }
  const text = error instanceof InternalError ? error.message : bugText(error)
  return report(text, exitCodes.bug, console)
}

function report(text: string, code: number, console: Console): number {
  console.err(`${printable(text)}\n`)
  return code
}

/** A file's own words are in messages; what would move a terminal's cursor is not. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd')
}

export function bugText(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `a bug in pcmsim, please report it: ${stack}`
}
