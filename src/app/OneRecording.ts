/**
 * The one run that a command is about: a saved trace, or the one scenario that a path and options
 * name, simulated. Several scenarios are a fault that names them.
 */
import * as Effect from 'effect/Effect'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { InputError } from './Errors.ts'
import { fullName } from './Jobs.ts'
import { loadScenarios } from './Load.ts'
import { chosenOf } from './OneScenario.ts'
import { type Recording, readTraceFile } from './SavedTrace.ts'
import { type SimulateOptions, simulate } from './Simulator.ts'

export interface OneOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
}

export interface OneRecording extends Recording {
  /** Null: it comes from a trace, whose scenario is not known. */
  readonly spec: ScenarioSpec | null
}

export function isTrace(path: string): boolean {
  return path.endsWith('.ndjson')
}

export const recordingOf = Effect.fnUntraced(function* (
  path: string,
  options: OneOptions,
  how: SimulateOptions = {},
) {
  if (isTrace(path)) {
    const recording = readTraceFile(path)
    if (typeof recording === 'string') return yield* new InputError({ lines: [recording] })
    const saved: OneRecording = { ...recording, spec: null }
    return saved
  }
  const spec = yield* oneSpec(path, options)
  const { recording: store, result } = simulate(spec, options.seed ?? spec.seed, how)
  const simulated: OneRecording = { store, result, spec }
  return simulated
})

/** The one scenario that `path` and options name; several are a fault. */
export const oneSpec = Effect.fnUntraced(function* (path: string, options: OneOptions) {
  const specs = chosenOf(yield* loadScenarios([path], options), options.filter ?? '')
  const [spec, ...more] = specs
  if (spec !== undefined && more.length === 0) return spec
  const names = specs.map(fullName).join(', ')
  const line = `${path}: ${specs.length} scenarios, allowed: one of them by --filter: ${names}`
  return yield* new InputError({ lines: [line] })
})
