/** The reader of alsa-lib's configuration syntax, and the questions of the self-test. */
import { describe, expect, it } from 'vitest'
import { type ConfNode, readAlsaConf } from '../../../src/scenario/alsa-conf.ts'
import {
  confBool,
  confLong,
  confString,
  confStrings,
  confSubtree,
} from '../../../src/scenario/alsa-conf-get.ts'

function tree(text: string): ConfNode {
  const read = readAlsaConf('a.conf', text)
  if (read.fault !== null) throw new Error(read.fault)
  return read.tree
}

function plain(node: ConfNode): unknown {
  if (node.kind !== 'compound') return node.text
  return Object.fromEntries([...node.entries].map(([id, value]) => [id, plain(value)]))
}

describe('what is read', () => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['a value', 'a b', { a: 'b' }],
    ['with an equals sign and separators', 'a = 1, b = 2; c 3', { a: '1', b: '2', c: '3' }],
    ['dotted ids', 'a.b.c 1\na.b.d 2', { a: { b: { c: '1', d: '2' } } }],
    ['nested compounds', 'a { b { c x } }', { a: { b: { c: 'x' } } }],
    ['compounds merge', 'a { b 1 }\na { c 2 }', { a: { b: '1', c: '2' } }],
    [
      'a dotted id with a compound',
      'pcm.0.0 { PLAYBACK { } }',
      {
        pcm: { 0: { 0: { PLAYBACK: {} } } },
      },
    ],
    [
      'arrays number their elements',
      'a [ x "y z" { b 1 } ]',
      {
        a: { 0: 'x', 1: 'y z', 2: { b: '1' } },
      },
    ],
    ['comments', '# one\na b # two\n#c d', { a: 'b' }],
    ['quoted ids keep their dots', `'a.b' 'c\\nd'`, { 'a.b': 'c\nd' }],
    ['values keep their dots', 'a class/dmi.id', { a: 'class/dmi.id' }],
    ['! replaces', 'a { b 1 }\n!a { c 2 }', { a: { c: '2' } }],
    ['? leaves what is there', 'a 1\n?a 2\n?b 3', { a: '1', b: '3' }],
    ['a later value wins', 'a 1\na 2', { a: '2' }],
  ]
  for (const [name, text, expected] of cases) {
    it(name, () => expect(plain(tree(text))).toEqual(expected))
  }
})

describe('what is refused, and where', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['a {', /a\.conf:1:4: the text ends here, allowed: '}'/],
    ['a }', /a\.conf:1:3: '}' is not expected here, allowed: a value/],
    ['a [ 1', /allowed: ']'/],
    ["a 'b", /a closing '/],
    ['a 1\na.b 2', /a\.conf:2:3: 'a' has a value already/],
    ['a { b 1 }\na 2', /'a' is a compound already/],
    ['</etc/asound.conf>', /'<' is not supported/],
    ['@hooks [ ]', /'@' is not supported/],
    ['a { '.repeat(100), /nested too deeply/],
  ]
  for (const [text, pattern] of cases) {
    it(String(pattern), () => expect(readAlsaConf('a.conf', text).fault).toMatch(pattern))
  }
})

describe('questions', () => {
  const root = tree('pcm.0.0.PLAYBACK { skip yes rate 0x10 name "12" list [ A B ] }')
  const at = confSubtree(root, 'pcm.0.0.PLAYBACK')
  it('answer by type', () => {
    expect(confBool(at, 'skip', false)).toBe(true)
    expect(confLong(at, 'rate', 1)).toBe(16)
    expect(confString(at, 'name', '')).toBe('12')
    expect(confStrings(at, 'list')).toEqual(['A', 'B'])
    expect(confLong(at, 'absent', 7)).toBe(7)
    expect(confSubtree(root, 'pcm.1')).toBe(null)
  })
  it('refuse the wrong type', () => {
    expect(() => confLong(at, 'name', 0)).toThrow(/key 'name' is not an integer/)
    expect(() => confString(at, 'rate', '')).toThrow(/not a string/)
    expect(() => confBool(at, 'rate', true)).toThrow(/not an? bool/)
  })
})
