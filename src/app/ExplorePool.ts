/**
 * Who runs the trials of a search: worker threads of piscina, or this thread for tests. Outcomes
 * come back in the order of the trials, so that findings do not depend on the number of threads.
 */
import { type Outcome, runTrial, type Target, type Trial } from '../explore/trial.ts'
import { filePool } from './record-file.ts'
import { answered } from './thread-answer.ts'

export interface TrialServer {
  run(trials: readonly Trial[]): Promise<readonly Outcome[]>
  close(): Promise<void>
}

export type OpenServer = (target: Target) => Promise<TrialServer>

/** Young objects of a run die with it; a larger nursery spares copying them. MiB. */
const YOUNG_GENERATION_MB = 192

export function threads(jobs: number): OpenServer {
  return async (target) => {
    const { Piscina } = await import('piscina')
    const pool = new Piscina({
      filename: new URL('./explore-worker.js', import.meta.url).href,
      minThreads: jobs,
      maxThreads: jobs,
      workerData: target,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    })
    return {
      run: (trials) =>
        Promise.all(trials.map(async (trial) => answered<Outcome>(await pool.run(trial)))),
      close: () => pool.destroy(),
    }
  }
}

export const inThisThread: OpenServer = async (target) => {
  const pool = filePool()
  return {
    run: async (trials) => trials.map((trial) => runTrial(target, trial, pool)),
    close: async () => {},
  }
}
