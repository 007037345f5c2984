/**
 * What caused what within a stretch of the run, as pairs of places in lanes: kick → device takes
 * it, device → used, used → interrupt, interrupt → work item → period elapsed → client → write and
 * kick. For the arrows of a zoomed timeline. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { CausesFold, type Step } from './causes.ts'
import { isShown, shownCause } from './chain.ts'
import { laneOfStep } from './lanes.ts'
import type { Window } from './windows.ts'

export interface Place {
  readonly lane: string
  readonly timeNs: Ns
}

export interface Arrow {
  readonly from: Place
  readonly to: Place
}

/** Arrows kept; a chart that could show more would be black. */
const ARROWS_MAX = 2_000

export class ArrowFold extends CausesFold {
  private readonly found: Arrow[]

  constructor(symbols: Symbols, window: Window) {
    const found: Arrow[] = []
    super(symbols, { step: (step) => keep(found, step, window) })
    this.found = found
  }

  arrows(): readonly Arrow[] {
    return this.found
  }
}

function keep(found: Arrow[], step: Step, { fromNs, toNs }: Window): void {
  if (step.timeNs < fromNs || step.timeNs > toNs || !isShown(step.kind)) return
  const cause = shownCause(step)
  if (cause === null || cause.timeNs < fromNs || found.length >= ARROWS_MAX) return
  const from = laneOfStep(cause)
  const to = laneOfStep(step)
  if (from === null || to === null || from === to) return
  found.push({ from: { lane: from, timeNs: cause.timeNs }, to: { lane: to, timeNs: step.timeNs } })
}
