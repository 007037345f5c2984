import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/app/Fingerprint.ts'
import { SYMBOL_TABLES, Symbols } from '../../../src/sim/symbols.ts'
import { KIND_NAMES, NO_CPU, T, TraceRecord } from '../../../src/sim/trace.ts'
import { CODES, TRACE_VERSION } from '../../../src/sim/trace-kinds.ts'
import { ARGUMENTS, EVENT_NAMES } from '../../../src/sim/trace-labels.ts'
import { LineWriter } from '../../../src/sim/trace-lines.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'
import { TraceTextFault, TraceTextReader, traceText } from '../../../src/sim/trace-text.ts'
import { syntheticStore } from '../../support/synthetic-store.ts'

function read(text: string, pieceLength = text.length) {
  const reader = new TraceTextReader()
  for (let at = 0; at < text.length; at += pieceLength) {
    reader.push(text.slice(at, at + pieceLength))
  }
  return reader.finish()
}

const textOf = (store: TraceStore, meta = {}): string => [...traceText(store, meta)].join('')

function records(store: TraceStore): TraceRecord[] {
  return Array.from({ length: store.length }, (_, i) => store.at(i, new TraceRecord()))
}

/** A number that an argument of this type may have: of a symbol or code -1 or one that is there. */
function fitting(value: number, type: string, symbols: number): number {
  const size =
    CODES[type]?.length ?? ((SYMBOL_TABLES as readonly string[]).includes(type) ? symbols : 0)
  return size === 0 ? value : (Math.abs(Math.trunc(value)) % (size + 1)) - 1
}

/** Stores of any kinds with any arguments that fit; names repeat and need escaping. */
const anyStore = fc
  .record({
    names: fc.array(fc.constantFrom('a', 'a', 'b "q"', 'é\n', 'a#1', '&x->lock'), { minLength: 3 }),
    lines: fc.array(
      fc.record({
        kind: fc.nat(KIND_NAMES.length - 1),
        cpu: fc.oneof(fc.nat(127), fc.constant(NO_CPU)),
        context: fc.nat(2),
        stepNs: fc.nat(2 ** 44),
        args: fc.array(
          fc.oneof(
            fc.nat(9),
            fc.maxSafeInteger(),
            fc.double({ noNaN: true, noDefaultInfinity: true }),
          ),
          {
            minLength: 6,
            maxLength: 6,
          },
        ),
      }),
    ),
  })
  .map(({ names, lines }) => {
    const symbols = new Symbols()
    for (const table of SYMBOL_TABLES) {
      for (const name of names) symbols.define(table, { name, kind: 'client' })
    }
    const store = new TraceStore(symbols)
    const r = new TraceRecord()
    let timeNs = 0
    for (const { args, stepNs, ...head } of lines) {
      const types = ARGUMENTS[head.kind] ?? []
      const fit = args.map((value, i) => fitting(value, types[i]?.type ?? 'int', names.length))
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = fit
      timeNs += stepNs
      store.record(Object.assign(r, head, { timeNs, a, b, c, d, e, f }))
    }
    return store
  })

describe('trace text', () => {
  it('restores any recording bit for bit, read in any pieces', () => {
    fc.assert(
      fc.property(anyStore, fc.integer({ min: 1, max: 200 }), (store, pieceLength) => {
        const { store: back } = read(textOf(store), pieceLength)
        // -0 is 0 in a trace: JSON does not tell them apart, nor does the fingerprint.
        const plain = (r: TraceRecord) => JSON.parse(JSON.stringify(r, (_, v) => spelled(v)))
        expect(records(back).map(plain)).toEqual(records(store).map(plain))
        for (const table of SYMBOL_TABLES) {
          expect(back.symbols.entries(table)).toEqual(store.symbols.entries(table))
        }
        expect(fingerprint(back)).toBe(fingerprint(store))
      }),
    )
  })
  it('restores a run and what its header says', () => {
    const store = syntheticStore({ durationNs: 300_000_000 })
    const back = read(textOf(store, { scenario: 'x', seed: 7 }))
    expect(back.meta).toEqual({ scenario: 'x', seed: 7 })
    expect(fingerprint(back.store)).toBe(fingerprint(store))
    expect(textOf(back.store)).toBe(textOf(store))
  })
  it('writes one record as one line with keys in a fixed order', () => {
    const store = syntheticStore({ durationNs: 100_000_000 })
    const line = new LineWriter(store.symbols).line(store.at(1, new TraceRecord()))
    expect(line).toBe(
      '{"t":1000000,"ev":"snd_pcm:hw_params","cpu":0,"ctx":"aplay","args":{"stream":"pcmC0D0p",' +
        '"rate":48000,"channels":2,"frame_bytes":4,"period_size":480,"buffer_size":1920}}\n',
    )
  })
  it('has one name for each kind', () => {
    expect(new Set(EVENT_NAMES).size).toBe(KIND_NAMES.length)
    for (const args of ARGUMENTS) expect(args.length).toBeLessThanOrEqual(6)
  })
})

function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  values.forEach((value, i) => bytes.writeUInt16LE(value, 2 * i))
  return bytes
}

function spelled(value: unknown): unknown {
  if (typeof value !== 'number') return value
  return Number.isFinite(value) ? value + 0 : String(value)
}

describe('a trace file that is none', () => {
  const good = textOf(syntheticStore({ durationNs: 100_000_000 }))
  const faultOf = (text: string): string => {
    try {
      read(text)
    } catch (error) {
      if (error instanceof TraceTextFault) return `${error.line}: ${error.message}`
      throw error
    }
    return 'none'
  }
  it('is refused with the line and the reason', () => {
    const lines = good.split('\n')
    expect(faultOf('')).toBe('0: the file is empty, not a trace')
    expect(faultOf('hello')).toBe('1: this line is not JSON')
    expect(faultOf('{}')).toBe('1: not a pcmsim-trace header')
    const other = good.replace(`"version":${TRACE_VERSION}`, '"version":9')
    expect(faultOf(other)).toContain('1: trace version 9')
    expect(faultOf(lines.slice(0, 9).join('\n'))).toContain('cut short: 8 of')
    expect(faultOf(good.replace('sched:sched_switch', 'x:y'))).toBe("2: unknown event 'x:y'")
    expect(faultOf(good.replace('"next":"aplay"', '"next":"?"'))).toBe("2: '?' is not a ctx")
    expect(faultOf(good.replace('{"t":1000000,', '{'))).toBe('2: the record has no time')
    expect(faultOf(`${lines[0]}\n[`)).toBe('2: this line is not JSON')
    expect(faultOf(`${lines[0]}\nnull`)).toBe('2: this line is no object')
  })
})

describe('fingerprint', () => {
  const store = (changed: Partial<TraceRecord> = {}): TraceStore => {
    const one = new TraceStore(new Symbols())
    one.record(
      Object.assign(new TraceRecord(), { timeNs: 5, kind: T.sched_switch, a: 3, ...changed }),
    )
    return one
  }
  it('is the SHA-256 of the documented bytes', () => {
    const tables = SYMBOL_TABLES.map((table) => [table, []])
    const line = `pcmsim-fingerprint ${TRACE_VERSION} ${JSON.stringify(tables)}\n`
    const wide = Buffer.alloc(8)
    wide.writeDoubleLE(70_000)
    const columns = [u16(5), u16(T.sched_switch << 8), u16(0), u16(3, 65_535), wide]
    const expected = createHash('sha256').update(line).update(Buffer.concat(columns)).digest('hex')
    expect(fingerprint(store({ kind: T.sched_switch, a: 3, b: 70_000 }))).toBe(expected)
  })
  it('changes with every field and with the symbols', () => {
    const all = [
      store(),
      store({ timeNs: 6 }),
      store({ kind: T.virtqueue_pop }),
      store({ cpu: 1 }),
      store({ context: 1 }),
      store({ a: 4 }),
      store({ a: 65_535 }),
      store({ a: 70_000 }),
      store({ a: -1 }),
      store({ a: 0.5 }),
    ].map(fingerprint)
    const named = store()
    named.symbols.define('ctx', { name: 'x' })
    expect(new Set([...all, fingerprint(named)]).size).toBe(all.length + 1)
  })
  it('does not tell -0 from 0', () => {
    expect(fingerprint(store({ a: -0 }))).toBe(fingerprint(store({ a: 0 })))
  })

  it('refuses what no run can have recorded, and says where', () => {
    const symbols = new Symbols()
    for (const table of SYMBOL_TABLES) symbols.define(table, { name: 'one' })
    const store = new TraceStore(symbols)
    const waking = { kind: T.sched_waking, cpu: 0, context: 0, timeNs: 5, a: 0, b: 0 }
    store.record(Object.assign(new TraceRecord(), waking))
    store.record(Object.assign(new TraceRecord(), { ...waking, timeNs: 6 }))
    const good = textOf(store)
    expect(read(good).store.length).toBe(2)
    const refusals: readonly (readonly [string, string, RegExp])[] = [
      ['"t":6', '"t":4', /the time 4 is before that of the last record/],
      ['"t":6', '"t":6.5', /no whole number of ns/],
      ['"t":6', '"t":1e300', /no whole number of ns/],
      ['"cpu":0', '"cpu":4294967295', /is not a CPU, allowed: null, 0\.\.127/],
      ['"ctx":"one"', '"ctx":7', /7 is not a ctx, allowed: -1\.\.0, or a name/],
      ['"target":"one"', '"target":0.5', /0\.5 is not a ctx/],
    ]
    for (const [from, to, told] of refusals) {
      const at = good.lastIndexOf(from)
      expect(at, from).toBeGreaterThan(0)
      const bad = `${good.slice(0, at)}${to}${good.slice(at + from.length)}`
      expect(() => read(bad)).toThrow(told)
    }
  })
})
