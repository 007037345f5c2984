/**
 * Reader of alsa-lib's configuration syntax: `id value`, `a.b.c value`, compounds in braces, arrays
 * in brackets, comments from `#`. Pure. Library: src/conf.c, the grammar at its head. Left out:
 * includes (`<file>`), hooks (`@`) and functions, which need a file system and plug-ins.
 */

export interface ConfCompound {
  readonly kind: 'compound'
  readonly entries: Map<string, ConfNode>
  readonly array: boolean
}

/** A number keeps its text: the library decides by the asker's type. */
export interface ConfLeaf {
  readonly kind: 'string' | 'integer' | 'real'
  readonly text: string
}

export type ConfNode = ConfCompound | ConfLeaf

export type ConfRead =
  | { readonly tree: ConfCompound; readonly fault: null }
  | { readonly tree: null; readonly fault: string }

/** What ends the text of a word; in an id a dot does too. */
const WORD_END = /[\s=,;{}[\]'"#]/
const DEPTH_MAX = 64

class ConfError extends Error {}

/** The tree, or `file:line:col: what is wrong`. */
export function readAlsaConf(file: string, text: string): ConfRead {
  const reader = new Reader(file, text)
  try {
    const tree = compound()
    reader.definitions(tree, '', 0)
    return { tree, fault: null }
  } catch (error) {
    if (error instanceof ConfError) return { tree: null, fault: error.message }
    throw error
  }
}

function compound(array = false): ConfCompound {
  return { kind: 'compound', entries: new Map(), array }
}

class Reader {
  private readonly file: string
  private readonly text: string
  private at = 0

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  /** Definitions up to `end` ('' for the end of the text), which is consumed. */
  definitions(into: ConfCompound, end: string, depth: number): void {
    if (depth > DEPTH_MAX) this.wrong('nested too deeply', `up to ${DEPTH_MAX} levels`)
    for (;;) {
      this.skip(/[\s,;]/)
      const c = this.text[this.at] ?? ''
      if (c === end) {
        this.at += end.length
        return
      }
      if (c === '' || '}]'.includes(c)) this.unexpected(c, end === '' ? 'an id' : `'${end}'`)
      if (c === '<' || c === '@') this.wrong(`'${c}' is not supported`, 'ids and values')
      this.definition(into, depth)
    }
  }

  /** `id.id = value`; a mode in front of an id says what happens to an older value. */
  private definition(root: ConfCompound, depth: number): void {
    let into = root
    let mode = this.mode()
    let id = this.word('an id', true)
    while (this.text[this.at] === '.') {
      this.at++
      into = this.child(into, id, mode, false)
      mode = this.mode()
      id = this.word('an id', true)
    }
    this.skip(/\s/)
    if (this.text[this.at] === '=') this.at++
    this.skip(/\s/)
    this.value(into, id, mode, depth)
  }

  private mode(): string {
    const c = this.text[this.at] ?? ''
    if (!'+-?!'.includes(c) || c === '') return '+'
    this.at++
    return c
  }

  private value(into: ConfCompound, id: string, mode: string, depth: number): void {
    const c = this.text[this.at] ?? ''
    if (c === '{' || c === '[') {
      this.at++
      const node = this.child(into, id, mode, c === '[')
      if (c === '{') this.definitions(node, '}', depth + 1)
      else this.elements(node, depth + 1)
      return
    }
    const quoted = c === "'" || c === '"'
    const text = this.word('a value', false)
    if (mode === '?' && into.entries.has(id)) return
    if (mode !== '!' && into.entries.get(id)?.kind === 'compound') {
      this.wrong(`'${id}' is a compound already`, 'a compound')
    }
    into.entries.set(id, quoted ? { kind: 'string', text } : leafOf(text))
  }

  /** Elements of an array have their numbers as ids. */
  private elements(into: ConfCompound, depth: number): void {
    for (;;) {
      this.skip(/[\s,;]/)
      const c = this.text[this.at] ?? ''
      if (c === ']') {
        this.at++
        return
      }
      if (c === '' || c === '}') this.unexpected(c, "']'")
      this.value(into, String(into.entries.size), '+', depth)
    }
  }

  /** The compound of an id: the one there is, unless it is to be replaced. */
  private child(into: ConfCompound, id: string, mode: string, array: boolean): ConfCompound {
    const old = into.entries.get(id)
    if (old?.kind === 'compound' && mode !== '!' && mode !== '?') return old
    if (old?.kind === 'compound' && mode === '?') return compound(array)
    if (old !== undefined && mode !== '!') this.wrong(`'${id}' has a value already`, 'a new id')
    const node = compound(array)
    into.entries.set(id, node)
    return node
  }

  private word(what: string, isId: boolean): string {
    const first = this.text[this.at] ?? ''
    if (first === "'" || first === '"') return this.quoted(first)
    const from = this.at
    for (let c = first; c !== '' && !WORD_END.test(c); c = this.text[this.at] ?? '') {
      if (isId && c === '.') break
      this.at++
    }
    if (this.at === from) this.unexpected(first, what)
    return this.text.slice(from, this.at)
  }

  private quoted(quote: string): string {
    this.at++
    let text = ''
    for (;;) {
      const c = this.text[this.at] ?? ''
      if (c === '') this.unexpected('', `a closing ${quote}`)
      this.at++
      if (c === quote) return text
      if (c === '\\') {
        const next = this.text[this.at++] ?? ''
        text += { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f', b: '\b' }[next] ?? next
      } else text += c
    }
  }

  /** Passes what matches, and comments. */
  private skip(what: RegExp): void {
    for (;;) {
      const c = this.text[this.at] ?? ''
      if (c === '#') {
        const end = this.text.indexOf('\n', this.at)
        this.at = end < 0 ? this.text.length : end
      } else if (c === '' || !what.test(c)) return
      else this.at++
    }
  }

  private unexpected(c: string, allowed: string): never {
    this.wrong(c === '' ? 'the text ends here' : `'${c}' is not expected here`, allowed)
  }

  private wrong(what: string, allowed: string): never {
    const before = this.text.slice(0, this.at).split('\n')
    const col = (before.at(-1)?.length ?? 0) + 1
    throw new ConfError(`${this.file}:${before.length}:${col}: ${what}, allowed: ${allowed}`)
  }
}

function leafOf(text: string): ConfLeaf {
  if (/^[-+]?(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return { kind: 'integer', text }
  if (/^[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?$/.test(text)) return { kind: 'real', text }
  return { kind: 'string', text }
}
