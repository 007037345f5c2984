/** Emulator devices, sentence by sentence of domain/host-device.md §4; ring of 4 x 480 frames. */
import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../../src/index.ts'
import { T, TraceRecord } from '../../../../src/sim/trace.ts'
import type { RecordName } from '../../../../src/sim/trace-kinds.ts'
import { specOf } from '../../../support/scenario-text.ts'

const PERIOD_BYTES = 480 * 4
const PERIOD_MS = 10

function played(device: string, version = 'ack') {
  const text = `version: 1
name: emulator
duration: 500ms
driver: {kind: virtio-snd, version: ${version}}
device: ${device}
streams: [{name: music, period_size: 480, periods: 4}]
`
  const { store, result } = runScenario(specOf(text), 1)
  const all = (name: RecordName): readonly TraceRecord[] => {
    const found: TraceRecord[] = []
    store.replay({
      record: (r) => {
        if (r.kind === T[name]) found.push(Object.assign(new TraceRecord(), r))
      },
    })
    return found
  }
  const latencies = new Set(all('virtsnd_msg_complete').map((r) => r.d))
  const stream = result.streams['music']
  return { all, latencies, stream }
}

describe('crosvm', () => {
  it('latency_bytes is what is to be played before it: 0 once its period has passed', () => {
    const { all, latencies } = played('{kind: crosvm}')
    expect(all('virtsnd_msg_complete').length).toBeGreaterThan(40)
    expect([...latencies]).toEqual([0])
  })
  it('completes a message when its period has passed, every period of one', () => {
    const { all, stream } = played('{kind: crosvm}')
    const [start] = all('snd_pcm_trigger_done')
    const [first, second] = all('virtsnd_msg_complete')
    const ms = (r: TraceRecord | undefined) => ((r?.timeNs ?? 0) - (start?.timeNs ?? 0)) / 1e6
    expect(ms(first)).toBeGreaterThan(PERIOD_MS - 0.5)
    expect(ms(first)).toBeLessThan(PERIOD_MS + 0.5)
    expect(ms(second) - ms(first)).toBeCloseTo(PERIOD_MS, 1)
    expect(stream?.xruns).toEqual([])
  })
  it('a device that completes when it copies says what is queued behind it in the sink', () => {
    const device = '{kind: generic, latency: "true", pacing: {kind: pull, quantum: 480}}'
    const { latencies } = played(device)
    for (const bytes of latencies) expect(bytes % 4).toBe(0)
    expect(Math.max(...latencies)).toBeGreaterThanOrEqual(PERIOD_BYTES)
  })
})

describe('semu, rv32emu', () => {
  it('completing on enqueue makes playback unstable: v7 overtakes the application', () => {
    const { stream } = played('{kind: generic, pacing: {kind: free-run}}', 'v7')
    expect(stream?.xruns.length).toBeGreaterThan(0)
  })
  it('completing on enqueue: ack gets its whole ring back in one batch and freezes (H23)', () => {
    const { stream } = played('{kind: generic, pacing: {kind: free-run}}', 'ack')
    expect(stream?.silentFailures.map(({ kind }) => kind)).toContain('stalled')
  })
  it.each(['v7', 'ack'])('completing at actual consumption does not: %s', (version) => {
    const { stream } = played('{kind: generic, pacing: {kind: exact}}', version)
    expect(stream?.xruns).toEqual([])
    expect(stream?.errors).toEqual([])
  })
})
