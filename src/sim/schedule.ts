/**
 * A schedule: the answers of a policy that differ from an ordinary run's, as a string that can be
 * pasted. Printer and parser stand here together and share a version.
 *
 *     s1:h1042=250000,h1377=1000000,t12=2
 *
 * `hN=NS` holds back the context that does the Nth visible operation of the run, by NS nanoseconds.
 * `tN=I` lets candidate I of the equally early ones go first at the Nth event. Both count from 0
 * and ascend. `s1:-` is an ordinary run. Times are integer ns.
 */
import type { Prng } from '../base/prng.ts'
import type { Ns } from '../base/units.ts'
import type { Drawable, Policy } from './policy.ts'

export const SCHEDULE_VERSION = 's1'

/** One answer: to which question of its kind, and what. */
export interface Answer {
  readonly at: number
  readonly value: number
}

export interface Schedule {
  /** Visible operation and ns; ascending. */
  readonly holds: readonly Answer[]
  /** Event and index of the candidate that went first; ascending. */
  readonly ties: readonly Answer[]
}

/** More answers than this are no schedule that anybody can read. */
export const ANSWERS_MAX = 10_000

export function formatSchedule({ holds, ties }: Schedule): string {
  const parts = [
    ...holds.map(({ at, value }) => `h${at}=${value}`),
    ...ties.map(({ at, value }) => `t${at}=${value}`),
  ]
  return `${SCHEDULE_VERSION}:${parts.join(',') || '-'}`
}

/** The schedule, or what is wrong with the text. */
export function parseSchedule(text: string): Schedule | string {
  const colon = text.indexOf(':')
  const version = text.slice(0, Math.max(colon, 0))
  if (version !== SCHEDULE_VERSION) {
    const found = /^s\d+$/.test(version) ? `its version is ${version}` : 'it is not a schedule'
    return `${found}, allowed: ${SCHEDULE_VERSION}:h<N>=<ns>,...,t<N>=<index>,...`
  }
  const body = text.slice(colon + 1)
  const parts = body === '-' ? [] : body.split(',')
  if (parts.length > ANSWERS_MAX) return `${parts.length} answers, allowed: up to ${ANSWERS_MAX}`
  const lists = { h: [] as Answer[], t: [] as Answer[] }
  for (const part of parts) {
    const match = /^([ht])(\d{1,15})=(\d{1,15})$/.exec(part)
    if (match === null) return `'${part.slice(0, 40)}', allowed: h<N>=<ns> or t<N>=<index>`
    const list = lists[match[1] as 'h' | 't']
    const answer = { at: Number(match[2]), value: Number(match[3]) }
    if (answer.at <= (list.at(-1)?.at ?? -1)) return `'${part}' stands out of order`
    list.push(answer)
  }
  return { holds: lists.h, ties: lists.t }
}

/** Decides what a schedule does not say; every answer becomes part of the schedule of the run. */
export interface Decider {
  /** ns, 0: not held back. `at` is the number of the operation. */
  hold?(at: number, context: number, operation: string): Ns
  /** Index into the candidates, of which there may be only one; `at` is the number of the event. */
  tie?(at: number, candidates: readonly number[]): number
}

/**
 * Answers from a schedule, or from a decider, and writes down what it answered, so that any run can
 * be done again. Costs are drawn as in an ordinary run.
 */
export class SteeredPolicy implements Policy {
  readonly name = 'steered'
  readonly steers: boolean
  readonly reorders: boolean
  /** Questions so far: visible operations, events. */
  operations = 0
  events = 0
  private readonly decider: Decider
  private readonly holds: Answer[] = []
  private readonly ties: Answer[] = []

  constructor(decider: Decider) {
    this.decider = decider
    this.steers = decider.hold !== undefined
    this.reorders = decider.tie !== undefined
  }

  /** What was answered, without the answers of an ordinary run. */
  get schedule(): Schedule {
    return { holds: this.holds, ties: this.ties }
  }

  first(candidates: readonly number[]): number {
    const at = this.events++
    const wanted = this.decider.tie?.(at, candidates) ?? 0
    const index = wanted < candidates.length ? wanted : 0
    if (index > 0) this.ties.push({ at, value: index })
    return index
  }

  cost(drawable: Drawable, stream: Prng): Ns {
    return drawable.draw(stream)
  }

  delay(context: number, operation: string): Ns {
    const at = this.operations++
    const ns = this.decider.hold?.(at, context, operation) ?? 0
    if (ns > 0) this.holds.push({ at, value: ns })
    return ns
  }
}

/** The answers of a schedule, each at its question. */
export function replay(schedule: Schedule): SteeredPolicy {
  const { holds, ties } = schedule
  return new SteeredPolicy({
    ...(holds.length > 0 ? { hold: answerOf(holds) } : {}),
    ...(ties.length > 0 ? { tie: answerOf(ties) } : {}),
  })
}

/** Looks up ascending questions in ascending answers; 0 where there is none. */
export function answerOf(answers: readonly Answer[]): (at: number) => number {
  let next = 0
  return (at) => {
    const answer = answers[next]
    if (answer === undefined || answer.at !== at) return 0
    next++
    return answer.value
  }
}
