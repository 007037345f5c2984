/**
 * Where an axis turns from failing to safe, by bisection: for an axis along which safety changes
 * once. A row whose neighbour is known begins there and widens its steps, because neighbours differ
 * little. Generators: they yield a position to be judged and are told whether it is safe.
 */

/** Which end of the axis is safe; `all` and `none`: no change along it. */
export type Safe = 'high' | 'low' | 'all' | 'none'

export interface Edge {
  readonly safe: Safe
  /** Position of the last safe value before those that fail; -1 where none is safe. */
  readonly at: number
}

/** The edge along `count` positions. `near`: the edge of a neighbouring row. */
export function* findEdge(count: number, near: Edge | null): Generator<number, Edge, boolean> {
  const last = count - 1
  if (near !== null && (near.safe === 'high' || near.safe === 'low')) {
    return yield* fromNeighbour(last, near.at, near.safe)
  }
  const high = yield last
  const low = last === 0 ? high : yield 0
  if (high === low) return { safe: high ? 'all' : 'none', at: high ? 0 : -1 }
  const safe = high ? 'high' : 'low'
  return high
    ? { safe, at: yield* between(0, last, safe) }
    : { safe, at: yield* between(last, 0, safe) }
}

/** Halves the stretch between a failing and a safe position; the safe one beside the edge. */
function* between(fails: number, passes: number, safe: Safe): Generator<number, number, boolean> {
  let [bad, good] = [fails, passes]
  while (Math.abs(good - bad) > 1) {
    const middle = safe === 'high' ? Math.floor((bad + good) / 2) : Math.ceil((bad + good) / 2)
    if (yield middle) good = middle
    else bad = middle
  }
  return good
}

function* fromNeighbour(
  last: number,
  guess: number,
  safe: 'high' | 'low',
): Generator<number, Edge, boolean> {
  const towardsSafe = safe === 'high' ? 1 : -1
  const within = (at: number): number => Math.min(last, Math.max(0, at))
  const start = within(guess)
  const passes = yield start
  const direction = passes ? -towardsSafe : towardsSafe
  let before = start
  for (let step = 1; ; step *= 2) {
    const at = within(before + direction * step)
    if (at === before) {
      return passes ? { safe: 'all', at: 0 } : { safe: 'none', at: -1 }
    }
    const judged = yield at
    if (judged !== passes) {
      const [bad, good] = judged ? [before, at] : [at, before]
      return { safe, at: yield* between(bad, good, safe) }
    }
    before = at
  }
}
