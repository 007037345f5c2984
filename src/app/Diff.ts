/**
 * `pcmsim diff`: two runs side by side: files, variants, seeds or saved traces. Where they part,
 * which verdicts, reports, lock edges and numbers changed, and what the change costs.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import * as Effect from 'effect/Effect'
import { type CompareRow, collectCompareRow } from '../analysis/compare.ts'
import { compareRuns } from '../analysis/diff/changes.ts'
import { firstDivergence, laneDivergences } from '../analysis/diff/divergence.ts'
import { collectRunFacts } from '../analysis/diff/facts.ts'
import { layoutCompare } from '../chart/layout/compare.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { diffJson, diffMarkdown, diffText } from './DiffText.ts'
import { exitCodes, InputError, OutputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { reasonOf } from './io-reason.ts'
import { loadOne } from './OneScenario.ts'
import { type Recording, readTraceFile } from './SavedTrace.ts'
import { simulate } from './Simulator.ts'

export interface SideOptions {
  readonly path: string
  /** Of both sides. */
  readonly set: readonly string[]
  readonly ownSet?: { readonly option: string; readonly texts: readonly string[] }
  readonly filter?: string
  readonly seed?: number
}

export interface DiffOptions {
  readonly a: SideOptions
  readonly b: SideOptions
  readonly format: 'text' | 'markdown' | 'json'
  /** File of a comparison chart. */
  readonly chart?: string
}

export function diffCommand(options: DiffOptions, console: Console): Promise<number> {
  const program = Effect.gen(function* () {
    const a = yield* sideOf(options.a)
    const b = yield* sideOf(options.b)
    const compared = {
      a: { name: nameOf(options.a, a), result: a.result },
      b: { name: nameOf(options.b, b), result: b.result },
      changes: compareRuns(collectRunFacts(a.store, a.result), collectRunFacts(b.store, b.result)),
      first: firstDivergence(a.store, b.store),
      lanes: laneDivergences(a.store, b.store),
    }
    if (options.chart !== undefined) {
      const rows = [row(compared.a.name, a), row(compared.b.name, b)]
      yield* writeChart(options.chart, a.result, rows)
    }
    const write = { text: diffText, markdown: diffMarkdown, json: diffJson }[options.format]
    console.out(write(compared))
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

const sideOf = Effect.fnUntraced(function* (side: SideOptions) {
  if (side.path.endsWith('.ndjson')) {
    const recording = readTraceFile(side.path)
    if (typeof recording === 'string') return yield* new InputError({ lines: [recording] })
    return recording
  }
  const { spec } = yield* loadOne(side.path, side)
  const { recording: store, result } = simulate(spec, side.seed ?? spec.seed)
  const named: Recording = { store, result: { ...result, scenario: spec.name } }
  return named
})

function nameOf({ set, ownSet }: SideOptions, { result }: Recording): string {
  const { scenario: name, variant, seed } = result
  const full = variant === null ? name : `${name}/${variant}`
  return [full, ...set, ...(ownSet?.texts ?? []), `seed ${seed}`].join(', ')
}

const BINS = 200

function row(name: string, { store, result }: Recording): CompareRow {
  return collectCompareRow(name, store, result, BINS)
}

const writeChart = Effect.fnUntraced(function* (
  path: string,
  { scenario, seed }: Recording['result'],
  rows: readonly CompareRow[],
) {
  const svg = yield* Effect.promise(async () => {
    const { svgText } = await import('./Charts.ts')
    return svgText(layoutCompare({ scenario, seed, rows }))
  })
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileAtomically(path, svg)
  } catch (error) {
    return yield* new OutputError({ path, reason: reasonOf(error) })
  }
})
