/**
 * Hostile forms of a file, drawn by a number: the same for every run. Texts are Latin-1, one unit a
 * byte, so that what is no UTF-8 can be said and every byte of a packed file can be changed.
 */
import type { Prng } from '../../src/base/prng.ts'

const BITS = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\t',
  '[',
  ']',
  '{',
  '}',
  '"',
  '-',
  '=',
  ':',
  ' ',
  '9'.repeat(400),
  '-1',
  'NaN',
  '\x1b[31m',
  // A byte-order mark, a surrogate, an overlong NUL, what is in no UTF-8 text.
  '\xef\xbb\xbf',
  '\xed\xa0\x80',
  '\xc0\x80',
  '\xff\xff',
]

/** Bytes cut, put in, repeated, moved. */
function damaged(text: string, draw: Prng): string {
  let out = text
  const times = few(draw)
  for (let i = 0; i < times; i++) {
    const at = draw.below(out.length + 1)
    const to = Math.min(out.length, at + draw.below(200))
    const bit = BITS[draw.below(BITS.length)] as string
    const how = draw.below(6)
    if (how === 0) out = out.slice(0, at)
    else if (how === 1) out = out.slice(0, at) + out.slice(to)
    else if (how === 2) out = out.slice(0, at) + bit + out.slice(at)
    else if (how === 3) out = out.slice(0, at) + bit.repeat(1 + draw.below(300)) + out.slice(to)
    else if (how === 4) out = out.slice(0, to) + out.slice(at, to).repeat(20) + out.slice(to)
    else out = out.slice(at) + out.slice(0, at)
  }
  return out
}

const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1',
  '2',
  '255',
  '65536',
  '4294967295',
  '9007199254740993',
  '1e15',
  '1e999',
  '-1e999',
  '1e-400',
  '0.5',
  '0x10',
  '.inf',
  'null',
  'true',
  '""',
  '[]',
  '{}',
]

const WORDS = [
  '../../x',
  '/etc/pcmsim-fuzz',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '.',
  '..',
  'a/b',
  'a\\\\b',
  '-rf',
  '',
  ' ',
  '~',
  '*x',
  '&x',
  '%s%n',
  '<script>alert(1)</script>',
  ']]>',
  '$(id)',
  '\x1b]0;x\x07',
  '\xe2\x80\xae',
  'x'.repeat(5000),
]

const NUMBER = /-?\b\d+(?:\.\d+)?(?:e\d+)?\b/g
const WORD = /[A-Za-z_][\w.-]*/g

/** Mostly one: with many, the first hides the others. */
function few(draw: Prng): number {
  return draw.below(2) === 0 ? 1 : 1 + draw.below(6)
}

/** A number that is as likely as the old one, or none of it. */
function otherNumber(old: string, draw: Prng): string {
  const value = Number(old)
  const near = [value + 1, value - 1, 2 * value, 10 * value, Math.floor(value / 2), 1000 * value]
  if (draw.below(2) === 0 && Number.isFinite(value)) return String(near[draw.below(near.length)])
  return NUMBERS[draw.below(NUMBERS.length)] as string
}

function otherWord(_: string, draw: Prng): string {
  return WORDS[draw.below(WORDS.length)] as string
}

/** The form is kept, some of what `pattern` finds is something else. */
function replaced(text: string, draw: Prng, pattern: RegExp, otherOf: typeof otherWord): string {
  let out = text
  for (let times = few(draw); times > 0; times--) {
    pattern.lastIndex = draw.below(out.length + 1)
    const found = pattern.exec(out)
    if (found === null) continue
    const other = otherOf(found[0], draw)
    out = out.slice(0, found.index) + other + out.slice(found.index + found[0].length)
  }
  return out
}

/** Lines left out, doubled, swapped with another, taken from another file. */
function shuffled(text: string, other: string, draw: Prng): string {
  const lines = text.split('\n')
  const others = other.split('\n')
  for (let times = few(draw); times > 0; times--) {
    const at = draw.below(lines.length)
    const many = 1 + draw.below(10)
    const how = draw.below(4)
    if (how === 0) lines.splice(at, many)
    else if (how === 1) lines.splice(at, 0, ...lines.slice(at, at + many))
    else if (how === 2) lines.push(...lines.splice(at, many))
    else {
      const from = draw.below(others.length)
      lines.splice(at, many, ...others.slice(from, from + many))
    }
    if (lines.length === 0) break
  }
  return lines.join('\n')
}

/** One of several good files, made hostile in one way or in several, or left as it is. */
export function hostile(goods: readonly string[], draw: Prng): string {
  const good = goods[draw.below(goods.length)] as string
  const other = goods[draw.below(goods.length)] as string
  let out = good
  for (let times = draw.below(16) === 0 ? 0 : 1 + (draw.below(4) >> 1); times > 0; times--) {
    const how = draw.below(8)
    if (how < 1) out = damaged(out, draw)
    else if (how < 5) out = replaced(out, draw, NUMBER, otherNumber)
    else if (how < 7) out = replaced(out, draw, WORD, otherWord)
    else out = shuffled(out, other, draw)
  }
  return out
}
