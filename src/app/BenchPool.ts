/**
 * Processes that answer for the cases of a benchmark. Answers come back in the order of the
 * requests, whichever process was faster. A case that takes longer than it may is ended with its
 * process; the next case gets a new one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchAnswer, BenchRequest } from './bench-work.ts'

export interface TimedRequest {
  readonly request: BenchRequest
  readonly limitNs: number
}

export type PoolAnswer = BenchAnswer | { readonly kind: 'late' }

/** The worker of this very build. */
export const ownWorker = fileURLToPath(new URL('./bench-worker.js', import.meta.url))

const folder = dirname(ownWorker)

/** The command line of this build: beside the worker if it is bundled. */
export const ownMain = join(folder, basename(folder) === 'app' ? '../cli/main.js' : 'main.js')

/** Asks one process one thing. */
function ask(child: ChildProcess, { request, limitNs }: TimedRequest): Promise<PoolAnswer> {
  return new Promise((resolve) => {
    const done = (answer: PoolAnswer): void => {
      clearTimeout(timer)
      child.off('message', done).off('exit', ended).off('error', failed)
      resolve(answer)
    }
    const ended = (code: number | null): void =>
      done({ kind: 'bug', message: `a process of the benchmark ended with ${code}`, stack: '' })
    const failed = (error: Error): void =>
      done({ kind: 'bug', message: error.message, stack: error.stack ?? '' })
    const timer = setTimeout(() => done({ kind: 'late' }), Math.ceil(limitNs / 1e6))
    child.on('message', done).on('exit', ended).on('error', failed)
    child.send(request)
  })
}

function start(worker: string): ChildProcess {
  return fork(worker, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

/** Answers requests in order, in up to `jobs` processes at a time. */
export async function askAll(
  worker: string,
  requests: readonly TimedRequest[],
  jobs: number,
  take: (answer: PoolAnswer, at: number) => void,
): Promise<void> {
  const answers = new Map<number, PoolAnswer>()
  let next = 0
  let taken = 0
  const serve = async (): Promise<void> => {
    let child: ChildProcess | null = null
    while (next < requests.length) {
      const at = next++
      child ??= start(worker)
      const answer = await ask(child, requests[at] as TimedRequest)
      if (answer.kind === 'late' || !child.connected) {
        child.kill('SIGKILL')
        child = null
      }
      answers.set(at, answer)
      for (let ready = answers.get(taken); ready !== undefined; ready = answers.get(taken)) {
        answers.delete(taken)
        take(ready, taken++)
      }
    }
    if (child?.connected) child.disconnect()
  }
  await Promise.all(Array.from({ length: Math.min(jobs, requests.length) }, serve))
}

/** One request in a process of its own. */
export async function askFresh(worker: string, request: TimedRequest): Promise<PoolAnswer> {
  const child = start(worker)
  const answer = await ask(child, request)
  child.kill('SIGKILL')
  return answer
}
