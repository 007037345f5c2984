/**
 * Captures as JSON in test/data/captures, short enough to be read in a diff: a call in a line, runs
 * of equal numbers counted. `expand(condense(capture))` is the capture.
 */
import type { Capture } from '../../../src/import/capture.ts'
import type { Facts, SideFacts } from '../../../src/import/facts.ts'
import type { Direction, Program, Step } from '../../../src/import/program.ts'

/** A capture with its long lists as texts. */
export interface Condensed extends Omit<Capture, 'programs' | 'facts'> {
  readonly programs: readonly (Omit<Program, 'steps'> & { readonly steps: readonly string[] })[]
  readonly facts: Omit<Facts, 'sides'> & {
    readonly sides: Readonly<Record<string, CondensedSide>>
  }
}

type CondensedSide = Omit<SideFacts, 'batches' | 'elapsedSteps'> & {
  /** `count@ms`, with spaces between them. */
  readonly batches: string
  /** `frames*times`. */
  readonly elapsedSteps: string
}

export function condense(capture: Capture): Condensed {
  const sides = Object.entries(capture.facts.sides).map(([side, facts]) => {
    const batches = facts.batches.map(([t, n]) => `${n}@${t}`).join(' ')
    return [side, { ...facts, batches, elapsedSteps: counted(facts.elapsedSteps) }]
  })
  return {
    ...capture,
    programs: capture.programs.map((one) => ({ ...one, steps: one.steps.map(stepText) })),
    facts: { ...capture.facts, sides: Object.fromEntries(sides) },
  }
}

export function expand(condensed: Condensed): Capture {
  const sides = Object.entries(condensed.facts.sides).map(([side, facts]) => {
    const batches = words(facts.batches).map((word): [number, number] => {
      const [n, t] = word.split('@').map(Number)
      return [t ?? 0, n ?? 0]
    })
    return [side, { ...facts, batches, elapsedSteps: uncounted(facts.elapsedSteps) }]
  })
  return {
    ...condensed,
    programs: condensed.programs.map((one) => ({ ...one, steps: one.steps.map(stepOf) })),
    facts: { ...condensed.facts, sides: Object.fromEntries(sides) },
  }
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ')
}

function counted(values: readonly number[]): string {
  const runs: [number, number][] = []
  for (const value of values) {
    const last = runs.at(-1)
    if (last?.[0] === value) last[1]++
    else runs.push([value, 1])
  }
  return runs.map(([value, n]) => `${value}*${n}`).join(' ')
}

function uncounted(text: string): readonly number[] {
  return words(text).flatMap((word) => {
    const [value = 0, n = 0] = word.split('*').map(Number)
    return new Array<number>(n).fill(value)
  })
}

const KEYS = [
  ['on', '@'],
  ['frames', '#'],
  ['atMs', 'at'],
  ['afterMs', 'after'],
  ['workMs', 'work'],
  ['forMs', 'for'],
  ['start_threshold', 'start'],
  ['stop_threshold', 'stop'],
  ['avail_min', 'avail'],
] as const satisfies readonly (readonly [keyof Step, string])[]

/** `writei @playback #480 work0.31 = 480`. */
function stepText(step: Step): string {
  const given = KEYS.flatMap(([key, mark]) => {
    const value = step[key]
    return value === undefined ? [] : [`${mark}${value}`]
  })
  return [step.call, ...given, '=', step.ret === null ? '?' : `${step.ret}`].join(' ')
}

function stepOf(text: string): Step {
  const [call = '', ...rest] = text.split(' ')
  const ret = rest.at(-1) ?? '?'
  const given = rest.slice(0, -2).map((word): [string, number | Direction] => {
    const [key, mark] = KEYS.find((one) => word.startsWith(one[1])) ?? ['', '']
    const value = word.slice(mark.length)
    return [key, key === 'on' ? (value as Direction) : Number(value)]
  })
  return {
    call,
    ...Object.fromEntries(given),
    ret: ret === '?' ? null : /^-?\d+$/.test(ret) ? Number(ret) : ret,
  }
}
