/** `pcmsim chart`: a chart of one scenario, or of a saved trace, as SVG or PNG. */
import * as Effect from 'effect/Effect'
import { collectCompareRow } from '../analysis/compare.ts'
import { collectFacts } from '../analysis/explain/explain.ts'
import { CHART_KINDS, type ChartChoice, type ChartKind, COMPARE_KIND } from '../chart/kinds.ts'
import { layoutCompare } from '../chart/layout/compare.ts'
import type { Drawing } from '../chart/layout/shapes.ts'
import { OVERVIEW_BINS } from '../chart/layout/timeline.ts'
import { didYouMean } from '../scenario/near.ts'
import { type WindowOptions, windowOf } from './ChartWindow.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { fullName } from './Jobs.ts'
import { loadScenarios } from './Load.ts'
import { isTrace, recordingOf } from './OneRecording.ts'
import { pathEnds } from './PathEnds.ts'
import type { Recording } from './SavedTrace.ts'
import { simulate } from './Simulator.ts'
import { writeWhole } from './WriteFile.ts'

export interface ChartCommandOptions extends WindowOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  /** Name of a chart kind; default: timeline. */
  readonly kind?: string
  /** File to write; undefined: standard output. */
  readonly out?: string
  /** Draw PNG; also if `out` ends so. */
  readonly png?: boolean
  readonly theme?: 'auto' | 'light' | 'dark'
}

export function chartCommand(
  path: string,
  options: ChartCommandOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const kind = yield* kindOf(options.kind ?? 'timeline')
    const png = yield* wantsPng(options)
    const drawing = kind === null ? yield* compared(path, options) : yield* one(path, kind, options)
    const drawn = yield* rendered(drawing, { png, theme: options.theme ?? 'auto' })
    if (options.out === undefined) console.out(drawn as string)
    else yield* writeWhole(options.out, drawn)
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

/** Null: the comparison of several runs. */
const kindOf = Effect.fnUntraced(function* (name: string) {
  if (name === COMPARE_KIND.name) return null
  const kind = CHART_KINDS.find((one) => one.name === name)
  if (kind !== undefined) return kind
  const names = [...CHART_KINDS, COMPARE_KIND].map((one) => one.name)
  const what = `no such chart${didYouMean(name, names)}`
  const line = `--kind ${name}: ${what}, allowed: ${names.join(', ')}`
  return yield* new InputError({ lines: [line] })
})

const wantsPng = Effect.fnUntraced(function* ({ png, out }: ChartCommandOptions) {
  const wanted = png === true || out?.endsWith('.png') === true
  if (!wanted || out !== undefined) return wanted
  const line = '--png: pixels are not text, allowed: together with --out <file>'
  return yield* new InputError({ lines: [line] })
})

/** The stream and the window that the options name. */
const choiceOf = Effect.fnUntraced(function* (recording: Recording, options: WindowOptions) {
  yield* knownStream(recording, options.stream)
  const window = windowOf(recording, options)
  if (Array.isArray(window)) return yield* new InputError({ lines: window })
  const { stream } = options
  const choice: ChartChoice = {
    ...(stream === undefined ? {} : { stream }),
    ...(window === undefined ? {} : { window: window as NonNullable<ChartChoice['window']> }),
  }
  return choice
})

const knownStream = Effect.fnUntraced(function* (recording: Recording, name: string | undefined) {
  const names = Object.keys(recording.result.streams)
  if (name === undefined ? names.length > 0 : names.includes(name)) return
  const wanted = name === undefined ? 'no stream was opened' : `--stream ${name}: no such stream`
  return yield* new InputError({ lines: [`${wanted}, allowed: ${names.join(', ') || 'none'}`] })
})

const one = Effect.fnUntraced(function* (
  path: string,
  kind: ChartKind,
  options: ChartCommandOptions,
) {
  const recording = yield* recordingOf(path, options)
  const { from = '', to = '' } = options
  const records = kind.name === 'critical-path' && RECORDS.test(`${from} ${to}`)
  if (!records) return kind.draw(recording, yield* choiceOf(recording, options))
  const ends = pathEnds(collectFacts(recording.store, recording.result), from, to)
  if (Array.isArray(ends)) return yield* new InputError({ lines: ends })
  const numbers = { from: ends.from.record, to: ends.to.record }
  return kind.draw(recording, { records: numbers })
})

/** A path between records: one of its ends is a record's number or a failure. */
const RECORDS = /^\d+ |^[a-z]+:|\s\d+$|\s[a-z]+:/

/** Every scenario or variant that `path` and options name, one after the other. */
const compared = Effect.fnUntraced(function* (path: string, options: ChartCommandOptions) {
  const refused = ['from', 'to', 'around', 'span'].filter((name) => {
    return options[name as keyof ChartCommandOptions] !== undefined
  })
  const lines = refused.map((name) => `--${name}: a comparison shows whole runs, allowed: without`)
  if (isTrace(path)) lines.push(`${path}: one run alone, allowed: a scenario`)
  if (lines.length > 0) return yield* new InputError({ lines })
  const specs = yield* loadScenarios([path], options)
  const several = new Set(specs.map(({ name }) => name)).size > 1
  const rows = specs.map((spec) => {
    const { recording, result } = simulate(spec, options.seed ?? spec.seed)
    const name = several ? fullName(spec) : (spec.variant ?? spec.name)
    const row = collectCompareRow(name, recording, result, OVERVIEW_BINS, options.stream)
    recording.release()
    return row
  })
  const [first] = specs
  const scenario = several ? path : (first?.name ?? path)
  return layoutCompare({ scenario, seed: options.seed ?? first?.seed ?? 0, rows })
})

const rendered = Effect.fnUntraced(function* (
  drawing: Drawing,
  { png, theme }: { readonly png: boolean; readonly theme: 'auto' | 'light' | 'dark' },
) {
  return yield* Effect.promise(async (): Promise<string | Uint8Array> => {
    const { pngBytes, svgText } = await import('./Charts.ts')
    return png ? pngBytes(drawing, theme) : svgText(drawing, theme)
  })
})
