/**
 * `pcmsim export`: one run in the format of another tool, to a file or to standard output. A file
 * is written whole or not at all.
 */
import * as Effect from 'effect/Effect'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { type ExportFormat, exportFormats } from './ExportFormats.ts'
import { Files } from './Files.ts'
import { recordingOf } from './OneRecording.ts'
import { writeWhole } from './WriteFile.ts'

export interface ExportOptions {
  readonly format: string
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  /** File to write; undefined or `-`: standard output. */
  readonly out?: string
}

export function exportCommand(
  path: string,
  options: ExportOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const format = yield* formatOf(options)
    const recording = yield* recordingOf(path, options)
    const pieces = format.write(recording)
    const { out } = options
    if (out !== undefined && out !== '-') yield* writeWhole(out, pieces)
    else for (const piece of pieces) console.out(piece as string)
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

const formatOf = Effect.fnUntraced(function* ({ format: name, out }: ExportOptions) {
  const format = exportFormats.find((one) => one.name === name) as ExportFormat
  if (!format.binary || (out !== undefined && out !== '-')) return format
  const line = `--format ${name}: is not text, allowed: together with --out <file>`
  return yield* new InputError({ lines: [line] })
})
