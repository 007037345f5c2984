/**
 * One document with `variants` into one document per variant, before any decoding: so that each
 * variant is validated as a whole, with positions. A document without variants gives itself.
 * An override from the command line wins over the variant, which wins over the file.
 */
import { type Fault, formatPath, type Path, parsePath } from './fault.ts'
import { isMapping, type RawDocument, setFrom, valueAt } from './raw.ts'

/** `--set path=value`: the value stands at the root of `source`. */
export interface Override {
  readonly path: string
  readonly source: RawDocument
}

export interface Expanded {
  readonly variant: string | null
  readonly doc: RawDocument
}

export interface Expansion {
  /** The file itself with the overrides, still with its `variants`. */
  readonly base: RawDocument
  readonly runs: readonly Expanded[]
  readonly faults: readonly { readonly fault: Fault; readonly doc: RawDocument }[]
}

/** Keys of a variant that are not overrides of the scenario. */
const ownKeys: readonly string[] = ['name', 'summary', 'set']

/** Overrides change the variants whose `name/variant` is chosen; the others stay as they are. */
export function expandVariants(
  doc: RawDocument,
  overrides: readonly Override[],
  isChosen: (fullName: string) => boolean = () => true,
): Expansion {
  const faults: { fault: Fault; doc: RawDocument }[] = []
  const base = withOverrides(doc, overrides, faults)
  const list = valueAt(base.value, ['variants'])
  if (!Array.isArray(list) || list.length === 0) {
    return { base, runs: [{ variant: null, doc: without(base, 'variants') }], faults }
  }
  const plain = without(doc, 'variants')
  const runs = list.flatMap((entry, i) => {
    if (!isMapping(entry)) return []
    const changed = applyVariant(plain, base, i, entry, faults)
    const variant = typeof entry.name === 'string' ? entry.name : `variant-${i}`
    const overridden = withOverrides(changed, overrides, [])
    const run = isChosen(`${String(valueAt(overridden.value, ['name']))}/${variant}`)
    return [{ variant, doc: without(run ? overridden : changed, 'variants') }]
  })
  checkNames(list, base, faults)
  return { base, runs, faults }
}

function without(doc: RawDocument, key: string): RawDocument {
  if (!isMapping(doc.value)) return doc
  const { [key]: _, ...rest } = doc.value
  return { value: rest, find: doc.find }
}

function withOverrides(
  doc: RawDocument,
  overrides: readonly Override[],
  faults: { fault: Fault; doc: RawDocument }[],
): RawDocument {
  let changed = doc
  for (const { path, source } of overrides) {
    const parts = parsePath(path)
    const next = setFrom(changed, parts, source, [])
    if ('doc' in next) changed = next.doc
    else faults.push({ fault: { path: parts, at: 'value', what: next.what }, doc: source })
  }
  return changed
}

/** `set` entries first, then the nested keys, which merge into mappings and replace lists. */
function applyVariant(
  plain: RawDocument,
  source: RawDocument,
  index: number,
  entry: Readonly<Record<string, unknown>>,
  faults: { fault: Fault; doc: RawDocument }[],
): RawDocument {
  const here: Path = ['variants', index]
  const set = isMapping(entry.set) ? Object.keys(entry.set) : []
  const edits = [
    ...set.map((key) => ({ to: parsePath(key), from: [...here, 'set', key] })),
    ...Object.keys(entry)
      .filter((key) => !ownKeys.includes(key))
      .flatMap((key) => leaves([key], entry[key]))
      .map((to) => ({ to, from: [...here, ...to] })),
  ]
  let changed = plain
  for (const { to, from } of edits) {
    const next = setFrom(changed, to, source, from)
    if ('doc' in next) changed = next.doc
    else faults.push({ fault: { path: from, at: 'key', what: next.what }, doc: source })
  }
  return changed
}

/** Paths of what a nested override replaces whole: scalars, lists, and `expect`. */
function leaves(path: Path, value: unknown): readonly Path[] {
  if (!isMapping(value) || path[0] === 'expect') return [path]
  return Object.keys(value).flatMap((key) => leaves([...path, key], value[key]))
}

function checkNames(
  list: readonly unknown[],
  doc: RawDocument,
  faults: { fault: Fault; doc: RawDocument }[],
): void {
  const names = list.map((entry) => (isMapping(entry) ? entry.name : undefined))
  names.forEach((name, i) => {
    const first = names.indexOf(name)
    if (typeof name !== 'string' || first === i) return
    const path = ['variants', i, 'name']
    const what = `'${name}' is also the name of ${formatPath(['variants', first])}`
    faults.push({ fault: { path, at: 'value', what, allowed: 'names that differ' }, doc })
  })
}
