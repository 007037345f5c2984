/**
 * A document without the values that cannot be decoded, so that the rest can be: what is wrong with
 * it is then said at once, not in a second round. Pure.
 */
import type { Path } from '../scenario/fault.ts'
import { isMapping } from '../scenario/raw.ts'

/** What stands in for the needed keys of the top; checks that look at them are not believed. */
const substitutes: Readonly<Record<string, unknown>> = {
  version: 1,
  name: 'unread',
  driver: {},
  streams: [],
}

/** The document without what stands at `path`; undefined if there is nothing else. */
export function prune(value: unknown, path: Path): unknown {
  const [top] = path
  if (!isMapping(value) || top === undefined) return undefined
  const rest = removed(value, path)
  const lost = !isMapping(rest) || !Object.hasOwn(rest, top)
  const needed = lost && Object.hasOwn(substitutes, top)
  return needed ? { ...(rest ?? {}), [top]: substitutes[top] } : rest
}

/** A list without one of its entries is gone too, but streams keep their places. */
function removed(value: unknown, path: Path): unknown {
  const [key, ...below] = path
  if (key === undefined) return undefined
  if (Array.isArray(value)) {
    const entry = removed(value[Number(key)], below)
    return entry === undefined ? undefined : value.map((one, i) => (i === key ? entry : one))
  }
  if (!isMapping(value)) return undefined
  const stream = key === 'streams' && below.length === 1
  const inner = stream ? emptied(value.streams, below[0]) : removed(value[key], below)
  const { [key]: _, ...others } = value
  return inner === undefined ? others : { ...others, [key]: inner }
}

function emptied(list: unknown, at: unknown): unknown {
  return Array.isArray(list) ? list.map((one, i) => (i === at ? {} : one)) : undefined
}
