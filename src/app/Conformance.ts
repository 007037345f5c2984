/**
 * `pcmsim conformance`: the kernel's PCM self-test on the card of a scenario, or on the ideal card.
 * Prints KTAP; the exit code says whether a case failed.
 */
import * as Effect from 'effect/Effect'
import { type ConfText, runConformance } from '../scenario/conformance.ts'
import type { Override } from '../scenario/variants.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { fullName } from './Jobs.ts'
import { type LoadOptions, loadScenarios, loadText, parseOverride } from './Load.ts'

const idealCard = 'version: 1\nname: ideal-card\ndriver: {kind: ideal}\nstreams: [{}]\n'

export interface ConformanceOptions extends LoadOptions {
  readonly conf: readonly string[]
  readonly seed?: number
  readonly json: boolean
  readonly quiet: boolean
}

export function conformanceCommand(
  path: string | undefined,
  options: ConformanceOptions,
  console: Console,
): Promise<number> {
  return exitCodeOf(program(path, options, console).pipe(Effect.provide(Files.layer)), console)
}

const program = Effect.fnUntraced(function* (
  path: string | undefined,
  options: ConformanceOptions,
  console: Console,
) {
  const spec = yield* chosenSpec(path, options)
  const confs = yield* readConfs(options.conf)
  const done = runConformance(spec, options.seed ?? spec.seed, confs)
  if (done.fault !== null) return yield* new InputError({ lines: [done.fault] })
  if (options.json) {
    const answer = { scenario: spec.name, variant: spec.variant, ...done.counts, ktap: done.text }
    console.out(`${JSON.stringify(answer, null, 2)}\n`)
  } else if (!options.quiet) console.out(done.text)
  return done.counts.fail === 0 ? exitCodes.ok : exitCodes.expectationFailed
})

/** One card at a time: a scenario of several variants needs one of them chosen. */
const chosenSpec = Effect.fnUntraced(function* (
  path: string | undefined,
  options: ConformanceOptions,
) {
  const specs =
    path === undefined ? yield* idealSpecs(options) : yield* loadScenarios([path], options)
  const [spec, other] = specs
  if (spec !== undefined && other === undefined) return spec
  const names = specs.map(fullName).join(', ')
  const line = `${path}: ${specs.length} cards, choose one with --filter, allowed: ${names}`
  return yield* new InputError({ lines: [line] })
})

const idealSpecs = Effect.fnUntraced(function* (options: ConformanceOptions) {
  const overrides: Override[] = []
  for (const text of options.set ?? []) {
    const parsed = parseOverride(text)
    if (typeof parsed === 'string') return yield* new InputError({ lines: [parsed] })
    overrides.push(parsed)
  }
  const loaded = loadText({ name: 'ideal-card', text: idealCard }, overrides)
  if (loaded.specs === null) return yield* new InputError({ lines: loaded.lines })
  return loaded.specs
})

const readConfs = Effect.fnUntraced(function* (paths: readonly string[]) {
  const files = yield* Files
  const confs: ConfText[] = []
  for (const path of paths) confs.push(yield* files.read(path))
  return confs
})
