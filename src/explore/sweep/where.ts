/**
 * A constraint on the points of a grid, as `--where` writes it:
 * `streams.0.period_size * streams.0.periods <= 4096`. Sides are paths of the scenario, numbers,
 * durations (ns) and words, joined by + - * / with spaces around them. Points that break one are
 * not part of the sweep.
 */
import { parsePath } from '../../scenario/fault.ts'
import { parseDuration } from '../../scenario/quantity.ts'
import { valueAt } from '../../scenario/raw.ts'

const comparison = /^(.*?)\s*(<=|>=|==|!=|<|>)\s*(.*)$/

type Value = number | string

export interface Constraint {
  readonly text: string
  readonly left: readonly string[]
  readonly sign: string
  readonly right: readonly string[]
}

/** The constraint, or what is wrong with the text. */
export function parseConstraint(text: string): Constraint | string {
  const match = comparison.exec(text.trim())
  const [, left = '', sign = '', right = ''] = match ?? []
  const sides = [left, right].map((side) => side.trim().split(/\s+/))
  const allowed = "A <= B with + - * / between values, such as 'driver.version != v5'"
  const isSum = (words: readonly string[]): boolean =>
    words.every((word, i) => (i % 2 === 1 ? /^[-+*/]$/.test(word) : /^[\w.µ-]+$/.test(word)))
  const whole = sides.every((words) => words.length % 2 === 1 && isSum(words))
  if (!whole) return `--where '${text}': not a comparison, allowed: ${allowed}`
  return { text: text.trim(), left: sides[0] ?? [], sign, right: sides[1] ?? [] }
}

/**
 * Whether the point satisfies the constraint; a text if it cannot be judged. `lookup` gives the
 * value that the scenario has at a path, or undefined.
 */
export function satisfies(constraint: Constraint, document: unknown): boolean | string {
  const left = sum(constraint.left, document)
  const right = sum(constraint.right, document)
  const label = `--where '${constraint.text}'`
  for (const side of [left, right]) if (side instanceof Unknown) return `${label}: ${side.what}`
  if (typeof left !== typeof right) return `${label}: a number is compared with a word`
  return compare(left as Value, constraint.sign, right as Value)
}

class Unknown {
  readonly what: string
  constructor(what: string) {
    this.what = what
  }
}

function sum(words: readonly string[], document: unknown): Value | Unknown {
  const values = words.filter((_, i) => i % 2 === 0).map((word) => valueIn(word, document))
  const wrong = values.find((value) => value instanceof Unknown)
  if (wrong !== undefined) return wrong
  const [first, ...rest] = values as Value[]
  if (rest.length === 0) return first as Value
  if ((values as Value[]).some((value) => typeof value === 'string')) {
    return new Unknown('words cannot be calculated with')
  }
  let total = 0
  let product = first as number
  rest.forEach((value, i) => {
    const sign = words[2 * i + 1]
    if (sign === '*') product *= value as number
    else if (sign === '/') product /= value as number
    else {
      total += product
      product = sign === '-' ? -(value as number) : (value as number)
    }
  })
  return total + product
}

function valueIn(word: string, document: unknown): Value | Unknown {
  const literal = quantity(word)
  if (typeof literal === 'number') return literal
  const found = valueAt(document, parsePath(word))
  if (typeof found === 'number') return found
  if (typeof found === 'boolean') return String(found)
  if (typeof found === 'string') return quantity(found)
  if (word.includes('.')) return new Unknown(`the scenario says nothing of ${word}`)
  return word
}

/** `480`, `480f` and `10ms` are numbers: frames, or ns. */
function quantity(text: string): Value {
  const plain = /^-?\d+(\.\d+)?f?$/.test(text) ? Number(text.replace('f', '')) : Number.NaN
  if (!Number.isNaN(plain)) return plain
  const ns = parseDuration(text)
  return typeof ns === 'number' ? ns : text
}

function compare(a: Value, sign: string, b: Value): boolean {
  if (sign === '<=') return a <= b
  if (sign === '>=') return a >= b
  if (sign === '<') return a < b
  if (sign === '>') return a > b
  return sign === '==' ? a === b : a !== b
}
