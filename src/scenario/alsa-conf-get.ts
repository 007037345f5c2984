/**
 * Asking a configuration tree, as the kernel's self-tests do. A value of the wrong type is a fault
 * of the file: one sentence, thrown as WrongConf. Kernel: tools/testing/selftests/alsa/conf.c.
 */
import type { ConfCompound, ConfLeaf, ConfNode } from './alsa-conf.ts'

export class WrongConf extends Error {}

/** The node at a dotted key, or null. Kernel: conf_get_subtree(). */
export function confSubtree(root: ConfNode | null, key: string): ConfNode | null {
  let at: ConfNode | null = root
  for (const id of key.split('.')) {
    if (at === null || at.kind !== 'compound') return null
    at = at.entries.get(id) ?? null
  }
  return at
}

/** The same, where only a compound makes sense. */
export function confCompound(root: ConfNode | null, key: string): ConfCompound | null {
  const node = confSubtree(root, key)
  if (node === null) return null
  if (node.kind !== 'compound') throw new WrongConf(`key '${key}' is not a compound`)
  return node
}

function leaf(root: ConfNode | null, key: string): ConfLeaf | null {
  const node = confSubtree(root, key)
  if (node?.kind === 'compound') throw new WrongConf(`key '${key}' is a compound, not a value`)
  return node
}

/** Kernel: conf_get_string(). */
export function confString(root: ConfNode | null, key: string, otherwise: string): string {
  const node = leaf(root, key)
  if (node === null) return otherwise
  if (node.kind !== 'string') throw new WrongConf(`key '${key}' is not a string`)
  return node.text
}

/** Kernel: conf_get_long(). Not negative: sizes and rates. */
export function confLong(root: ConfNode | null, key: string, otherwise: number): number {
  const node = leaf(root, key)
  if (node === null) return otherwise
  const value = Number(node.text)
  if (node.kind === 'integer' && Number.isSafeInteger(value) && value >= 0) return value
  throw new WrongConf(`key '${key}' is not an integer`)
}

const TRUE = ['1', 'yes', 'true', 'on']
const FALSE = ['0', 'no', 'false', 'off']

/** Kernel: conf_get_bool(). */
export function confBool(root: ConfNode | null, key: string, otherwise: boolean): boolean {
  const text = leaf(root, key)?.text.toLowerCase()
  if (text === undefined) return otherwise
  if (TRUE.includes(text)) return true
  if (FALSE.includes(text)) return false
  throw new WrongConf(`key '${key}' is not a bool`)
}

/** Kernel: conf_get_string_array(). */
export function confStrings(root: ConfNode | null, key: string): readonly string[] {
  const list = confCompound(root, key)
  if (list === null) return []
  return [...list.entries.keys()].map((id) => confString(list, id, ''))
}
