/** Writing a whole file as an effect: a file that cannot be written is an OutputError. */
import * as Effect from 'effect/Effect'
import { writeFileAtomically } from './atomic-write.ts'
import { OutputError } from './Errors.ts'
import { reasonOf } from './io-reason.ts'

type Contents = Parameters<typeof writeFileAtomically>[1]

export const writeWhole = Effect.fnUntraced(function* (path: string, contents: Contents) {
  try {
    writeFileAtomically(path, contents)
  } catch (error) {
    return yield* new OutputError({ path, reason: reasonOf(error) })
  }
})
