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
