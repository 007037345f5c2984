/**
 * `pcmsim explain`: why an xrun, a silent failure, a report or a late period of a scenario or of a
 * saved trace came about.
 */
import * as Effect from 'effect/Effect'
import { collectFacts, explainFacts, type Facts } from '../analysis/explain/explain.ts'
import { pathBetween } from '../analysis/explain/steps.ts'
import { type Asked, countOf } from '../analysis/explain/subject.ts'
import { parseDuration } from '../scenario/quantity.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { explainJson, explainText } from './ExplainText.ts'
import { tryChanges } from './ExplainTrials.ts'
import { Files } from './Files.ts'
import { loadOne, type OneScenario } from './OneScenario.ts'
import { pathEnds } from './PathEnds.ts'
import { pathJson, pathMarkdown, pathText } from './PathText.ts'
import { type Recording, readTraceFile } from './SavedTrace.ts'
import { simulate } from './Simulator.ts'

export interface ExplainOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  /** Null: the first failure, else the latest period. */
  readonly asked: Asked | null
  /** An instant such as `650ms`, instead of `asked`. */
  readonly at?: string
  /** Both: the critical path between two records (PathEnds.ts), instead of `asked`. */
  readonly from?: string
  readonly to?: string
  readonly json: boolean
  /** Of a critical path: a Markdown table. */
  readonly markdown?: boolean
  /** Run the scenario again with single changes. */
  readonly trials: boolean
}

const NEEDS_SCENARIO =
  'Counterfactuals need the scenario: a trace alone cannot be run again with a change.'

export function explainCommand(
  path: string,
  options: ExplainOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const asked = yield* askedOf(options)
    const isTrace = path.endsWith('.ndjson')
    const one = isTrace ? null : yield* loadOne(path, options)
    const seed = options.seed ?? one?.spec.seed ?? 0
    const { store, result } = one === null ? yield* saved(path) : simulated(one, seed)
    const facts = collectFacts(store, result)
    const { from, to } = options
    if (from !== undefined || to !== undefined) {
      console.out(yield* pathOutput(facts, from, to, options))
      return exitCodes.ok
    }
    if (options.markdown === true) return yield* new InputError({ lines: [MARKDOWN] })
    const explanation = explainFacts(facts, asked)
    if (explanation === null) return yield* nothing(path, result, asked)
    const withoutTrials = isTrace ? NEEDS_SCENARIO : ''
    const tried = one === null || !options.trials ? null : tryChanges(explanation, facts, one, seed)
    const output = { explanation, result, tried, withoutTrials }
    console.out(options.json ? explainJson(output) : explainText(output))
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

const MARKDOWN = '--markdown: of a critical path only, allowed: with --from and --to'

const pathOutput = Effect.fnUntraced(function* (
  facts: Facts,
  from: string | undefined,
  to: string | undefined,
  { json, markdown }: ExplainOptions,
) {
  const ends = pathEnds(facts, from, to)
  if (Array.isArray(ends)) return yield* new InputError({ lines: ends })
  const path = pathBetween(facts, ends.from, ends.to)
  if (json) return pathJson(path, facts.result)
  return markdown === true ? pathMarkdown(path, facts.result) : pathText(path, facts.result)
})

const askedOf = Effect.fnUntraced(function* ({ asked, at }: ExplainOptions) {
  if (at === undefined) return asked
  const atNs = parseDuration(at)
  if (typeof atNs === 'number' && atNs >= 0) {
    const instant: Asked = { kind: 'at', number: atNs }
    return instant
  }
  return yield* new InputError({ lines: [`--at ${at}: not a time, allowed: such as 650ms`] })
})

const nothing = Effect.fnUntraced(function* (
  path: string,
  result: Recording['result'],
  asked: Asked | null,
) {
  if (asked === null) {
    return yield* new InputError({ lines: [`${path}: no failure and no late period to explain`] })
  }
  const { kind, number } = asked
  if (kind === 'at') {
    const end = `${result.virtualTimeNs}ns`
    const line = `--at ${number}ns: no period to explain at or after it, the run ends at ${end}`
    return yield* new InputError({ lines: [line] })
  }
  const count = countOf(result, kind)
  const allowed = kind === 'late' ? 'a period that lost slack' : count > 0 ? `1..${count}` : 'none'
  const line = `--${kind} ${number}: the run has no such, allowed: ${allowed}`
  return yield* new InputError({ lines: [line] })
})

const saved = Effect.fnUntraced(function* (path: string) {
  const recording = readTraceFile(path)
  if (typeof recording === 'string') return yield* new InputError({ lines: [recording] })
  return recording
})

function simulated({ spec }: OneScenario, seed: number): Recording {
  const { recording: store, result } = simulate(spec, seed)
  return { store, result }
}
