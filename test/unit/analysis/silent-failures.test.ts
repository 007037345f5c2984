/** Silent failures of recordings: the client is given as recorded what is not. Sizes are frames. */
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../src/index.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'

function record(device: string, stream: string) {
  const [spec] = loadScenario(
    [
      'version: 1',
      'name: recording',
      'duration: 500ms',
      'driver: {kind: virtio-snd, version: v7}',
      `device: {${device}}`,
      `streams: [{name: mic, direction: capture, ${stream}}]`,
    ].join('\n'),
  )
  const { result, store } = runScenario(spec!)
  const mic = result.streams.mic!
  const reads: { first: number; frames: number }[] = []
  const r = new TraceRecord()
  for (let i = 0; i < store.length; i++) {
    store.at(i, r)
    if (r.kind === T.snd_pcm_transfer && r.a === mic.id) reads.push({ first: r.b, frames: r.c })
  }
  const data = reads.filter(({ first }) => first >= 0)
  const stale = mic.silentFailures.filter(({ kind }) => kind === 'stale')
  const sum = (list: readonly { readonly frames: number }[]): number =>
    list.reduce((all, { frames }) => all + frames, 0)
  return { mic, reads, data, stale: sum(stale), read: sum(reads), fresh: sum(data) }
}

const PULL = 'kind: generic, pacing: {kind: pull, quantum: 1024}'

describe('a device that advances twice in a capture message', () => {
  it('loses no frame of the source, and half of what the client reads was never recorded', () => {
    const { data, stale, read, fresh } = record(
      `${PULL}, advance: twice`,
      'client: arecord, period_size: 2048, periods: 3',
    )
    let next = 0
    for (const { first, frames } of data) {
      expect(first).toBe(next)
      next += frames
    }
    expect(read).toBe(2 * fresh)
    expect(stale).toBe(read - fresh)
    // 500 ms at 48 kHz: what came from the source is the rest of a quantum short of it.
    expect(fresh).toBeGreaterThan(24_000 - 2 * 1024)
    expect(fresh).toBeLessThanOrEqual(24_000)
  })

  it('gives what was read before where its gaps move through the ring', () => {
    const { data, reads, stale } = record(
      `${PULL}, advance: twice`,
      'client: arecord, period_size: 480, periods: 4',
    )
    const old = (one: { first: number }, i: number): boolean =>
      data.slice(0, i).some(({ first }) => first > one.first)
    expect(data.filter(old).length).toBeGreaterThan(0)
    const again = data.filter(old).reduce((all, { frames }) => all + frames, 0)
    const silent = reads
      .filter(({ first }) => first < 0)
      .reduce((all, { frames }) => all + frames, 0)
    expect(stale).toBe(again + silent)
  })

  it('is not noticed where a chunk fills the message', () => {
    const { stale, read, fresh } = record(
      `${PULL}, advance: twice`,
      'client: arecord, period_size: 1024, periods: 4',
    )
    expect(stale).toBe(0)
    expect(read).toBe(fresh)
  })
})

describe('a recording without faults', () => {
  it.each([PULL, 'kind: generic', 'kind: qemu', 'kind: vhost-user, backend: alsa'])(
    '%s',
    (device) => {
      expect(record(device, 'client: arecord, period_size: 480, periods: 8').stale).toBe(0)
    },
  )

  it('reads again after a rewind because it wants to', () => {
    const script = [
      '{call: open}',
      '{call: hw_params}',
      '{call: sw_params}',
      '{call: prepare}',
      '{call: start}',
      '{call: readi, frames: 960}',
      '{call: rewind, frames: 480}',
      '{call: readi, frames: 960}',
    ]
    const { reads, stale } = record(
      'kind: generic',
      `client: scripted, period_size: 480, periods: 8, options: {script: [${script.join(', ')}]}`,
    )
    expect(reads.reduce((all, { frames }) => all + frames, 0)).toBe(1920)
    expect(stale).toBe(0)
  })
})
