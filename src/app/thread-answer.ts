/**
 * What comes back from another thread or process. An error loses its class on the way; a file that
 * could not be written is no bug, so it goes as data.
 */
import { Refused, UnwritableError } from './io-reason.ts'

export interface Unwritable {
  readonly kind: 'unwritable'
  readonly path: string
  readonly reason: string
}

/** The file that could not be written; any other error is thrown again. */
export function unwritable(error: unknown): Unwritable {
  if (!(error instanceof UnwritableError)) throw error
  return { kind: 'unwritable', path: error.path, reason: error.message }
}

export type ThreadAnswer<V> = { readonly kind: 'done'; readonly value: V } | Unwritable

/** Over there. */
export function answering<V>(work: () => V): ThreadAnswer<V> {
  try {
    return { kind: 'done', value: work() }
  } catch (error) {
    return unwritable(error)
  }
}

/** Over here. */
export function answered<V>(answer: ThreadAnswer<V>): V {
  if (answer.kind === 'done') return answer.value
  throw new UnwritableError(answer.path, new Refused('', answer.reason))
}
