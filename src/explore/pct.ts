/**
 * Probabilistic concurrency testing: every process gets a random priority when it is first seen,
 * the one with the highest goes first at each tie, and at d - 1 random ties the one that went falls
 * below all others. A bug of depth d in n processes with k steps is found by one run with at least
 * the probability 1 / (n k^(d-1)).
 *
 * Burckhardt, Kothari, Musuvathi, Nagarakatte: A randomized scheduler with probabilistic guarantees
 * of finding bugs, ASPLOS 2010.
 */
import { Prng } from '../base/prng.ts'
import type { Decider } from '../sim/schedule.ts'

export interface PctOptions {
  readonly seed: number
  /** Number of ordered steps that the bug needs, from 1. */
  readonly depth: number
  /** Events of a run, about. */
  readonly events: number
}

/** Answers every tie with the candidate of highest priority. */
export function pct({ seed, depth, events }: PctOptions): Decider {
  const rng = new Prng(seed, 'pct')
  const changes = new Map<number, number>()
  // The i-th change gives the priority i, below all initial ones, which lie above depth.
  for (let i = 1; i < depth; i++) changes.set(rng.below(Math.max(events, 1)), i)
  const priorities = new Map<number, number>()
  const priorityOf = (slot: number): number => {
    let priority = priorities.get(slot)
    if (priority === undefined) {
      priority = depth + rng.unit()
      priorities.set(slot, priority)
    }
    return priority
  }
  return {
    tie(at, candidates) {
      let best = 0
      for (let i = 1; i < candidates.length; i++) {
        if (priorityOf(candidates[i] as number) > priorityOf(candidates[best] as number)) best = i
      }
      const change = changes.get(at)
      if (change === undefined) return best
      changes.delete(at)
      priorities.set(candidates[best] as number, change)
      return this.tie?.(at, candidates) ?? best
    },
  }
}
