/** Hostile forms of a text file, drawn by a number: the same for every run. */
import { Prng } from '../../src/base/prng.ts'

const BITS = [
  '\0',
  '\r',
  '\n',
  '[',
  ']',
  '-',
  '=',
  ':',
  ' ',
  '9'.repeat(400),
  '\uffff',
  '-1',
  'NaN',
]

export function mutated(text: string, seed: number): string {
  const draw = new Prng(seed, 'mutated')
  let out = text
  const times = 1 + draw.below(6)
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
  '-1',
  '1',
  '2',
  '255',
  '65536',
  '4294967295',
  '1e15',
  '0.5',
  'null',
  '""',
  '[]',
]

/** Hostile in another way: the form is kept, some of its numbers are others. */
export function renumbered(text: string, seed: number): string {
  const draw = new Prng(seed, 'renumbered')
  const places = [...text.matchAll(/-?\b\d+(?:\.\d+)?\b/g)]
  const chosen = new Set(Array.from({ length: 1 + draw.below(6) }, () => draw.below(places.length)))
  let out = text
  for (const at of [...chosen].sort((a, b) => b - a)) {
    const { index, 0: old } = places[at] as RegExpExecArray
    const other = NUMBERS[draw.below(NUMBERS.length)] as string
    out = out.slice(0, index) + other + out.slice(index + old.length)
  }
  return out
}
