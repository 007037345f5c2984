/**
 * `pcmsim merge`: the files of shards, or of interrupted or repeated runs of them, into one. Points
 * that stand in several files count once; the order of the files does not matter, and a merge may
 * be merged again. Of a complete set the result equals that of one process, byte for byte.
 */
import * as Effect from 'effect/Effect'
import { folderRefusal, writeFileAtomically } from './atomic-write.ts'
import { exitCodes, InputError, NondeterminismError, OutputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { codeOf, reasonOf } from './io-reason.ts'
import { filesText, folderOf, resultsPath, sameSweep } from './Sweep.ts'
import { SweepSources } from './SweepFile.ts'
import { kindOf } from './SweepKinds.ts'
import type { SweepHeader } from './SweepLines.ts'
import type { OutputOptions } from './SweepOutput.ts'

export interface MergeOptions extends OutputOptions {
  readonly out: string
  readonly json: boolean
  readonly quiet: boolean
}

export function mergeCommand(
  paths: readonly string[],
  options: MergeOptions,
  output: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const refusal = folderRefusal(options.out)
    if (refusal !== undefined) return yield* new InputError({ lines: [`--out: ${refusal}`] })
    const sources = new SweepSources()
    try {
      const header = yield* readAll(paths, sources)
      return yield* write(header, sources, options, output)
    } finally {
      sources.close()
    }
  })
  return exitCodeOf(program, output)
}

const readAll = Effect.fnUntraced(function* (paths: readonly string[], sources: SweepSources) {
  const lines: string[] = []
  let header: SweepHeader | null = null
  for (const path of paths) {
    try {
      const found = sources.add(path).header
      if (found === null) lines.push(`${path}: says of no sweep that it is its results`)
      else if (header === null) header = found
      const whose = header === null ? null : sameSweep(found, header)
      if (whose !== null) lines.push(`${path}: ${whose}, unlike ${paths[0]}`)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      const missing = codeOf(error) === 'ENOENT'
      lines.push(`${path}: ${missing ? 'no such file' : `cannot be read: ${reasonOf(error)}`}`)
    }
  }
  if (lines.length > 0) return yield* new InputError({ lines })
  if (header === null) return yield* new InputError({ lines: ['nothing to merge'] })
  const { conflict } = sources
  if (conflict !== null) {
    const scenario = `${header.scenario}, point ${conflict.at}`
    const { before: first, path: second } = conflict
    return yield* new NondeterminismError({ scenario, seed: conflict.at, first, second })
  }
  return header
})

const write = Effect.fnUntraced(function* (
  header: SweepHeader,
  sources: SweepSources,
  options: MergeOptions,
  output: Console,
) {
  const path = resultsPath(options.out, header, null)
  const kind = kindOf(header)
  try {
    writeFileAtomically(path, sources.text(header))
    const made = yield* Effect.promise(() => {
      return kind.publish(header, sources.points(), folderOf(path), options)
    })
    const missing = header.points - sources.size
    if (missing > 0) {
      output.err(`pcmsim: ${missing} of ${header.points} ${kind.unit} are missing\n`)
    }
    if (sources.spoilt > 0) output.err(`pcmsim: ${sources.spoilt} broken lines were left out\n`)
    if (options.json) output.out(made.json)
    else if (!options.quiet) output.out(`${made.text}\n${filesText([path, ...made.files])}`)
    return missing > 0 ? exitCodes.expectationFailed : made.code
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return yield* new OutputError({ path, reason: reasonOf(error) })
  }
})
