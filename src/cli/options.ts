/** Parsers of option values; a bad value is bad usage, exit code 2. */
import { InvalidArgumentError } from 'commander'

const seedMax = 2 ** 32 - 1

export function seedValue(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (seed <= seedMax) return seed
  throw new InvalidArgumentError(`allowed: a whole number, 0..${seedMax}`)
}

export interface SeedRange {
  readonly first: number
  readonly last: number
}

export function seedRange(text: string): SeedRange {
  const match = /^(\d+)\.\.(\d+)$/.exec(text)
  const range = { first: Number(match?.[1]), last: Number(match?.[2]) }
  if (match !== null && range.last >= range.first && range.last <= seedMax) return range
  throw new InvalidArgumentError('allowed: FIRST..LAST, such as 1..100')
}

const jobsMax = 256

export function jobsValue(text: string): number {
  const jobs = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (jobs >= 1 && jobs <= jobsMax) return jobs
  throw new InvalidArgumentError(`allowed: a whole number, 1..${jobsMax}`)
}

export function runsValue(text: string): number {
  const runs = /^\d+$/.test(text) ? Number(text) : 0
  if (runs >= 1 && runs <= 1e9) return runs
  throw new InvalidArgumentError('allowed: a whole number, 1..1000000000')
}

export function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}

/** The options without those that were not given: ours are optional, never undefined. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as never
}
