/**
 * What a user looks for, as a comparison with a value of `result.json`:
 * `streams.*.wakeLatencyNs.max > 5ms`. A star stands for every key or element; a list of which no
 * index is named is compared by its length. Holds if it holds for one of the values.
 */
import { parseDuration } from '../scenario/quantity.ts'

const OPERATORS = ['>=', '<=', '==', '!=', '>', '<'] as const
type Operator = (typeof OPERATORS)[number]

export interface Predicate {
  readonly text: string
  readonly path: readonly string[]
  readonly operator: Operator
  readonly value: number | string
}

/** The predicate, or what is wrong with the text. */
export function parsePredicate(text: string): Predicate | string {
  const match = /^\s*([\w.*-]+)\s*(>=|<=|==|!=|>|<)\s*(\S+)\s*$/.exec(text)
  if (match === null) {
    return `'${text}' is not a comparison, allowed: PATH ${OPERATORS.join('|')} VALUE`
  }
  const [, path = '', operator, word = ''] = match
  const number = Number(word)
  const ns = Number.isNaN(number) ? parseDuration(word) : number
  const value = typeof ns === 'number' ? ns : word
  return { text: text.trim(), path: path.split('.'), operator: operator as Operator, value }
}

export function holds({ path, operator, value }: Predicate, result: unknown): boolean {
  return valuesAt(result, path).some((found) => {
    const seen = Array.isArray(found) ? found.length : found
    if (typeof seen !== typeof value) return operator === '!='
    return compare(seen as number | string, operator, value)
  })
}

function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  const [key, ...rest] = path
  if (key === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  if (key === '*') return Object.values(value).flatMap((one) => valuesAt(one, rest))
  return Object.hasOwn(value, key) ? valuesAt((value as Record<string, unknown>)[key], rest) : []
}

function compare(a: number | string, operator: Operator, b: number | string): boolean {
  switch (operator) {
    case '>=':
      return a >= b
    case '<=':
      return a <= b
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '>':
      return a > b
    default:
      return a < b
  }
}
