/**
 * Which cross-key faults still say the truth about a file of which some values could not be read.
 * A check that needed such a value saw a default in its place: its fault may be a consequence and
 * is not said. Pure; paths are those of the file.
 */
import type { Fault, Path } from './fault.ts'
import { isMapping, valueAt } from './raw.ts'

/** Whether a check could see all that it compares, although `unread` was replaced by defaults. */
export function stands(fault: Fault, unread: readonly Path[], value: unknown): boolean {
  if (unread.length === 0) return true
  const needs = fault.needs ?? needsOf(fault.path, value)
  return !unread.some((gone) => needs.some((need) => related(gone, need)))
}

function related(a: Path, b: Path): boolean {
  const length = Math.min(a.length, b.length)
  return a.slice(0, length).every((part, i) => part === b[i])
}

const machine: readonly Path[] = [['driver', 'kind'], ['driver', 'options'], ['device']]

const ring = ['period_size', 'periods', 'buffer_size', 'rate', 'client', 'options'] as const
const limits = [...ring, 'format', 'channels']
const software = ['silence_size', 'silence_threshold', 'avail_min', ...limits]

/** Keys of the same stream that each check of complete-stream.ts looks at. */
const siblings: Readonly<Record<string, readonly string[]>> = {
  direction: ['direction', 'client', 'options'],
  period_size: limits,
  periods: limits,
  buffer_size: limits,
  avail_min: software,
  silence_size: software,
  silence_threshold: software,
  on_xrun: ['on_xrun', 'client'],
  client: ['client', 'options'],
  options: ['options', 'client', 'rate'],
  start_at: ['start_at'],
  stalls: ['stalls'],
  length: ['length', 'frames'],
  shares: ['shares'],
}

function needsOf(path: Path, value: unknown): readonly Path[] {
  const [top = '', second = '', third = ''] = path
  switch (top) {
    case 'streams':
      return typeof second === 'number' ? streamNeeds(second, String(third), value) : [['streams']]
    case 'expect':
      return second === 'streams' ? [path, ...nameNeeds(value, String(third))] : [path]
    case 'guest':
    case 'host':
      return [
        [top, second],
        [top, 'cpus'],
        ['guest', 'kernel'],
        ['guest', 'cpus'],
      ]
    case 'faults':
      return [['faults'], ['duration'], ['streams'], ['driver'], ['device']]
    case 'device':
      return [['device'], ['driver', 'kind']]
    default:
      return [[top]]
  }
}

function streamNeeds(index: number, key: string, value: unknown): readonly Path[] {
  if (key === 'name') return nameNeeds(value, '')
  const own = siblings[key]
  const around: readonly Path[] = [['duration'], ['guest', 'cpus'], ...machine]
  if (own === undefined) return [['streams', index], ...around]
  const names = key === 'shares' ? nameNeeds(value, '') : []
  return [...own.map((one): Path => ['streams', index, one]), ...around, ...names]
}

/** What the names of the streams are made of: those without one are named by their direction. */
function nameNeeds(value: unknown, wanted: string): readonly Path[] {
  const streams = valueAt(value, ['streams'])
  if (!Array.isArray(streams)) return [['streams']]
  return streams.flatMap((stream, i): readonly Path[] => {
    const at = (key: string): Path => ['streams', i, key]
    const named = isMapping(stream) && stream.name !== undefined
    const byDirection = named ? [] : [at('direction'), at('client')]
    const second = wanted.endsWith('-capture') ? [at('client'), at('options')] : []
    return [at('name'), at('shares'), ...byDirection, ...second]
  })
}
