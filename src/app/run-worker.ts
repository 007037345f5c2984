/**
 * The entry of a worker thread: answers jobs one after the other. Whatever a run throws is our bug,
 * and comes back as data with its stack.
 */
import { parentPort } from 'node:worker_threads'
import type { Job, JobAnswer } from './Jobs.ts'
import { runOne } from './RunOne.ts'

export async function answer(job: Job): Promise<JobAnswer> {
  try {
    return await runOne(job)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const stack = error instanceof Error ? (error.stack ?? '') : ''
    return { kind: 'bug', message, stack }
  }
}

parentPort?.on('message', async (job: Job) => {
  parentPort?.postMessage(await answer(job))
})
