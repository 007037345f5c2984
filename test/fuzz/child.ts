/**
 * One batch in a process of its own whose heap is limited. What is found goes to the parent,
 * run.ts, which also ends this process when a file takes too long.
 */
import { Batch, type BatchFacts, type Task } from './batch.ts'
import { makeCorpus } from './corpus.ts'
import { loadProgram } from './program.ts'
import { readers } from './readers.ts'

export type Message =
  | { readonly kind: 'at'; readonly number: number }
  | { readonly kind: 'failed'; readonly number: number; readonly what: string }
  | { readonly kind: 'done'; readonly facts: BatchFacts }

function tell(message: Message): void {
  process.send?.(message)
}

const nothing = { codes: {}, cpuMs: 0, slowestMs: 0, slowest: 0, peakMb: 0, real: 0 }

process.once('message', async (task: Task) => {
  const program = await loadProgram(task.root)
  const reader = readers.find(({ name }) => name === task.reader)
  if (reader === undefined) {
    await makeCorpus(task.root, program)
    tell({ kind: 'done', facts: nothing })
  } else {
    const batch = new Batch(task, reader, program, {
      at: (number) => tell({ kind: 'at', number }),
      failed: (number, what) => tell({ kind: 'failed', number, what }),
    })
    tell({ kind: 'done', facts: await batch.run() })
  }
  process.disconnect()
})
