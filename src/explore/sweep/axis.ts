/**
 * One axis of a parameter grid, as `--vary` writes it: `path=a,b,c`, or a range of numbers or
 * durations: `64..2048:log8` (eight values, each the same multiple of the one before),
 * `1ms..9ms:lin5` (equally far apart), `64..512:step64`, `1..4`. Values stay texts: they are YAML.
 */
import { expFixed, logFixed } from '../../base/fixed-math.ts'
import { durationUnits, formatDuration, parseDuration } from '../../scenario/quantity.ts'

export interface Axis {
  /** Of the scenario, such as `streams.0.period_size`. */
  readonly path: string
  readonly values: readonly string[]
}

const VALUES_MAX = 10_000
const allowed =
  'PATH=A,B,C, or a range such as PATH=64..2048:log8, 1ms..9ms:lin5, 64..512:step64 or 1..4'

/** The axis, or what is wrong with the text. */
export function parseAxis(text: string): Axis | string {
  const equals = text.indexOf('=')
  const label = `--vary ${text}`
  if (equals < 1) return `${label}: not an axis, allowed: ${allowed}`
  const path = text.slice(0, equals).trim()
  const values: string[] = []
  for (const word of splitList(text.slice(equals + 1))) {
    const found = valuesOf(word.trim())
    if (typeof found === 'string') return `${label}: ${found}, allowed: ${allowed}`
    values.push(...found)
  }
  const twice = values.find((value, i) => values.indexOf(value) !== i)
  if (twice !== undefined) return `${label}: ${twice} stands twice, allowed: each value once`
  if (values.length <= VALUES_MAX) return { path, values }
  return `${label}: ${values.length} values, allowed: up to ${VALUES_MAX}`
}

/** At commas that stand in no brackets and no quotes. */
function splitList(text: string): readonly string[] {
  const words: string[] = []
  let depth = 0
  let quote = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at)
    if (quote !== '') quote = c === quote ? '' : quote
    else if (c === '"' || c === "'") quote = c
    else if (c === '[' || c === '{') depth++
    else if (c === ']' || c === '}') depth--
    else if (c === ',' && depth === 0) {
      words.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...words, text.slice(from)]
}

const range = /^(-?\d+(?:\.\d+)?)([a-zA-Zµ]*)\.\.(-?\d+(?:\.\d+)?)([a-zA-Zµ]*)(?::(.*))?$/
const spacing = /^(log|lin)(\d+)$|^step(\d+(?:\.\d+)?[a-zA-Zµ]*)$/

function valuesOf(word: string): readonly string[] | string {
  if (word === '') return 'a value is missing'
  const match = range.exec(word)
  if (match === null) return [word]
  const [, low = '', lowUnit = '', high = '', highUnit = '', how] = match
  const unit = highUnit
  if (lowUnit !== '' && lowUnit !== highUnit && !areDurations(lowUnit, highUnit)) {
    return `${word} mixes ${lowUnit} and ${highUnit}`
  }
  const from = amount(low, lowUnit === '' ? unit : lowUnit)
  const to = amount(high, unit)
  if (!(to > from)) return `${word} is empty`
  const numbers = spread(from, to, unit, how)
  if (typeof numbers === 'string') return `${word}: ${numbers}`
  const texts = numbers.map((value) => textOf(value, unit))
  return texts.filter((value, i) => i === 0 || value !== texts[i - 1])
}

function spread(from: number, to: number, unit: string, how: string | undefined) {
  const match = spacing.exec(how ?? 'step1')
  if (match === null) return `'${how}' is no spacing`
  const [, kind, count = '', step = ''] = match
  if (kind === undefined) {
    const parts = /^([\d.]+)(.*)$/.exec(step)
    const by = amount(parts?.[1] ?? '', parts?.[2] === '' ? unit : (parts?.[2] ?? ''))
    if (!(by > 0)) return 'the step is nothing'
    const steps = Math.floor((to - from) / by + 1e-9)
    if (steps >= VALUES_MAX) return `${steps + 1} values are too many`
    return Array.from({ length: steps + 1 }, (_, i) => from + i * by)
  }
  const n = Number(count)
  if (n < 2 || n > VALUES_MAX) return `${n} values`
  if (kind === 'lin') return Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1))
  if (from <= 0) return 'a logarithmic range begins above 0'
  const ratio = logFixed(to / from) / (n - 1)
  return Array.from({ length: n }, (_, i) => (i === n - 1 ? to : from * expFixed(ratio * i)))
}

function areDurations(a: string, b: string): boolean {
  return Object.hasOwn(durationUnits, a) && Object.hasOwn(durationUnits, b)
}

/** Durations in ns, everything else as it stands. */
function amount(digits: string, unit: string): number {
  const ns = parseDuration(`${digits}${unit}`)
  return typeof ns === 'number' ? ns : Number(digits)
}

/** Counts and sizes are whole; other units keep three decimals. */
function textOf(value: number, unit: string): string {
  if (Object.hasOwn(durationUnits, unit)) return formatDuration(Math.round(value))
  if (unit === '' || unit === 'f') return `${Math.round(value)}${unit}`
  return `${Math.round(value * 1000) / 1000}${unit}`
}
