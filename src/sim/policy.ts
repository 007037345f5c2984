/**
 * The oracle of a run. Whatever is not fixed by the model is one of three questions, asked here and
 * nowhere else: which of these equally early candidates goes first, how long does this cost take,
 * may this context be held back here. `fifo` answers as an ordinary run does; exploration and
 * replay are other answers to the same questions, not another simulator.
 */
import type { Prng } from '../base/prng.ts'
import type { Ns } from '../base/units.ts'

/** Something whose duration is drawn. */
export interface Drawable {
  /** Duration in ns; draws from the stream only if it is not constant. */
  draw(stream: Prng): Ns
}

export interface Policy {
  readonly name: string
  /** False promises that `first` always answers 0: the run need not ask. */
  readonly reorders: boolean
  /** False promises that `cost` always draws and `delay` always answers 0. */
  readonly steers: boolean
  /**
   * Which of these candidates, equal in time and priority, goes first: an index into them. Each is
   * the slot of a timer, which stands for the same process all its life; in order of arrival.
   */
  first(candidates: readonly number[], timeNs: Ns): number
  /** How long this takes. */
  cost(drawable: Drawable, stream: Prng): Ns
  /** For how long the context is held back before the visible operation it is about to do. */
  delay(context: number, operation: string): Ns
}

/** The policy of an ordinary run: arrival order, drawn costs, nobody held back. */
export const fifo: Policy = {
  name: 'fifo',
  reorders: false,
  steers: false,
  first: () => 0,
  cost: (drawable, stream) => drawable.draw(stream),
  delay: () => 0,
}
