/**
 * Who runs the points of a sweep: worker threads of piscina, or this thread for tests. Results come
 * back in the order of the batches, whichever thread was faster, so that files do not depend on
 * the number of threads. A few batches are under way at a time: memory does not grow with them.
 */
import { type PointResult, runPoint } from '../explore/sweep/point.ts'
import { filePool } from './record-file.ts'
import type { PointBatch } from './sweep-worker.ts'

export interface PointServer {
  run(
    batches: Iterable<PointBatch>,
    take: (results: readonly PointResult[], nth: number) => void,
  ): Promise<void>
  close(): Promise<void>
}

export type OpenPoints = (jobs: number) => Promise<PointServer>

/** Young objects of a run die with it; a larger nursery spares copying them. MiB. */
const YOUNG_GENERATION_MB = 64

/** Batches that a thread may be ahead of the one that is written next. */
const AHEAD = 4

export const pointThreads: OpenPoints = async (jobs) => {
  const { Piscina } = await import('piscina')
  const pool = new Piscina({
    filename: new URL('./sweep-worker.js', import.meta.url).href,
    minThreads: jobs,
    maxThreads: jobs,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  return {
    run: async (batches, take) => {
      const open: Promise<readonly PointResult[]>[] = []
      let nth = 0
      const takeFirst = async (): Promise<void> => {
        take((await open.shift()) ?? [], nth++)
      }
      for (const batch of batches) {
        const answer = pool.run(batch) as Promise<readonly PointResult[]>
        // Whoever waits for it hears of a failure; until then it is not unheard.
        answer.catch(() => {})
        open.push(answer)
        if (open.length >= jobs * AHEAD) await takeFirst()
      }
      while (open.length > 0) await takeFirst()
    },
    close: () => pool.destroy(),
  }
}

export const pointsInThisThread: OpenPoints = async () => {
  const pool = filePool()
  return {
    run: async (batches, take) => {
      let nth = 0
      for (const { spec, seeds, rule } of batches) {
        take(
          seeds.map((seed) => runPoint(spec, seed, rule, pool)),
          nth++,
        )
      }
    },
    close: async () => {},
  }
}
