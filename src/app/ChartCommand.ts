/** `pcmsim chart`: the timing chart of one scenario, or of a saved trace, as SVG. */
import * as Effect from 'effect/Effect'
import { formatDuration, parseDuration } from '../scenario/quantity.ts'
import { writeFileAtomically } from './atomic-write.ts'
import type { ChartOptions } from './Charts.ts'
import { exitCodes, InputError, OutputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { reasonOf } from './io-reason.ts'
import { fullName } from './Jobs.ts'
import { loadScenarios } from './Load.ts'
import { type Recording, readTraceFile } from './SavedTrace.ts'
import { simulate } from './Simulator.ts'

export interface ChartCommandOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  /** File to write; undefined: standard output. */
  readonly out?: string
  readonly stream?: string
  readonly from?: string
  readonly to?: string
  readonly theme?: 'auto' | 'light' | 'dark'
}

export function chartCommand(
  path: string,
  options: ChartCommandOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const choice = yield* chartOptions(options)
    const recording = path.endsWith('.ndjson')
      ? yield* saved(path)
      : yield* simulated(path, options)
    yield* knownStream(recording, options.stream)
    yield* withinRun(recording, choice)
    const svg = yield* draw(recording, choice)
    if (options.out === undefined) console.out(svg)
    else yield* write(options.out, svg)
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

const saved = Effect.fnUntraced(function* (path: string) {
  const recording = readTraceFile(path)
  if (typeof recording === 'string') return yield* new InputError({ lines: [recording] })
  return recording
})

const simulated = Effect.fnUntraced(function* (path: string, options: ChartCommandOptions) {
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

const knownStream = Effect.fnUntraced(function* (recording: Recording, name: string | undefined) {
  const names = Object.keys(recording.result.streams)
  if (name === undefined ? names.length > 0 : names.includes(name)) return
  const wanted = name === undefined ? 'no stream was opened' : `--stream ${name}: no such stream`
  return yield* new InputError({ lines: [`${wanted}, allowed: ${names.join(', ') || 'none'}`] })
})

const draw = Effect.fnUntraced(function* ({ store, result }: Recording, options: ChartOptions) {
  return yield* Effect.promise(async () => {
    const { drawTimeline } = await import('./Charts.ts')
    return drawTimeline(store, result, options)
  })
})

const write = Effect.fnUntraced(function* (path: string, svg: string) {
  try {
    writeFileAtomically(path, svg)
  } catch (error) {
    return yield* new OutputError({ path, reason: reasonOf(error) })
  }
})

/** `--from` and `--to` come together: a window has two ends. */
const chartOptions = Effect.fnUntraced(function* (options: ChartCommandOptions) {
  const { stream, theme, from, to } = options
  const plain: ChartOptions = {
    ...(stream === undefined ? {} : { stream }),
    ...(theme === undefined ? {} : { theme }),
  }
  if (from === undefined && to === undefined) return plain
  const lines: string[] = []
  const fromNs = timeOf('--from', from, lines)
  const toNs = timeOf('--to', to, lines)
  if (lines.length === 0 && toNs <= fromNs) {
    lines.push(`--to ${to}: is not after --from, allowed: more than ${from}`)
  }
  if (lines.length > 0) return yield* new InputError({ lines })
  return { ...plain, window: { fromNs, toNs } }
})

function timeOf(option: string, text: string | undefined, lines: string[]): number {
  const ns = parseDuration(text ?? '')
  if (typeof ns === 'number') return ns
  const what = text === undefined ? `${option}: is missing` : `${option} ${text}: ${ns.what}`
  const beside = text === undefined ? ', as a window has two ends' : ''
  lines.push(`${what}${beside}, allowed: ${ns.allowed}`)
  return 0
}

/** Nothing can be drawn of a time that was not simulated. */
const withinRun = Effect.fnUntraced(function* ({ result }: Recording, { window }: ChartOptions) {
  const endNs = result.virtualTimeNs
  if (window === undefined || window.toNs <= endNs) return
  const option = window.fromNs >= endNs ? '--from' : '--to'
  const given = formatDuration(option === '--from' ? window.fromNs : window.toNs)
  const end = formatDuration(endNs)
  const line = `${option} ${given}: the run ends at ${end}, allowed: 0s..${end}`
  return yield* new InputError({ lines: [line] })
})
