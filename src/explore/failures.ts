/**
 * What counts as found: everything that the analyses detect in a result, as a list of failures with
 * keys that are equal in two runs that fail for the same reason. Numbers that differ from run to
 * run (times, addresses, instances) are not part of a key.
 */
import type { RunResult } from '../analysis/result.ts'
import { framesToNsFloor, type Ns } from '../base/units.ts'

/** Groups of detectors, by which a search is told what to look for. */
export const ORACLES = {
  deadlock: 'contexts that wait for each other for ever, or a limit that ended the run',
  locks: 'sleeping or scheduling in atomic context, unbalanced locks',
  lockdep: 'lock orders that the validator reports',
  memory: 'use after free, leaks, what is freed while the device owns it',
  protocol: 'the driver or the device breaks the specification; kernel warnings',
  stall: 'a RUNNING stream that no longer moves, events that nobody reads',
  data: 'stale or skipped frames, positions that are wrong',
  xrun: 'xruns',
  expect: 'verdicts of the scenario that do not hold',
} as const

export type Oracle = keyof typeof ORACLES

/** What a search looks for unless it is told: what no delay of a machine may cause. */
export const DEFAULT_ORACLES: readonly Oracle[] = [
  'deadlock',
  'locks',
  'lockdep',
  'memory',
  'protocol',
  'stall',
]

export interface Failure {
  readonly oracle: Oracle
  /** Equal for equal reasons. */
  readonly key: string
  readonly text: string
  /** When it was noticed, if a record says. */
  readonly timeNs: Ns | null
  /** The verdict that a scenario expects which shows it, as its file says it. */
  readonly expect: Readonly<Record<string, unknown>>
}

/**
 * Each reason once, in the order of the result. `heldNs` is for how long the run was held up on
 * purpose: a stall that is no longer than that is not one.
 */
export function failuresOf(
  result: RunResult,
  oracles: readonly Oracle[],
  heldNs: Ns,
): readonly Failure[] {
  const found = new Map<string, Failure>()
  for (const failure of [...wholeRun(result), ...ofStreams(result, heldNs)]) {
    if (oracles.includes(failure.oracle) && !found.has(failure.key)) found.set(failure.key, failure)
  }
  return [...found.values()]
}

function wholeRun({ outcome, limit, locks, memory, warnings }: RunResult): Failure[] {
  const failures: Failure[] = []
  const add = (
    oracle: Oracle,
    kind: string,
    text: string,
    timeNs: Ns | null,
    expect: Failure['expect'],
  ): void => {
    const key = `${kind}: ${general(text)}`
    failures.push({ oracle, key, text: `${kind}: ${text}`, timeNs, expect })
  }
  for (const { kind, text, timeNs } of locks.actual) {
    const oracle = kind === 'deadlock' ? 'deadlock' : 'locks'
    const expect = { locks: { actual: { [kind]: '>= 1' } } }
    const ends = outcome === 'deadlock' ? { outcome } : {}
    add(oracle, kind, firstLine(text), timeNs, { ...ends, ...expect })
  }
  if (outcome === 'limit') add('deadlock', 'limit', limit ?? 'a limit', null, { outcome })
  for (const { kind, classes } of locks.predicted) {
    add('lockdep', kind, classes.join(', '), null, { locks: { predicted: { [kind]: '>= 1' } } })
  }
  for (const { kind, what, timeNs } of memory) {
    add('memory', kind, what, timeNs, { memory: { [kind]: '>= 1' } })
  }
  for (const { kind, text, timeNs } of warnings) {
    if (kind === 'limit') continue
    add('protocol', kind, firstLine(text), timeNs, { warnings: { [kind]: '>= 1' } })
  }
  return failures
}

function ofStreams({ streams, expectations }: RunResult, heldNs: Ns): Failure[] {
  const failures: Failure[] = []
  for (const [name, { silentFailures, xruns, params }] of Object.entries(streams)) {
    const ringsNs = framesToNsFloor(2 * params.buffer_size, params.rate || 1)
    for (const { kind, timeNs, untilNs } of silentFailures) {
      if (kind === 'stalled' && untilNs - timeNs <= heldNs + ringsNs) continue
      const oracle = kind === 'stalled' || kind === 'lost-event' ? 'stall' : 'data'
      const text = `${kind}: ${name}`
      const expect = { silent_failures: { [kind]: '>= 1' } }
      failures.push({ oracle, key: text, text, timeNs, expect })
    }
    for (const { cause, timeNs } of xruns) {
      const text = `xrun (${cause}): ${name}`
      const expect = { xruns: { [cause]: '>= 1' } }
      failures.push({ oracle: 'xrun', key: text, text, timeNs, expect })
    }
  }
  for (const { name, pass, expected, actual } of expectations) {
    if (pass) continue
    const text = `expect ${name}: expected ${expected}, was ${actual}`
    failures.push({ oracle: 'expect', key: `expect: ${name}`, text, timeNs: null, expect: {} })
  }
  return failures
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

/** Without the numbers: instances and times differ between runs that fail for one reason. */
function general(text: string): string {
  return text.replace(/\d+/g, '#')
}
