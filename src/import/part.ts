/**
 * Which part of a run is fitted and which is left to be predicted: the beginning and the rest, or
 * blocks of one length in turn, so that both parts meet the same machine. Times are ns since the
 * first START.
 */
import type { Ns } from '../base/units.ts'
import { type Samples, STAGE_NAMES } from './stages.ts'

/** A share of the time, 1: all of it; or the length of a block, of which every other is fitted. */
export type Cut = { readonly share: number } | { readonly blockNs: Ns }

export interface Part {
  /** As a report says it. */
  readonly text: string
  /** Nothing behind this is fitted. */
  readonly endNs: Ns
  /** False: the whole run is fitted. */
  readonly leavesRest: boolean
  has(atNs: Ns): boolean
}

export function partOf(cut: Cut, runNs: Ns): Part {
  const whole = `${(runNs / 1e9).toFixed(2)} s`
  if ('blockNs' in cut) {
    const { blockNs } = cut
    const text = `every other ${blockNs / 1e6} ms of ${whole}`
    const has = (atNs: Ns): boolean => Math.floor(atNs / blockNs) % 2 === 0
    return { text, endNs: runNs, leavesRest: true, has }
  }
  const endNs = Math.ceil(runNs * cut.share)
  const text = `the first ${(endNs / 1e9).toFixed(2)} s of ${whole}`
  return { text, endNs, leavesRest: cut.share < 1, has: (atNs) => atNs >= 0 && atNs < endNs }
}

/** The samples that began when `isIn` says. */
export function chosen(samples: Samples, isIn: (atNs: Ns) => boolean): Samples {
  const entries = STAGE_NAMES.map((stage) => [
    stage,
    samples[stage].filter(({ atNs }) => isIn(atNs)),
  ])
  return Object.fromEntries(entries) as Samples
}
