/**
 * The entry of a process that answers for the cases of a benchmark, one after the other, over the
 * channel of `fork`. Whatever a case throws is our bug, and comes back as data with its stack.
 */
import { timeSample } from './bench-timing.ts'
import { type BenchAnswer, type BenchRequest, factsOf, locate } from './bench-work.ts'
import { UnwritableError } from './io-reason.ts'
import { unwritable } from './thread-answer.ts'

function answer(request: BenchRequest): BenchAnswer {
  const { work } = request
  try {
    if (request.ask === 'facts') return { kind: 'facts', facts: factsOf(work, request.keep) }
    if (request.ask === 'time') return { kind: 'sample', sample: timeSample(work) }
    return { kind: 'located', divergence: locate(request.work, request.checks, request.kept) }
  } catch (error) {
    if (error instanceof UnwritableError) return unwritable(error)
    const message = error instanceof Error ? error.message : String(error)
    const stack = error instanceof Error ? (error.stack ?? '') : ''
    return { kind: 'bug', message, stack }
  }
}

process.on('message', (request: BenchRequest) => process.send?.(answer(request)))
process.on('disconnect', () => process.exit(0))
