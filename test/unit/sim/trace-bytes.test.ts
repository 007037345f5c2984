/** A recording survives the way into bytes and back, over chunks and with wide values. */
import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/app/Fingerprint.ts'
import { readTraceBytes, traceBytes } from '../../../src/sim/trace-bytes.ts'
import { traceText } from '../../../src/sim/trace-text.ts'
import { RecordScript } from '../../support/record-script.ts'
import { syntheticStore } from '../../support/synthetic-store.ts'

describe('a recording as bytes', () => {
  it('comes back bit for bit', () => {
    const store = syntheticStore({ durationNs: 6_000_000_000 })
    expect(store.length).toBeGreaterThan(16_384)
    const back = readTraceBytes(traceBytes(store), store.length)
    expect(fingerprint(back)).toBe(fingerprint(store))
    expect([...traceText(back)].join('')).toBe([...traceText(store)].join(''))
  })
  it('holds times and numbers that are large, negative or broken', () => {
    const script = new RecordScript()
    script.add(2 ** 50, 'aplay', 'snd_pcm_transfer', 0, -1, 65_535, 1e12)
    script.add(2 ** 50 + 1, 'qemu', 'tick', 0.5)
    const back = readTraceBytes(traceBytes(script.store), 2)
    expect([...traceText(back)].join('')).toBe([...traceText(script.store)].join(''))
  })
  it('may be empty', () => {
    const { store } = new RecordScript()
    expect(readTraceBytes(traceBytes(store), 0).length).toBe(0)
  })
})
