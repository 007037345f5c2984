/** A long recording keeps most of its chunks in a file, and is the recording that memory holds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/app/Fingerprint.ts'
import { loadScenario } from '../../../src/index.ts'
import { runScenario } from '../../../src/scenario/run.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { KIND_NAMES, TraceRecord } from '../../../src/sim/trace.ts'
import { CHUNK_RECORDS, type TraceChunk } from '../../../src/sim/trace-chunk.ts'
import { type BlockFile, ChunkPool } from '../../../src/sim/trace-columns.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'

/** Blocks as a file would have them: copies, handed out in memory that is used again. */
class Blocks implements BlockFile {
  readonly blocks: Buffer[] = []
  readonly handed = Buffer.alloc(1 << 21)
  closed = false

  append(pieces: Iterable<Uint8Array>): void {
    const copies: Uint8Array[] = []
    for (const piece of pieces) copies.push(piece.slice())
    this.blocks.push(Buffer.concat(copies))
  }

  read(nth: number): Uint8Array {
    const block = this.blocks[nth] as Buffer
    this.handed.fill(255)
    block.copy(this.handed)
    return this.handed.subarray(0, block.length)
  }

  close(): void {
    this.closed = true
  }
}

/** Counts the chunks that are in use, at their most. */
class CountingPool extends ChunkPool {
  live = 0
  most = 0

  override take(): TraceChunk {
    this.live++
    this.most = Math.max(this.most, this.live)
    return super.take()
  }

  override give(chunks: readonly TraceChunk[]): void {
    this.live -= chunks.length
    super.give(chunks)
  }
}

/** Any kinds and arguments, wide ones too; the same for the same number. */
function fill(store: TraceStore, records: number): TraceStore {
  const r = new TraceRecord()
  for (let i = 0; i < records; i++) {
    r.timeNs += i % 7 === 0 ? 100_000 : 3
    r.kind = (i * 31) % KIND_NAMES.length
    r.cpu = i % 3
    r.context = i % 100_001
    ;[r.a, r.b, r.c, r.d, r.e, r.f] = [i, -i, i / 3, 2 ** 40 + i, 65_535, i & 1023]
    store.record(r)
  }
  return store
}

function both(records: number) {
  const files: Blocks[] = []
  const pool = new CountingPool(() => {
    files.push(new Blocks())
    return files.at(-1) as Blocks
  })
  const onFile = fill(new TraceStore(new Symbols(), pool), records)
  const inMemory = fill(new TraceStore(new Symbols()), records)
  return { onFile, inMemory, pool, files }
}

function equal(one: TraceRecord, other: TraceRecord): boolean {
  return (Object.keys(one) as (keyof TraceRecord)[]).every((key) => one[key] === other[key])
}

const copyOf = (store: TraceStore, index: number) => ({ ...store.at(index, new TraceRecord()) })

describe('a recording with a file', () => {
  it('is the recording in memory, read in order and at any place', () => {
    const records = 20 * CHUNK_RECORDS + 1_234
    const { onFile, inMemory, files } = both(records)
    expect(files.map(({ blocks }) => blocks.length)).toEqual([4])
    expect(fingerprint(onFile)).toBe(fingerprint(inMemory))
    let [seen, wrong] = [0, 0]
    const other = new TraceRecord()
    onFile.replay({
      record: (r) => {
        const same = inMemory.at(seen++, other)
        if (!equal(r, same)) wrong++
        // A look elsewhere does not disturb the order.
        if (seen % 5_000 === 0) onFile.at((seen * 7_919) % records, other)
      },
    })
    expect([seen, wrong]).toEqual([records, 0])
    const index = fc.nat(records - 1)
    const same = (at: number): void => expect(copyOf(onFile, at)).toEqual(copyOf(inMemory, at))
    fc.assert(fc.property(index, (at) => void same(at)))
  })
  it.each([16, 17, 18])('is the same where %i chunks are just full', (chunks) => {
    for (const records of [chunks * CHUNK_RECORDS, chunks * CHUNK_RECORDS + 1]) {
      const { onFile, inMemory } = both(records)
      expect(fingerprint(onFile)).toBe(fingerprint(inMemory))
      expect(copyOf(onFile, records - 1)).toEqual(copyOf(inMemory, records - 1))
    }
  })
  it('opens none for a short run', () => {
    expect(both(16 * CHUNK_RECORDS).files).toEqual([])
  })
  it('gives all memory back, and closes the file', () => {
    const { onFile, pool, files } = both(24 * CHUNK_RECORDS)
    onFile.replay({ record: () => {} })
    for (let i = 0; i < 24; i++) onFile.at(i * CHUNK_RECORDS, new TraceRecord())
    expect(pool.live).toBe(17 + 4)
    onFile.release()
    expect([pool.live, files[0]?.closed]).toEqual([0, true])
  })
  it('takes more records than memory would', () => {
    expect(new TraceStore(new Symbols()).lengthMax).toBe(50_000_000)
    expect(new TraceStore(new Symbols(), new ChunkPool(() => new Blocks())).lengthMax).toBe(1e9)
  })
})

describe('simulated time', () => {
  const text =
    'version: 1\nname: long\ndriver: {kind: virtio-snd}\n' +
    'streams: [{name: s, period_size: 240, periods: 8}]\n'
  const discard: BlockFile = {
    append: (pieces) => void [...pieces],
    read: () => new Uint8Array(),
    close: () => {},
  }

  it('does not add to the chunks in memory', () => {
    const seen = [25, 50].map((seconds) => {
      const set = [`duration=${seconds}s`, `streams.0.length=${seconds}s`]
      const [spec] = loadScenario(text, { set })
      if (spec === undefined) throw new Error('no scenario')
      const pool = new CountingPool(() => discard)
      const { store } = runScenario(spec, 1, { pool })
      return { chunks: store.chunkCount, most: pool.most }
    })
    expect(seen[0]?.chunks).toBeGreaterThan(17)
    expect(seen[1]?.chunks).toBeGreaterThan(34)
    expect(seen.map(({ most }) => most)).toEqual([17, 17])
  }, 120_000)
})
