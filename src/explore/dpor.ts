/**
 * One run for each order of conflicting steps: dynamic partial-order reduction with sleep sets. Two
 * runs that differ only in the order of steps that touch nothing in common are the same to every
 * observer; of each such class (a Mazurkiewicz trace) exactly one run goes to its end.
 *
 * Flanagan, Godefroid: Dynamic partial-order reduction for model checking software, POPL 2005;
 * Godefroid: Partial-order methods (sleep sets), 1996. The direct races of a run are found as in
 * Abdulla et al., Optimal dynamic partial order reduction, POPL 2014.
 */
import { present } from '../base/assert.ts'
import type { Ns } from '../base/units.ts'
import type { Drawable, Policy } from '../sim/policy.ts'
import type { Answer, Schedule } from '../sim/schedule.ts'
import { type Exploration, Failures, type Observer, type System } from './system.ts'

/** Objects that a step touched: true if it wrote. */
type Accesses = ReadonlyMap<number, boolean>

interface Step {
  readonly candidates: readonly number[]
  slot: number
  accesses: Map<number, boolean>
  /** Candidates that have to be tried here. */
  readonly backtrack: Set<number>
  /** Candidates tried, with what their step touched. */
  readonly done: Map<number, Accesses>
  /** Candidates whose step here leads only to runs that were already seen. */
  readonly sleep: ReadonlyMap<number, Accesses>
}

export interface DporOptions {
  readonly runsMax: number
  readonly stopAtFirst?: boolean
}

export function exploreTraces(system: System, options: DporOptions): Exploration {
  const tree = new StepTree()
  const failures = new Failures()
  let runs = 0
  let redundant = 0
  for (;;) {
    tree.begin()
    const what = system(tree, tree)
    if (tree.end()) {
      runs++
      failures.take(what, tree.schedule)
    } else redundant++
    const stop = options.stopAtFirst === true && failures.any
    const complete = !tree.next()
    if (complete || stop || runs + redundant >= options.runsMax) {
      return { runs, redundant, complete, failures: failures.list() }
    }
  }
}

class StepTree implements Policy, Observer {
  readonly name = 'dpor'
  readonly reorders = true
  readonly steers = false
  private readonly path: Step[] = []
  private at = 0
  /** All candidates slept: what follows was already seen. */
  private asleep = false
  private ties: Answer[] = []
  private events = 0

  begin(): void {
    this.at = 0
    this.asleep = false
    this.ties = []
    this.events = 0
  }

  get schedule(): Schedule {
    return { holds: [], ties: this.ties }
  }

  cost(drawable: Drawable, stream: Parameters<Drawable['draw']>[0]): Ns {
    return drawable.draw(stream)
  }

  delay(): Ns {
    return 0
  }

  access(object: number, write: boolean): void {
    if (this.asleep || this.at === 0) return
    const { accesses } = this.path[this.at - 1] as Step
    accesses.set(object, write || accesses.get(object) === true)
  }

  first(candidates: readonly number[]): number {
    const index = this.choose(candidates)
    if (index > 0) this.ties.push({ at: this.events, value: index })
    this.events++
    return index
  }

  private choose(candidates: readonly number[]): number {
    if (this.asleep) return 0
    const known = this.path[this.at]
    if (known !== undefined) {
      this.at++
      known.accesses = new Map()
      return candidates.indexOf(known.slot)
    }
    const sleep = this.sleepers()
    const slot = candidates.find((one) => !sleep.has(one))
    if (slot === undefined) {
      this.asleep = true
      return 0
    }
    const backtrack = new Set([slot])
    const accesses = new Map<number, boolean>()
    this.path.push({ candidates, slot, accesses, backtrack, done: new Map(), sleep })
    this.at++
    return candidates.indexOf(slot)
  }

  /** Who sleeps after the last step: those before it, and those tried there, if they commute. */
  private sleepers(): ReadonlyMap<number, Accesses> {
    const last = this.path.at(-1)
    if (last === undefined) return new Map()
    const before = [...last.sleep, ...last.done]
    return new Map(
      before.filter(([slot, its]) => slot !== last.slot && !conflict(its, last.accesses)),
    )
  }

  /** Looks for races; false if the run was given up. */
  end(): boolean {
    addBacktracks(this.path)
    return !this.asleep
  }

  /** Goes to the deepest step that has something left to try; false if there is none. */
  next(): boolean {
    for (let step = this.path.at(-1); step !== undefined; step = this.path.at(-1)) {
      step.done.set(step.slot, step.accesses)
      const { backtrack, done, sleep } = step
      const next = [...backtrack].find((slot) => !done.has(slot) && !sleep.has(slot))
      if (next !== undefined) {
        step.slot = next
        return true
      }
      this.path.pop()
    }
    return false
  }
}

function conflict(a: Accesses, b: Accesses): boolean {
  for (const [object, write] of a) {
    const other = b.get(object)
    if (other !== undefined && (write || other)) return true
  }
  return false
}

/**
 * For each pair of racing steps: something that leads to the other order is tried at the earlier.
 */
function addBacktracks(path: readonly Step[]): void {
  const clocks: Clock[] = []
  const lastOf = new Map<number, number>()
  for (const [j, step] of path.entries()) {
    const own = lastOf.get(step.slot)
    const clock = new Map(own === undefined ? [] : clocks[own])
    const races: number[] = []
    for (let i = j - 1; i >= 0; i--) {
      const earlier = path[i] as Step
      if (earlier.slot === step.slot || (clock.get(earlier.slot) ?? -1) >= i) continue
      if (!conflict(earlier.accesses, step.accesses)) continue
      races.push(i)
      join(clock, present(clocks[i], 'clocks of earlier steps are known'))
    }
    clock.set(step.slot, j)
    clocks.push(clock)
    lastOf.set(step.slot, j)
    for (const i of races) backtrackAt(path, clocks, i, j)
  }
}

/** Last step of each process that happens before, or is, this one. */
type Clock = Map<number, number>

function join(clock: Clock, other: Clock): void {
  for (const [slot, at] of other) if ((clock.get(slot) ?? -1) < at) clock.set(slot, at)
}

/** Whether step `i` happens before step `j`. */
function before(path: readonly Step[], clocks: readonly Clock[], i: number, j: number): boolean {
  return (clocks[j]?.get((path[i] as Step).slot) ?? -1) >= i
}

/**
 * What would run instead of step i so that j comes first: the steps between that do not depend on
 * i, then j. One of the processes that can begin it is enough, and none if one of them sleeps.
 */
function backtrackAt(path: readonly Step[], clocks: readonly Clock[], i: number, j: number): void {
  const step = path[i] as Step
  const instead: number[] = []
  for (let k = i + 1; k < j; k++) if (!before(path, clocks, i, k)) instead.push(k)
  instead.push(j)
  const starters = new Set(
    instead
      .filter((k, at) => !instead.slice(0, at).some((l) => before(path, clocks, l, k)))
      .map((k) => (path[k] as Step).slot),
  )
  const able = step.candidates.filter((slot) => starters.has(slot))
  if (able.some((slot) => step.backtrack.has(slot) || step.sleep.has(slot))) return
  for (const slot of able.length > 0 ? able.slice(0, 1) : step.candidates) step.backtrack.add(slot)
}
