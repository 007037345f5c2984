/**
 * The graph of dependencies between lock classes, and the search for strong paths in it.
 *
 * A dependency A -> B has kinds by how A was held and B asked for: A exclusive (E) or shared (S), B
 * a recursive reader (R) or not (N). A path is strong unless it goes -(*R)-> -(S*)-> somewhere:
 * only strong paths can deadlock. Kernel: __bfs(), Documentation/locking/lockdep-design.rst.
 * Differs: the kernel visits each class once, by whichever path comes first; here a class is
 * visited once as an only-recursive arrival and once as any other: no strong path is missed.
 */
import { LOCK_READ_MASK, LOCK_READ_RECURSIVE } from '../../sim/lock-flags.ts'
import type { Dep, LockClass } from './types.ts'

export const DEP_SR = 1
export const DEP_ER = 2
export const DEP_SN = 4
export const DEP_EN = 8
const HELD_EXCLUSIVE = DEP_ER | DEP_EN
const WANTED_PLAIN = DEP_SN | DEP_EN

const LOCKS_MAX = 1 << 20

export function pairKey(held: number, wanted: number): number {
  return held * LOCKS_MAX + wanted
}

export function pairLocks(key: number): [held: number, wanted: number] {
  return [Math.floor(key / LOCKS_MAX), key % LOCKS_MAX]
}

/** Kernel: calc_dep(). */
export function depKind(heldFlags: number, wantedFlags: number): number {
  const exclusive = (heldFlags & LOCK_READ_MASK) === 0
  const recursive = (wantedFlags & LOCK_READ_MASK) === LOCK_READ_RECURSIVE
  if (recursive) return exclusive ? DEP_ER : DEP_SR
  return exclusive ? DEP_EN : DEP_SN
}

export interface Search {
  readonly root: LockClass
  /**
   * Forwards: the root is asked for by a recursive reader only. Backwards: the root is held shared
   * only. Kernel: lock_list.only_xr.
   */
  readonly weak: boolean
  readonly forwards: boolean
  /** Whether a class is what is searched; `weak` as above, for the path to it. */
  readonly match: (at: LockClass, weak: boolean) => boolean
  /** Classes that no path may touch. */
  readonly skip?: (at: LockClass) => boolean
}

export interface Found {
  readonly target: LockClass
  /** From the root to the target, in the order of the search; empty if the root matched. */
  readonly path: readonly Dep[]
}

interface Visit {
  readonly at: LockClass
  readonly weak: boolean
  readonly via: Dep | null
  readonly from: Visit | null
}

/** The shortest strong path to a class that matches, or null. */
export function search(wanted: Search): Found | null {
  const { root, weak, forwards, match, skip } = wanted
  const queue: Visit[] = [{ at: root, weak, via: null, from: null }]
  const seen = new Set<number>([visitKey(root, weak)])
  for (let head = 0; head < queue.length; head++) {
    const visit = queue[head] as Visit
    if (skip?.(visit.at)) continue
    if (match(visit.at, visit.weak)) return { target: visit.at, path: pathTo(visit) }
    for (const dep of forwards ? visit.at.after : visit.at.before) {
      const kinds = visit.weak ? dep.kinds & (forwards ? HELD_EXCLUSIVE : WANTED_PLAIN) : dep.kinds
      if (kinds === 0) continue
      const at = forwards ? dep.to : dep.from
      const nextWeak = (kinds & (forwards ? WANTED_PLAIN : HELD_EXCLUSIVE)) === 0
      const key = visitKey(at, nextWeak)
      if (seen.has(key)) continue
      seen.add(key)
      queue.push({ at, weak: nextWeak, via: dep, from: visit })
    }
  }
  return null
}

function visitKey(at: LockClass, weak: boolean): number {
  return at.index * 2 + (weak ? 1 : 0)
}

function pathTo(visit: Visit): Dep[] {
  const path: Dep[] = []
  for (let at = visit; at.via !== null && at.from !== null; at = at.from) path.push(at.via)
  return path.reverse()
}

/** Classes that strong paths reach, the root included. Kernel: lockdep_count_forward_deps(). */
export function countDeps(root: LockClass, forwards: boolean): number {
  const reached = new Set<LockClass>()
  const match = (at: LockClass): boolean => {
    reached.add(at)
    return false
  }
  search({ root, weak: false, forwards, match })
  return reached.size
}
