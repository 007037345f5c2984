/**
 * The errors that the shell can fail with, each with the exit code that it means (interface §2),
 * and the one place where a fault becomes a line of text.
 */
import * as Schema from 'effect/Schema'
import { formatPath, type Path } from '../scenario/fault.ts'
import type { Position } from '../scenario/raw.ts'

export const exitCodes = {
  ok: 0,
  expectationFailed: 1,
  badInput: 2,
  regression: 3,
  nondeterminism: 4,
  bug: 70,
  interrupted: 130,
} as const

/** Lines to print; more than this many are counted, not printed. */
const linesMax = 100

/** Input or usage is at fault: one line per fault, none of them a stack trace. */
export class InputError extends Schema.TaggedError<InputError>()('InputError', {
  lines: Schema.Array(Schema.String),
}) {
  override get message(): string {
    const more = this.lines.length - linesMax
    const shown = this.lines.slice(0, linesMax)
    return [...shown, ...(more > 0 ? [`... and ${more} more faults`] : [])].join('\n')
  }
}

/** A file could not be written. */
export class OutputError extends Schema.TaggedError<OutputError>()('OutputError', {
  path: Schema.String,
  reason: Schema.String,
}) {
  override get message(): string {
    return `${this.path}: cannot be written: ${this.reason}`
  }
}

/** Two runs of the same scenario and seed differed: our promise is broken. */
export class NondeterminismError extends Schema.TaggedError<NondeterminismError>()(
  'NondeterminismError',
  { scenario: Schema.String, seed: Schema.Number, first: Schema.String, second: Schema.String },
) {
  override get message(): string {
    const { scenario, seed, first, second } = this
    return `${scenario}, seed ${seed}: two runs differ: fingerprints ${first} and ${second}`
  }
}

export function formatPosition(position: Position): string {
  if (position.line === 0) return position.file
  return `${position.file}:${position.line}:${position.col}`
}

/** `file:line:col: path.to.key: what is wrong, allowed: ...`. */
export function formatFault(
  position: Position,
  fault: { readonly path: Path; readonly what: string; readonly allowed?: string },
): string {
  const where = fault.path.length === 0 ? '' : ` ${formatPath(fault.path)}:`
  const rest = fault.allowed === undefined ? '' : `, allowed: ${fault.allowed}`
  return `${formatPosition(position)}:${where} ${fault.what}${rest}`
}

/** An assertion failed or something was thrown: a bug of ours, with all that a report needs. */
export class InternalError extends Schema.TaggedError<InternalError>()('InternalError', {
  scenario: Schema.String,
  seed: Schema.Number,
  reason: Schema.String,
  stack: Schema.String,
}) {
  override get message(): string {
    const where = `${this.scenario}, seed ${this.seed}`
    return `a bug in pcmsim, please report it: ${where}: ${this.reason}\n${this.stack}`
  }
}
