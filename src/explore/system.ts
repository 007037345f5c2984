/**
 * What can be explored step by step: a small system that is built anew for each run and asks its
 * policy at every tie who goes first. A step is what a process does from one tie to the next; the
 * objects that it touches decide which steps commute.
 */
import type { Policy } from '../sim/policy.ts'
import type { Schedule } from '../sim/schedule.ts'

/** Told of every access to something shared, by the step that is running. */
export interface Observer {
  access(object: number, write: boolean): void
}

/** Runs to its end under the policy. Returns what went wrong, or null. */
export type System = (policy: Policy, observer: Observer) => string | null

export interface FailingSchedule {
  readonly what: string
  readonly schedule: Schedule
}

export interface Exploration {
  /** Runs that went to their end. */
  readonly runs: number
  /** Runs given up because another run stands for them (sleep sets). */
  readonly redundant: number
  /** True if no schedule within the bounds is left. */
  readonly complete: boolean
  /** The first schedule of each failure. */
  readonly failures: readonly FailingSchedule[]
}

/** Keeps the first schedule of each failure. */
export class Failures {
  private readonly found = new Map<string, Schedule>()

  take(what: string | null, schedule: Schedule): void {
    if (what !== null && !this.found.has(what)) this.found.set(what, schedule)
  }

  get any(): boolean {
    return this.found.size > 0
  }

  list(): readonly FailingSchedule[] {
    return [...this.found].map(([what, schedule]) => ({ what, schedule }))
  }
}

export const BLIND: Observer = { access: () => {} }
