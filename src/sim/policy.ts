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
  /** False promises that `first` always answers 0 and `delay` always 0: the run may skip asking. */
  readonly interferes: boolean
  /** Which of `count` candidates, equal in time and priority, in order of arrival, goes first. */
  first(count: number, timeNs: Ns): number
  /** How long this takes. */
  cost(drawable: Drawable, stream: Prng): Ns
  /** For how long the context is held back before the visible operation it is about to do. */
  delay(context: number, operation: string): Ns
}

/** The policy of an ordinary run: arrival order, drawn costs, nobody held back. */
export const fifo: Policy = {
  name: 'fifo',
  interferes: false,
  first: () => 0,
  cost: (drawable, stream) => drawable.draw(stream),
  delay: () => 0,
}
