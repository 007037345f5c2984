/** What a search or a shrinking looks for: `--find` into oracles and predicates. */
import * as Effect from 'effect/Effect'
import { DEFAULT_ORACLES, ORACLES, type Oracle } from '../explore/failures.ts'
import { type Predicate, parsePredicate } from '../explore/predicate.ts'
import { didYouMean } from '../scenario/near.ts'
import { InputError } from './Errors.ts'

const oracleNames = Object.keys(ORACLES) as readonly Oracle[]

export const wantedOf = Effect.fnUntraced(function* ({ find }: { find: readonly string[] }) {
  const oracles: Oracle[] = []
  const predicates: Predicate[] = []
  const lines: string[] = []
  for (const word of find) {
    if (oracleNames.includes(word as Oracle)) oracles.push(word as Oracle)
    else if (/[<>=!]/.test(word)) {
      const predicate = parsePredicate(word)
      if (typeof predicate === 'string') lines.push(`--find ${predicate}`)
      else predicates.push(predicate)
    } else {
      const what = `'${word}' is not known${didYouMean(word, oracleNames)}`
      lines.push(`--find: ${what}, allowed: ${oracleNames.join(', ')}, or PATH > VALUE`)
    }
  }
  if (lines.length > 0) return yield* new InputError({ lines })
  return { oracles: find.length === 0 ? DEFAULT_ORACLES : oracles, predicates }
})
