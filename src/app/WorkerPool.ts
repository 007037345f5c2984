/**
 * Worker threads that answer jobs. Answers come back in the order of the jobs, whichever thread was
 * faster, so that nothing depends on the number of threads. The main thread stays free to be
 * interrupted. Loads nothing of ours, so that it can start the threads first.
 */
import { Worker } from 'node:worker_threads'
import type { Job, JobAnswer } from './Jobs.ts'

export class WorkerPool {
  private readonly workers: Worker[]

  constructor(threads: number) {
    const entry = new URL('./run-worker.js', import.meta.url)
    this.workers = Array.from({ length: threads }, () => new Worker(entry))
    for (const worker of this.workers) worker.unref()
  }

  /** Calls `take` once for each job, in order. At most a few answers wait for a slower one. */
  async run(jobs: readonly Job[], take: (answer: JobAnswer, at: number) => void): Promise<void> {
    const answers = new Map<number, JobAnswer>()
    let next = 0
    let taken = 0
    const serve = async (worker: Worker): Promise<void> => {
      while (next < jobs.length) {
        const at = next++
        answers.set(at, await ask(worker, jobs[at] as Job))
        for (let ready = answers.get(taken); ready !== undefined; ready = answers.get(taken)) {
          answers.delete(taken)
          take(ready, taken++)
        }
      }
    }
    await Promise.all(this.workers.map(serve))
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()))
  }
}

function ask(worker: Worker, job: Job): Promise<JobAnswer> {
  return new Promise((resolve) => {
    const done = (answer: JobAnswer): void => {
      worker.off('message', done).off('error', failed).off('exit', ended).unref()
      resolve(answer)
    }
    const failed = (error: Error): void =>
      done({ kind: 'bug', message: error.message, stack: error.stack ?? '' })
    const ended = (code: number): void =>
      done({ kind: 'bug', message: `a worker thread ended with code ${code}`, stack: '' })
    worker.ref()
    worker.on('message', done).on('error', failed).on('exit', ended)
    worker.postMessage(job)
  })
}
