/** `pcmsim chart`: a chart of one scenario, or of a saved trace, as SVG or PNG. */
import * as Effect from 'effect/Effect'
import type { ChartChoice } from '../chart/kinds.ts'
import { CHART_KINDS, type ChartKind } from '../chart/kinds.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { type WindowOptions, windowOf } from './ChartWindow.ts'
import { exitCodes, InputError, OutputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { reasonOf } from './io-reason.ts'
import { fullName } from './Jobs.ts'
import { loadScenarios } from './Load.ts'
import { type Recording, readTraceFile } from './SavedTrace.ts'
import { simulate } from './Simulator.ts'

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
    const recording = yield* recordingOf(path, options)
    const choice = yield* choiceOf(recording, options)
    const drawn = yield* draw(kind, recording, choice, { png, theme: options.theme ?? 'auto' })
    if (options.out === undefined) console.out(drawn as string)
    else yield* write(options.out, drawn)
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

const kindOf = Effect.fnUntraced(function* (name: string) {
  const kind = CHART_KINDS.find((one) => one.name === name)
  if (kind !== undefined) return kind
  const names = CHART_KINDS.map((one) => one.name).join(', ')
  return yield* new InputError({ lines: [`--kind ${name}: no such chart, allowed: ${names}`] })
})

const wantsPng = Effect.fnUntraced(function* ({ png, out }: ChartCommandOptions) {
  const wanted = png === true || out?.endsWith('.png') === true
  if (!wanted || out !== undefined) return wanted
  const line = '--png: pixels are not text, allowed: together with --out <file>'
  return yield* new InputError({ lines: [line] })
})

/** One run, from a trace file or by simulating the one scenario that `path` and options name. */
export const recordingOf = Effect.fnUntraced(function* (
  path: string,
  options: { readonly set: readonly string[]; readonly filter?: string; readonly seed?: number },
) {
  if (path.endsWith('.ndjson')) {
    const recording = readTraceFile(path)
    if (typeof recording === 'string') return yield* new InputError({ lines: [recording] })
    return recording
  }
  const specs = yield* loadScenarios([path], options)
  const [spec, ...more] = specs
  if (spec === undefined || more.length > 0) {
    const names = specs.map(fullName).join(', ')
    const line = `${path}: ${specs.length} scenarios, allowed: one of them by --filter: ${names}`
    return yield* new InputError({ lines: [line] })
  }
  const { recording: store, result } = simulate(spec, options.seed ?? spec.seed)
  const recording: Recording = { store, result }
  return recording
})

/** The stream and the window that the options name. */
export const choiceOf = Effect.fnUntraced(function* (recording: Recording, options: WindowOptions) {
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

const draw = Effect.fnUntraced(function* (
  kind: ChartKind,
  recording: Recording,
  choice: ChartChoice,
  { png, theme }: { readonly png: boolean; readonly theme: 'auto' | 'light' | 'dark' },
) {
  return yield* Effect.promise(async (): Promise<string | Uint8Array> => {
    const { pngBytes, svgText } = await import('./Charts.ts')
    const drawing = kind.draw(recording, choice)
    return png ? pngBytes(drawing, theme) : svgText(drawing, theme)
  })
})

const write = Effect.fnUntraced(function* (path: string, drawn: string | Uint8Array) {
  try {
    writeFileAtomically(path, drawn)
  } catch (error) {
    return yield* new OutputError({ path, reason: reasonOf(error) })
  }
})
