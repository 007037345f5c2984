/**
 * Ranges as an `expect` entry writes them: `0`, `">= 1"`, `"1..3"`, and with units for durations:
 * `"<= 15ms"`, `"10ms..15ms"`. Bounds are inclusive integers: counts, or nanoseconds.
 */
import {
  durationAllowed,
  formatDuration,
  type NotAQuantity,
  parseDuration,
  showValue,
} from './quantity.ts'

export type RangeUnit = 'count' | 'ns'

/** No `min` or no `max` leaves that side open. Both are included in the range. */
export interface Range {
  readonly min?: number
  readonly max?: number
  readonly unit: RangeUnit
  /** As it was written, where its bounds are not: `< 0ms` ends a nanosecond below. */
  readonly text?: string
}

const allowedByUnit: Readonly<Record<RangeUnit, string>> = {
  count: "a number or a range, such as 0, '>= 1' or '1..3'",
  ns: "a duration or a range of them, such as '<= 15ms', '> 0ns' or '10ms..15ms'",
}

function parseBound(text: string, unit: RangeUnit): number | NotAQuantity {
  if (unit === 'ns') return parseDuration(text.trim())
  const value = /^\d+$/.test(text.trim()) ? Number(text.trim()) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  return { what: `'${text.trim()}' is not a count`, allowed: allowedByUnit.count }
}

const comparison = /^(>=|<=|>|<|=|==)\s*(.+)$/

function fromComparison(sign: string, bound: number, unit: RangeUnit, text: string): Range {
  if (sign === '>=') return { min: bound, unit }
  if (sign === '>') return { min: bound + 1, unit, text }
  if (sign === '<=') return { max: bound, unit }
  if (sign === '<') return { max: bound - 1, unit, text }
  return { min: bound, max: bound, unit }
}

function between(low: string, high: string, unit: RangeUnit): Range | NotAQuantity {
  const min = parseBound(low, unit)
  if (typeof min !== 'number') return { what: min.what, allowed: allowedByUnit[unit] }
  const max = parseBound(high, unit)
  if (typeof max !== 'number') return { what: max.what, allowed: allowedByUnit[unit] }
  if (max >= min) return { min, max, unit }
  return {
    what: `'${low}..${high}' is empty: it ends below its start`,
    allowed: allowedByUnit[unit],
  }
}

export function parseRange(value: unknown, unit: RangeUnit): Range | NotAQuantity {
  const allowed = allowedByUnit[unit]
  if (typeof value === 'number' && unit === 'count') {
    if (Number.isSafeInteger(value) && value >= 0) return { min: value, max: value, unit }
    return { what: `${value} is not a count`, allowed }
  }
  if (typeof value === 'number') return { what: `${value} has no unit`, allowed: durationAllowed }
  if (typeof value !== 'string') return { what: `${showValue(value)} is not a range`, allowed }
  const text = value.trim()
  const dots = text.indexOf('..')
  if (dots >= 0) return between(text.slice(0, dots), text.slice(dots + 2), unit)
  const match = comparison.exec(text)
  const [, sign = '=', rest = ''] = match ?? ['', '=', text]
  const bound = parseBound(rest, unit)
  if (typeof bound === 'number') return fromComparison(sign, bound, unit, `${sign} ${rest}`)
  return { what: bound.what, allowed }
}

export function inRange(value: number, range: Range): boolean {
  return value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity)
}

export function formatInUnit(value: number, unit: RangeUnit): string {
  return unit === 'ns' ? formatDuration(value) : String(value)
}

export function formatRange(range: Range): string {
  const { min, max, unit, text } = range
  if (text !== undefined) return text
  if (min === undefined) return max === undefined ? 'anything' : `<= ${formatInUnit(max, unit)}`
  if (max === undefined) return `>= ${formatInUnit(min, unit)}`
  if (min === max) return formatInUnit(min, unit)
  return `${formatInUnit(min, unit)}..${formatInUnit(max, unit)}`
}
