/**
 * The smallest schedule that still fails: fewest answers first, by delta debugging (Zeller,
 * Hildebrandt: Simplifying and isolating failure-inducing input, 2002), then the shortest holds, by
 * halving. Deterministic; `fails` runs the system.
 */
import type { Answer, Schedule } from '../sim/schedule.ts'

type Fails = (schedule: Schedule) => boolean

interface Kept {
  readonly kind: 'hold' | 'tie'
  readonly answer: Answer
}

export function shrinkSchedule(schedule: Schedule, fails: Fails): Schedule {
  const all: Kept[] = [
    ...schedule.holds.map((answer): Kept => ({ kind: 'hold', answer })),
    ...schedule.ties.map((answer): Kept => ({ kind: 'tie', answer })),
  ]
  const fewest = fewestAnswers(all, (kept) => fails(scheduleOf(kept)))
  return shortestHolds(scheduleOf(fewest), fails)
}

function scheduleOf(kept: readonly Kept[]): Schedule {
  const of = (kind: Kept['kind']): readonly Answer[] =>
    kept.filter((one) => one.kind === kind).map((one) => one.answer)
  return { holds: of('hold'), ties: of('tie') }
}

/** No element of what is left can be taken away alone (1-minimal). */
function fewestAnswers(
  all: readonly Kept[],
  fails: (kept: readonly Kept[]) => boolean,
): readonly Kept[] {
  if (fails([])) return []
  let kept = all
  let parts = Math.min(2, kept.length)
  while (kept.length > 1) {
    const size = Math.ceil(kept.length / parts)
    const smaller = withoutOnePart(kept, size, fails)
    if (smaller !== null) {
      kept = smaller
      parts = Math.max(parts - 1, 2)
    } else if (size === 1) break
    else parts = Math.min(parts * 2, kept.length)
  }
  return kept
}

function withoutOnePart(
  kept: readonly Kept[],
  size: number,
  fails: (kept: readonly Kept[]) => boolean,
): readonly Kept[] | null {
  for (let from = 0; from < kept.length; from += size) {
    const rest = kept.toSpliced(from, size)
    if (rest.length > 0 && fails(rest)) return rest
  }
  return null
}

/** Each hold as short as it may be, to one part in sixteen, while the others stay. */
function shortestHolds(schedule: Schedule, fails: Fails): Schedule {
  let { holds } = schedule
  for (const [at, hold] of holds.entries()) {
    let working = hold.value
    let broken = 0
    while (working - broken > Math.max(working / 16, 1)) {
      const value = roundedBetween(broken, working)
      const shorter = holds.with(at, { at: hold.at, value })
      if (fails({ holds: shorter, ties: schedule.ties })) {
        holds = shorter
        working = value
      } else broken = value
    }
  }
  return { holds, ties: schedule.ties }
}

/** About the middle, with as few digits as lie between. */
function roundedBetween(low: number, high: number): number {
  const middle = Math.floor((low + high) / 2)
  for (let unit = 1_000_000_000; unit > 1; unit /= 10) {
    const rounded = Math.ceil(middle / unit) * unit
    if (rounded > low && rounded < high) return rounded
  }
  return middle
}
