/**
 * Who runs the points of a sweep: worker threads of piscina, or this thread for tests. Results come
 * back in the order of the batches, whichever thread was faster, so that files do not depend on
 * the number of threads. A few batches are under way at a time: memory does not grow with them.
 */
import type { PointResult } from '../explore/sweep/point.ts'
import type { Splitting } from '../explore/sweep/splitting.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Numbered, PointBatch, SearchBatch } from './sweep-worker.ts'
import { answered, type ThreadAnswer } from './thread-answer.ts'

type Take<R> = (results: readonly R[], nth: number) => void

export interface PointServer {
  run(batches: Iterable<PointBatch>, take: Take<PointResult>): Promise<void>
  search(batches: Iterable<SearchBatch>, take: Take<Splitting>): Promise<void>
  close(): Promise<void>
}

export type OpenPoints = (jobs: number) => Promise<PointServer>

/**
 * More than a thread ever uses, MiB: once its nursery is as large as it may be, V8 allocates what
 * survived there as old from then on, and with it keeps finished runs (docs/design.md, Long runs).
 */
const YOUNG_GENERATION_MB = 192

/** Batches that a thread may be ahead of the one that is written next. */
const AHEAD = 4

/** Numbers of scenarios, by identity: a thread knows by it the copy that it has already. */
const numbers = new WeakMap<ScenarioSpec, number>()
let nextNumber = 0

function numbered<B extends PointBatch | SearchBatch>(batch: B): Numbered<B> {
  const setting = numbers.get(batch.spec) ?? nextNumber++
  numbers.set(batch.spec, setting)
  return { ...batch, setting }
}

export const pointThreads: OpenPoints = async (jobs) => {
  const { Piscina } = await import('piscina')
  const pool = new Piscina({
    filename: new URL('./sweep-worker.js', import.meta.url).href,
    minThreads: jobs,
    maxThreads: jobs,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  const ask = (name: string) => (batch: PointBatch | SearchBatch) =>
    pool.run(numbered(batch), { name })
  return {
    run: (batches, take) => inOrder(batches, ask('default'), jobs * AHEAD, take),
    search: (batches, take) => inOrder(batches, ask('searches'), jobs * AHEAD, take),
    close: () => pool.destroy(),
  }
}

async function inOrder<B, R>(
  batches: Iterable<B>,
  ask: (batch: B) => Promise<ThreadAnswer<readonly R[]>>,
  most: number,
  take: Take<R>,
): Promise<void> {
  const open: Promise<ThreadAnswer<readonly R[]>>[] = []
  let nth = 0
  const takeFirst = async (): Promise<void> => {
    const [first] = open.splice(0, 1)
    if (first !== undefined) take(answered(await first), nth++)
  }
  for (const batch of batches) {
    const answer = ask(batch)
    // Whoever waits for it hears of a failure; until then it is not unheard.
    answer.catch(() => {})
    open.push(answer)
    if (open.length >= most) await takeFirst()
  }
  while (open.length > 0) await takeFirst()
}

export const pointsInThisThread: OpenPoints = async () => {
  const { default: points, searches } = await import('./sweep-worker.ts')
  return {
    run: (batches, take) => inOrder(batches, async (one) => points(numbered(one)), 1, take),
    search: (batches, take) => inOrder(batches, async (one) => searches(numbered(one)), 1, take),
    close: async () => {},
  }
}
