/**
 * The smallest scenario that still fails for the same reason: takes away keys and list entries of
 * its document, large ones first, as long as `fails` says so. What is left out gets its default, so
 * this removes faults, streams, loads and options alike. Deterministic; bounded by `runsMax`.
 */
import { isMapping } from '../scenario/raw.ts'

type Path = readonly (string | number)[]

/** What a scenario cannot do without, or what the caller sets itself. */
const KEPT: readonly string[] = [
  'version',
  'name',
  'schedule',
  'duration',
  'seed',
  'streams',
  'driver',
  'device',
]

/** What it is about stays what it is. */
const SUBJECTS: readonly string[] = ['driver', 'device']
const IDENTITY: readonly string[] = ['kind', 'version']

export interface ShrunkDocument {
  readonly value: unknown
  readonly runs: number
}

export function shrinkDocument(
  document: unknown,
  fails: (document: unknown) => boolean,
  runsMax: number,
): ShrunkDocument {
  let value = document
  let runs = 0
  for (let again = true; again && runs < runsMax; ) {
    again = false
    let paths = removable(value, [])
    for (let at = 0; at < paths.length && runs < runsMax; ) {
      const smaller = without(value, paths[at] as Path)
      runs++
      if (fails(smaller)) {
        value = smaller
        again = true
        // What was removed is gone with all below it: the next one stands in its place.
        paths = removable(value, [])
      } else at++
    }
  }
  return { value, runs }
}

/** Every key and entry that may go, parents before their children. */
function removable(value: unknown, at: Path): readonly Path[] {
  const keys: readonly (string | number)[] = Array.isArray(value)
    ? value.map((_, index) => index)
    : isMapping(value)
      ? Object.keys(value)
      : []
  const inner = (key: string | number): unknown =>
    (value as Readonly<Record<string | number, unknown>>)[key]
  const here = keys.filter((key) => mayGo(at, key, value)).map((key) => [...at, key])
  const below = keys.filter((key) => !(at.length === 0 && key === 'schedule'))
  return [...here, ...below.flatMap((key) => removable(inner(key), [...at, key]))]
}

function mayGo(at: Path, key: string | number, value: unknown): boolean {
  if (at.length === 0) return !KEPT.includes(String(key))
  if (at.length === 1 && SUBJECTS.includes(String(at[0]))) return !IDENTITY.includes(String(key))
  // One stream has to stay.
  return !(at.length === 1 && at[0] === 'streams' && (value as readonly unknown[]).length === 1)
}

function without(value: unknown, path: Path): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (Array.isArray(value)) {
    const index = Number(key)
    return rest.length === 0
      ? value.toSpliced(index, 1)
      : value.with(index, without(value[index], rest))
  }
  const { [String(key)]: inner, ...others } = value as Record<string, unknown>
  if (rest.length === 0) return others
  const left = without(inner, rest)
  return { ...(value as Record<string, unknown>), [String(key)]: left }
}
