/**
 * `pcmsim export`: a run, or the verdicts of several, in the format of another tool, to a file or
 * to standard output. A file is written whole or not at all.
 */
import { basename, isAbsolute, relative } from 'node:path'
import * as Effect from 'effect/Effect'
import { explain } from '../analysis/explain/explain.ts'
import { collectLatencies } from '../analysis/latencies.ts'
import type { ExportedRun } from '../export/exported-run.ts'
import { type Finding, findingsOf, raceFindingsOf } from '../export/findings.ts'
import type { Machine } from '../export/ftrace.ts'
import { formatDuration, parseDuration } from '../scenario/quantity.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import {
  type ExportFormat,
  exportFormats,
  type VerdictFormat,
  verdictFormats,
} from './ExportFormats.ts'
import { Files } from './Files.ts'
import { loadFiles } from './Load.ts'
import { isTrace, recordingOf } from './OneRecording.ts'
import type { Recording } from './SavedTrace.ts'
import { simulate } from './Simulator.ts'
import { writeWhole } from './WriteFile.ts'

export interface ExportOptions {
  readonly format: string
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  /** File to write; undefined or `-`: standard output. */
  readonly out?: string
  /** Of `proc`: the instant, with its unit; default: the end of the run. */
  readonly at?: string
  /** Of `ftrace`: whose records; default: the guest's. */
  readonly machine?: Machine
}

export function exportCommand(
  path: string,
  options: ExportOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const pieces = yield* piecesOf(path, options)
    const { out } = options
    if (out !== undefined && out !== '-') yield* writeWhole(out, pieces)
    else for (const piece of pieces) console.out(piece as string)
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

const piecesOf = Effect.fnUntraced(function* (path: string, options: ExportOptions) {
  const verdicts = verdictFormats.find(({ name }) => name === options.format)
  const format = yield* formatOf(options)
  if (verdicts !== undefined) return verdicts.write(yield* judgedRuns(path, options, verdicts))
  const recording = yield* recordingOf(path, options)
  const atNs = yield* instantOf(recording, options)
  return format.write(recording, { atNs, machine: options.machine ?? 'guest' })
})

/** Every scenario and variant, one after the other; of a trace nothing is judged. */
const judgedRuns = Effect.fnUntraced(function* (
  path: string,
  options: ExportOptions,
  { needs }: VerdictFormat,
) {
  if (isTrace(path)) {
    const { store, result } = yield* recordingOf(path, options)
    const races = needs === 'findings' ? raceFindingsOf(store) : []
    return [runOf(store, { result, judged: false, why: '', file: null }, races, needs)]
  }
  const loaded = yield* loadFiles([path], options)
  return loaded.map(({ spec, file }) => {
    const seed = options.seed ?? spec.seed
    const { recording: store, result } = simulate(spec, seed)
    const why = result.pass ? '' : (explain(store, result)?.sentence ?? '')
    const races = needs === 'findings' ? racesOf(spec, seed) : []
    const judged = { result, judged: true, why, file: relativeTo(file) }
    const run = runOf(store, judged, races, needs)
    store.release()
    return run
  })
})

/** Accesses are recorded in a run of their own, so that the other's records keep their numbers. */
function racesOf(spec: ScenarioSpec, seed: number): readonly Finding[] {
  const { recording: store } = simulate(spec, seed, { accesses: true })
  const found = raceFindingsOf(store)
  store.release()
  return found
}

function runOf(
  store: TraceStore,
  judged: Omit<ExportedRun, 'latencies' | 'findings'>,
  races: readonly Finding[],
  needs: VerdictFormat['needs'],
): ExportedRun {
  const { result } = judged
  const latencies = needs === 'latencies' ? collectLatencies(store, result) : []
  const findings = needs === 'findings' ? [...findingsOf(store, result), ...races] : []
  return { ...judged, latencies, findings }
}

/** A file below the current folder by its way from there, another one by its name alone. */
function relativeTo(file: string): string | null {
  if (file === '-' || file.startsWith('<')) return null
  const way = relative('.', file)
  return way.startsWith('..') || isAbsolute(way) ? basename(file) : way
}

const formatOf = Effect.fnUntraced(function* (options: ExportOptions) {
  const { format: name, out } = options
  const format = exportFormats.find((one) => one.name === name) ?? VERDICTS
  const lines = optionNames.flatMap((option) => {
    if (options[option] === undefined || format.takes.includes(option)) return []
    const takers = exportFormats.filter(({ takes }) => takes.includes(option))
    const names = takers.map((one) => one.name).join(', ')
    return [`--${option}: means nothing to ${name}, allowed: with --format ${names}`]
  })
  if (format.binary && (out === undefined || out === '-')) {
    lines.push(`--format ${name}: is not text, allowed: together with --out <file>`)
  }
  if (lines.length > 0) return yield* new InputError({ lines })
  return format
})

/** What formats of verdicts take: nothing of their own. */
const VERDICTS: ExportFormat = { name: '', binary: false, takes: [], write: () => [] }

const optionNames = ['at', 'machine'] as const

const instantOf = Effect.fnUntraced(function* ({ result }: Recording, { at }: ExportOptions) {
  const endNs = result.virtualTimeNs
  if (at === undefined) return endNs
  const parsed = parseDuration(at)
  const allowed = `0s..${formatDuration(endNs)}`
  if (typeof parsed === 'number' && parsed >= 0 && parsed <= endNs) return parsed
  const what = typeof parsed === 'number' ? 'is not within the run' : parsed.what
  const may = typeof parsed === 'number' ? allowed : `${parsed.allowed}, within ${allowed}`
  return yield* new InputError({ lines: [`--at ${at}: ${what}, allowed: ${may}`] })
})
