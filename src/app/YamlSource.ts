/**
 * YAML 1.2 text into plain values that know where they stand. Every defect of the text is a fault
 * with its position. Limits: nesting, number of values, aliases; so that no document can exhaust
 * us.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  visit,
} from 'yaml'
import type { Path } from '../scenario/fault.ts'
import type { At, Position, RawDocument } from '../scenario/raw.ts'
import { preflight } from './yaml-preflight.ts'

/** A defect of the text itself. `path` is where in the document, as far as it is known. */
export interface TextFault {
  readonly position: Position
  readonly path: Path
  readonly what: string
  readonly allowed?: string
}

export type ReadYaml =
  | { readonly doc: RawDocument; readonly faults: readonly [] }
  | { readonly doc: null; readonly faults: readonly TextFault[] }

export const yamlLimits = { depthMax: 64, valuesMax: 100_000 } as const

/** Where a value and its key stand; a tree, because whole paths as texts outgrow their document. */
class Place {
  key: Position | undefined
  value: Position | undefined
  private readonly below = new Map<string | number, Place>()

  enter(part: string | number): Place {
    const place = this.below.get(part) ?? new Place()
    this.below.set(part, place)
    return place
  }

  find(path: Path): Place | undefined {
    return path.reduce<Place | undefined>((place, part) => place?.below.get(part), this)
  }
}

export function readYaml(file: string, text: string): ReadYaml {
  const lines = new LineCounter()
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), col: Math.max(1, col) }
  }
  const reader = new Reader(at)
  const refused = preflight(text)
  if (refused !== undefined) {
    const { offset, what, allowed } = refused
    return fail([defect(placeOf(file, text, offset), [], what, allowed)])
  }
  try {
    // The library compares each key with all before it; mapping() asks a table.
    const options = {
      version: '1.2',
      strict: true,
      prettyErrors: false,
      uniqueKeys: false,
    } as const
    const docs = parseAllDocuments(text, { ...options, lineCounter: lines })
    if ('empty' in docs) return fail([defect(at(0), [], 'the document is empty', topLevelAllowed)])
    const broken = syntaxFaults(docs, at)
    if (broken.length > 0) return fail(broken)
    const value = reader.document(docs[0] as Document<ParsedNode>)
    if (reader.faults.length > 0) return fail(reader.faults)
    return { doc: { value, find: (path, what) => reader.found(path, what) }, faults: [] }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return fail([tooDeep(at(0), [])])
  }
}

/** Without the line counter, which only a parse fills. */
function placeOf(file: string, text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n')
  return { file, line: before.length, col: (before.at(-1)?.length ?? 0) + 1 }
}

const topLevelAllowed = 'a mapping that begins with version: 1'

function fail(faults: readonly TextFault[]): ReadYaml {
  return { doc: null, faults }
}

function defect(position: Position, path: Path, what: string, allowed?: string): TextFault {
  return allowed === undefined ? { position, path, what } : { position, path, what, allowed }
}

function tooDeep(position: Position, path: Path): TextFault {
  return defect(position, path, 'nested too deeply', `up to ${yamlLimits.depthMax} levels`)
}

function syntaxFaults(
  docs: readonly Document.Parsed[],
  at: (offset: number) => Position,
): readonly TextFault[] {
  const faults = docs.flatMap((doc) =>
    [...doc.errors, ...doc.warnings].map((one) =>
      defect(at(one.pos[0]), [], `not valid YAML: ${one.message.split('\n')[0] ?? ''}`),
    ),
  )
  const second = docs[1]
  if (second !== undefined && faults.length === 0) {
    const what = 'a second document starts here'
    return [defect(at(second.range[0]), [], what, 'one document in a file')]
  }
  return faults
}

/** Walks the tree once; an alias is walked again each time it is used, against one budget. */
class Reader {
  readonly faults: TextFault[] = []
  private readonly top = new Place()
  private readonly at: (offset: number) => Position
  private values = 0
  private targets: ReadonlyMap<Alias, Node> = new Map()

  constructor(at: (offset: number) => Position) {
    this.at = at
  }

  found(path: Path, what: At): Position | undefined {
    return this.top.find(path)?.[what]
  }

  document(doc: Document<ParsedNode>): unknown {
    this.targets = aliasTargets(doc)
    return this.node(doc.contents, [], this.at(0), this.top)
  }

  private node(node: Node | null, path: Path, around: Position, place: Place): unknown {
    const position = node?.range ? this.at(node.range[0]) : around
    place.value = position
    if (node === null || this.overLimit(path, position)) return null
    if (isAlias(node)) return this.alias(this.targets.get(node), path, position, place)
    if (isScalar(node)) return node.value
    if (isSeq(node)) {
      return node.items.map((one, i) =>
        this.node(one as Node, [...path, i], position, place.enter(i)),
      )
    }
    if (isMap(node)) return this.mapping(node.items, path, position, place)
    return null
  }

  private overLimit(path: Path, position: Position): boolean {
    this.values += 1
    if (path.length > yamlLimits.depthMax) {
      if (this.values <= yamlLimits.valuesMax) this.faults.push(tooDeep(position, []))
      this.values = Infinity
      return true
    }
    if (this.values <= yamlLimits.valuesMax) return false
    const what = 'too many values, counting each use of an alias'
    if (this.values === yamlLimits.valuesMax + 1) {
      this.faults.push(defect(position, [], what, `up to ${yamlLimits.valuesMax}`))
    }
    return true
  }

  private alias(target: Node | undefined, path: Path, position: Position, place: Place): unknown {
    if (target !== undefined) return this.node(target, path, position, place)
    this.faults.push(defect(position, path, 'this alias has no anchor before it'))
    return null
  }

  private mapping(
    items: readonly { key: unknown; value: unknown }[],
    path: Path,
    around: Position,
    place: Place,
  ): unknown {
    const out: Record<string, unknown> = {}
    for (const { key, value } of items) {
      const position = keyPosition(key, this.at) ?? around
      const name = isScalar(key) && key.value !== null ? String(key.value) : undefined
      if (name === undefined || name === '__proto__') {
        this.faults.push(defect(position, path, 'this key is not a name', 'a plain name'))
        continue
      }
      if (Object.hasOwn(out, name)) {
        this.faults.push(defect(position, [], 'not valid YAML: Map keys must be unique'))
        continue
      }
      const below = place.enter(name)
      below.key = position
      out[name] = this.node((value ?? null) as Node | null, [...path, name], position, below)
    }
    return out
  }
}

/**
 * The node that each alias stands for: the last before it that has the anchor. One walk for all of
 * them, because asking the library for one walks the document.
 */
function aliasTargets(doc: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(doc, {
    Node: (_, node) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node)
        return
      }
      const target = anchors.get(node.source)
      if (target !== undefined) targets.set(node, target)
    },
  })
  return targets
}

function keyPosition(key: unknown, at: (offset: number) => Position): Position | undefined {
  const range = isScalar(key) || isMap(key) || isSeq(key) || isAlias(key) ? key.range : undefined
  return range ? at(range[0]) : undefined
}
