/**
 * Quantities as people write them: durations, drifts, byte sizes and PCM sizes. Reads and prints
 * them exactly, by decimal arithmetic on the digits. Not the conversion of frames to time, which
 * needs a rate (base/units.ts). Durations become integer nanoseconds.
 */
import type { Bytes, Frames, Ns } from '../base/units.ts'

/** Why a text is not a quantity: what is wrong, and what is allowed instead. */
export interface NotAQuantity {
  readonly what: string
  readonly allowed: string
}

export type PcmSize =
  | { readonly unit: 'frames'; readonly frames: Frames }
  | { readonly unit: 'time'; readonly ns: Ns }

export const durationUnits: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1_000,
  µs: 1_000,
  ms: 1_000_000,
  s: 1_000_000_000,
  min: 60_000_000_000,
  h: 3_600_000_000_000,
}

const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
  kB: 1_000,
  MB: 1_000_000,
}

export const durationAllowed = 'a duration with its unit, such as 10ms, 250us or 1.5s'
export const ppmAllowed = 'a drift with its unit, such as 0ppm, -20ppm or 12.5ppm'
export const bytesAllowed = 'a size with its unit, such as 512B, 64KiB or 4MiB'
export const pcmSizeAllowed = 'frames or a duration, such as 480, 480f or 10ms'

const quantityPattern = /^([+-]?)(\d+)(?:\.(\d+))?\s*([a-zA-Zµ]*)$/

interface Parsed {
  readonly negative: boolean
  readonly whole: string
  readonly fraction: string
  readonly unit: string
}

function split(text: string): Parsed | undefined {
  const match = quantityPattern.exec(text.trim())
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', unit = ''] = match
  return { negative: sign === '-', whole, fraction, unit }
}

/** The decimal number times an integer scale; undefined if that is not a whole exact number. */
function scaled(parsed: Parsed, scale: number): number | undefined {
  const digits = parsed.fraction.replace(/0+$/, '')
  const product = BigInt(parsed.whole + digits) * BigInt(scale)
  const divisor = 10n ** BigInt(digits.length)
  if (product % divisor !== 0n) return undefined
  const value = product / divisor
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return parsed.negative && value !== 0n ? -Number(value) : Number(value)
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return `'${value.length > 40 ? `${value.slice(0, 40)}...` : value}'`
  if (Array.isArray(value)) return 'a list'
  if (value === null) return 'nothing'
  return typeof value === 'object' ? 'a mapping' : String(value)
}

function withUnit(
  value: unknown,
  units: Readonly<Record<string, number>>,
  allowed: string,
): number | NotAQuantity {
  if (typeof value === 'number') return { what: `${value} has no unit`, allowed }
  if (typeof value !== 'string') return { what: `${shown(value)} is not a quantity`, allowed }
  const parsed = split(value)
  if (parsed === undefined) return { what: `${shown(value)} is not a quantity`, allowed }
  if (parsed.unit === '') return { what: `${shown(value)} has no unit`, allowed }
  const scale = Object.hasOwn(units, parsed.unit) ? units[parsed.unit] : undefined
  if (scale === undefined) return { what: `'${parsed.unit}' is not a unit here`, allowed }
  const exact = scaled(parsed, scale)
  if (exact === undefined)
    return { what: `${shown(value)} is finer or larger than counted`, allowed }
  return exact
}

/** Whole nanoseconds, not negative. */
export function parseDuration(value: unknown): Ns | NotAQuantity {
  const ns = withUnit(value, durationUnits, durationAllowed)
  if (typeof ns === 'number' && ns < 0) {
    return { what: `${shown(value)} is negative`, allowed: durationAllowed }
  }
  return ns
}

/** Parts per million; fractions down to 0.001 ppm. */
export function parsePpm(value: unknown): number | NotAQuantity {
  const milli = withUnit(value, { ppm: 1_000 }, ppmAllowed)
  return typeof milli === 'number' ? milli / 1_000 : milli
}

export function parseBytes(value: unknown): Bytes | NotAQuantity {
  const bytes = withUnit(value, byteUnits, bytesAllowed)
  if (typeof bytes === 'number' && bytes < 0) {
    return { what: `${shown(value)} is negative`, allowed: bytesAllowed }
  }
  return bytes
}

/** `480` and `480f` are frames; `10ms` is a time, which becomes frames once the rate is known. */
export function parsePcmSize(value: unknown): PcmSize | NotAQuantity {
  const allowed = pcmSizeAllowed
  const text = typeof value === 'number' ? `${value}f` : value
  if (typeof text !== 'string') return { what: `${shown(value)} is not a PCM size`, allowed }
  const parsed = split(text)
  if (parsed === undefined) return { what: `${shown(value)} is not a PCM size`, allowed }
  if (parsed.unit !== 'f' && parsed.unit !== '') {
    const ns = parseDuration(text)
    return typeof ns === 'number' ? { unit: 'time', ns } : { what: ns.what, allowed }
  }
  const frames = scaled(parsed, 1)
  if (frames === undefined)
    return { what: `${shown(value)} is not a whole number of frames`, allowed }
  if (frames < 0) return { what: `${shown(value)} is negative`, allowed }
  return { unit: 'frames', frames }
}

const printedUnits: readonly (readonly [string, number])[] = [
  ['s', 1_000_000_000],
  ['ms', 1_000_000],
  ['us', 1_000],
  ['ns', 1],
]

/** The shortest exact form in the largest unit that is not above the value: 1500000 is `1.5ms`. */
export function formatDuration(ns: Ns): string {
  const magnitude = Math.abs(ns)
  const found = printedUnits.find(([, scale]) => magnitude >= scale) ?? ['ns', 1]
  const [unit, scale] = found
  const whole = Math.floor(magnitude / scale)
  const rest = magnitude - whole * scale
  const width = String(scale).length - 1
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(width, '0').replace(/0+$/, '')}`
  return `${ns < 0 ? '-' : ''}${whole}${fraction}${unit}`
}

export { shown as showValue }
