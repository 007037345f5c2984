/**
 * A document before decoding: plain values, and where each of them stands in its source. Setting a
 * path gives a new document that remembers where the new value came from, so that a fault in an
 * override points at the override.
 */
import { formatPath, type Path, type PathPart } from './fault.ts'

/** Line and column count from 1; line 0 means the command line, which has none. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly col: number
}

export type At = 'key' | 'value'

export interface RawDocument {
  readonly value: unknown
  /** Exactly this path, or undefined if it does not stand anywhere. */
  readonly find: (path: Path, at: At) => Position | undefined
}

export interface RawMapping {
  readonly [key: string]: unknown
}

export function isMapping(value: unknown): value is RawMapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The position of a path, or of the nearest thing around it that does stand somewhere. */
export function locate(doc: RawDocument, path: Path, at: At): Position {
  const exact = doc.find(path, at) ?? doc.find(path, 'value')
  if (exact !== undefined) return exact
  for (let length = path.length - 1; length >= 0; length--) {
    const around = path.slice(0, length)
    const found = doc.find(around, 'key') ?? doc.find(around, 'value')
    if (found !== undefined) return found
  }
  return { file: '', line: 1, col: 1 }
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const part of path) {
    if (Array.isArray(at)) at = typeof part === 'number' ? at[part] : undefined
    else at = isMapping(at) && Object.hasOwn(at, String(part)) ? at[String(part)] : undefined
  }
  return at
}

export type SetResult = { readonly doc: RawDocument } | { readonly what: string }

/** A copy of `doc` whose `path` is the value that stands at `sourcePath` of `source`. */
export function setFrom(
  doc: RawDocument,
  path: Path,
  source: RawDocument,
  sourcePath: Path,
): SetResult {
  const value = replaced(doc.value, path, 0, valueAt(source.value, sourcePath))
  if (value instanceof CannotSet) return { what: value.what }
  const find = (wanted: Path, at: At): Position | undefined => {
    if (!startsWith(wanted, path)) return doc.find(wanted, at)
    return source.find([...sourcePath, ...wanted.slice(path.length)], at)
  }
  return { doc: { value, find } }
}

class CannotSet {
  readonly what: string
  constructor(what: string) {
    this.what = what
  }
}

function startsWith(path: Path, prefix: Path): boolean {
  return path.length >= prefix.length && prefix.every((part, i) => path[i] === part)
}

/** Mappings on the way are made as needed; list entries must exist. */
function replaced(target: unknown, path: Path, depth: number, value: unknown): unknown {
  const part = path[depth]
  if (part === undefined) return value
  if (Array.isArray(target)) return replacedInList(target, path, depth, part, value)
  if (target !== undefined && target !== null && !isMapping(target)) {
    return new CannotSet(`${formatPath(path.slice(0, depth))} is not a mapping or a list`)
  }
  const key = String(part)
  if (key === '' || key === '__proto__') return new CannotSet(`'${key}' is not a key`)
  const old = target !== undefined && target !== null && Object.hasOwn(target, key)
  const inner = replaced(old ? target[key] : undefined, path, depth + 1, value)
  return inner instanceof CannotSet ? inner : { ...(target ?? {}), [key]: inner }
}

function replacedInList(
  target: readonly unknown[],
  path: Path,
  depth: number,
  part: PathPart,
  value: unknown,
): unknown {
  if (typeof part !== 'number' || part >= target.length) {
    const list = formatPath(path.slice(0, depth))
    const indices = target.length === 0 ? 'none' : `0..${target.length - 1}`
    return new CannotSet(`${list} has no entry ${part}, allowed ${indices}`)
  }
  const inner = replaced(target[part], path, depth + 1, value)
  return inner instanceof CannotSet ? inner : target.map((old, i) => (i === part ? inner : old))
}
