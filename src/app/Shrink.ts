/**
 * `pcmsim shrink`, and what `explore` does with each finding: the smallest scenario that fails for
 * the same reason, as a file that runs, with a script of who runs when.
 */
import { dirname } from 'node:path'
import * as Effect from 'effect/Effect'
import { stringify } from 'yaml'
import type { Failure } from '../explore/failures.ts'
import type { Finding } from '../explore/search.ts'
import { finishedDocument, type Shrunk, shrink } from '../explore/shrink.ts'
import { ordinaryTrial, runTrial, type Target } from '../explore/trial.ts'
import { isMapping } from '../scenario/raw.ts'
import { formatSchedule, parseSchedule, type Schedule } from '../sim/schedule.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { wantedOf } from './ExploreWanted.ts'
import { Files } from './Files.ts'
import { modeline } from './modeline.ts'
import { decodeDocument, loadOne, type OneScenario } from './OneScenario.ts'
import { filePool } from './record-file.ts'
import { writeWhole } from './WriteFile.ts'

/** Documents tried for one finding. */
const RUNS_MAX = 600

const pool = filePool()

export interface ShrunkFile {
  readonly name: string
  readonly text: string
  /** Where it was written; empty: nowhere yet. */
  readonly path: string
  readonly failure: Failure
  readonly schedule: string
  readonly script: readonly string[]
  readonly runs: number
}

export function shrinkFinding(
  one: OneScenario,
  target: Target,
  { failure, schedule, faults }: Finding,
  seed: number,
): ShrunkFile | null {
  const parsed = parseSchedule(schedule)
  if (typeof parsed === 'string') return null
  const { oracles, predicates } = target
  const input = {
    document: one.document,
    decode: decodeDocument,
    target: { oracles, predicates },
    key: failure.key,
    schedule: parsed,
    faults,
    seed,
    runsMax: RUNS_MAX,
  }
  const shrunk = shrink(input, pool)
  return shrunk === null ? null : fileOf(one, shrunk, seed)
}

function fileOf({ spec }: OneScenario, shrunk: Shrunk, seed: number): ShrunkFile {
  const { failure, script, schedule, runs } = shrunk
  const name = nameOf(spec.name, failure)
  const document = { ...finishedDocument(shrunk, seed), name, summary: failure.text }
  const head = [
    `# Why: ${failure.text}`,
    `# Found by pcmsim explore in ${spec.name}, shrunk. Who runs when:`,
    ...script.map((line) => `#  ${line}`),
  ]
  const text = `${head.join('\n')}\n${stringify(inOrder(document), { lineWidth: 100 })}`
  return { name, text, path: '', failure, schedule: formatSchedule(schedule), script, runs }
}

function nameOf(scenario: string, { key }: Failure): string {
  const words = key
    .toLowerCase()
    .replace(/[^a-z]+/g, ' ')
    .trim()
    .split(' ')
  const failure = words.slice(0, 3).join('-')
  // What was shrunk before has its failure in its name.
  return scenario.endsWith(`-${failure}`) ? scenario : `${scenario.slice(0, 40)}-${failure}`
}

const ORDER = [
  'version',
  'name',
  'summary',
  'source',
  'tags',
  'duration',
  'seed',
  'reseed',
  'schedule',
  'guest',
  'host',
  'driver',
  'device',
  'streams',
  'faults',
  'expect',
]

function inOrder(document: Readonly<Record<string, unknown>>): object {
  const keys = ORDER.filter((key) => document[key] !== undefined && !isEmpty(document[key]))
  return Object.fromEntries(keys.map((key) => [key, document[key]]))
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isMapping(value) && Object.keys(value).length === 0
}

export interface ShrinkOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  /** Undefined: the scenario's own. */
  readonly schedule?: string
  readonly find: readonly string[]
  /** File to write; undefined: standard output. */
  readonly out?: string
}

export function shrinkCommand(
  path: string,
  options: ShrinkOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const wanted = yield* wantedOf(options)
    const one = yield* loadOne(path, options)
    const schedule = yield* scheduleFor(one, options.schedule)
    const seed = options.seed ?? one.spec.seed
    const target: Target = { spec: one.spec, ...wanted, features: false }
    const trial = { ...ordinaryTrial(seed, false), holds: schedule.holds, ties: schedule.ties }
    const [failure] = runTrial(target, trial, pool).failures
    if (failure === undefined) {
      const sought = [...wanted.oracles, ...options.find.filter((one) => /[<>=!]/.test(one))]
      const line = `${path}: nothing that is looked for fails (${sought.join(', ')})`
      return yield* new InputError({
        lines: [`${line}, allowed: a schedule that fails, or another --find`],
      })
    }
    const text = formatSchedule(schedule)
    const finding = { failure, run: 0, schedule: text, faults: [], times: 1 }
    const file = shrinkFinding(one, target, finding, seed)
    if (file === null) return yield* new InputError({ lines: [`${path}: did not fail again`] })
    const { out } = options
    if (out === undefined) console.out(`${modeline('.')}\n${file.text}`)
    else yield* writeWhole(out, `${modeline(dirname(out))}\n${file.text}`)
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

const scheduleFor = Effect.fnUntraced(function* (one: OneScenario, text: string | undefined) {
  if (text === undefined) return one.spec.schedule ?? ({ holds: [], ties: [] } satisfies Schedule)
  const parsed = parseSchedule(text)
  if (typeof parsed !== 'string') return parsed
  return yield* new InputError({ lines: [`--schedule: ${parsed}`] })
})
