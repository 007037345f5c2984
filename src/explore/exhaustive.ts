/**
 * Every order of the ties of a small system, depth first, without a memory of states: each run
 * follows the path of the last one up to the deepest tie that has an untried candidate. A bound on
 * preemptions leaves out orders in which a process that could go on is left for another more often
 * than that (Musuvathi, Qadeer: Iterative context bounding, PLDI 2007).
 */
import { present } from '../base/assert.ts'
import { type Decider, SteeredPolicy } from '../sim/schedule.ts'
import { BLIND, type Exploration, Failures, type System } from './system.ts'

export interface ExhaustiveOptions {
  /** Preemptions in one run; default: any number. */
  readonly preemptions?: number
  readonly runsMax: number
  /** End at the first failure. */
  readonly stopAtFirst?: boolean
}

interface Tie {
  /** Indices of the candidates still to be tried, the next one last. */
  readonly untried: number[]
  chosen: number
  /** Slot of the chosen candidate. */
  slot: number
  readonly candidates: readonly number[]
  /** Preemptions before this tie. */
  readonly preemptions: number
}

export function exploreAll(system: System, options: ExhaustiveOptions): Exploration {
  const tree = new TieTree(options.preemptions ?? Number.POSITIVE_INFINITY)
  const failures = new Failures()
  for (let runs = 1; ; runs++) {
    const policy = new SteeredPolicy(tree)
    tree.begin()
    failures.take(system(policy, BLIND), policy.schedule)
    const stop = options.stopAtFirst === true && failures.any
    const complete = !tree.next()
    if (complete || stop || runs >= options.runsMax) {
      return { runs, redundant: 0, complete, failures: failures.list() }
    }
  }
}

class TieTree implements Decider {
  private readonly path: Tie[] = []
  private at = 0
  private readonly preemptionsMax: number

  constructor(preemptionsMax: number) {
    this.preemptionsMax = preemptionsMax
  }

  begin(): void {
    this.at = 0
  }

  tie(_at: number, candidates: readonly number[]): number {
    const at = this.at++
    const known = this.path[at]
    if (known !== undefined) return known.chosen
    const tie = this.open(candidates)
    this.path.push(tie)
    return tie.chosen
  }

  /** Goes to the next path; false if there is none. */
  next(): boolean {
    for (let tie = this.path.at(-1); tie !== undefined; tie = this.path.at(-1)) {
      const index = tie.untried.pop()
      if (index !== undefined) {
        tie.chosen = index
        tie.slot = present(tie.candidates[index], 'an untried candidate exists')
        return true
      }
      this.path.pop()
    }
    return false
  }

  /** Prefers the process that ran last; another one costs a preemption while that one could run. */
  private open(candidates: readonly number[]): Tie {
    const last = this.path.at(-1)
    const current = last === undefined ? -1 : candidates.indexOf(last.slot)
    const spent = last === undefined ? 0 : last.preemptions + preempted(last, this.path.at(-2))
    const all = candidates.map((_, index) => index)
    const others = all.filter((index) => index !== current)
    const order = current < 0 ? others : [current, ...others]
    const allowed = current >= 0 && spent >= this.preemptionsMax ? [current] : order
    const [chosen, ...rest] = allowed
    const first = present(chosen, 'a tie has candidates')
    return {
      untried: rest.toReversed(),
      chosen: first,
      slot: present(candidates[first], 'a tie has candidates'),
      candidates,
      preemptions: spent,
    }
  }
}

function preempted(tie: Tie, before: Tie | undefined): number {
  if (before === undefined || before.slot === tie.slot) return 0
  return tie.candidates.includes(before.slot) ? 1 : 0
}
