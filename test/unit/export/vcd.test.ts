/** Value Change Dump, read by a reader of its own, and by GTKWave's where that is installed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { vcdText } from '../../../src/export/vcd.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { type ExportRun, runOf } from '../../support/export-runs.ts'
import { readVcd } from '../../support/vcd-reader.ts'

const textOf = ({ store, result }: ExportRun) =>
  [...vcdText(store, result.virtualTimeNs, 'a test')].join('')
const playback = runOf('first-light.yaml', ['duration=500ms'])
const text = textOf(playback)
const hasGtkWave = spawnSync('fst2vcd', ['--help']).error === undefined

function recordsOf({ store }: ExportRun, kind: number): TraceRecord[] {
  const found: TraceRecord[] = []
  for (let i = 0; i < store.length; i++) {
    const record = store.at(i, new TraceRecord())
    if (record.kind === kind) found.push(record)
  }
  return found
}

describe('VCD', () => {
  const { timescale, signals, endNs } = readVcd(text)

  it('has nanoseconds to the end of the run, and a value of each variable at 0', () => {
    expect(timescale).toBe('1 ns')
    expect(endNs).toBe(playback.result.virtualTimeNs)
    expect(signals.size).toBeGreaterThan(15)
    for (const { changes } of signals.values()) expect(changes[0]?.[0]).toBe(0)
  })

  it('raises a wire for as long as the handler runs', () => {
    const wire = signals.get('guest.irq_virtio0-virtqueues')?.changes.slice(1) ?? []
    const entries = recordsOf(playback, T.irq_handler_entry).filter(({ a }) => a === 1)
    expect(wire.filter(([, value]) => value === '1').map(([time]) => time)).toEqual(
      entries.map(({ timeNs }) => timeNs),
    )
    expect(wire.every(([, value], i) => value === (i % 2 === 0 ? '1' : '0'))).toBe(true)
  })

  it('shows pointers as the core has them, and the states by name', () => {
    const appl = signals.get('pcm.pcmC0D0p_appl_ptr')?.changes.slice(1) ?? []
    const moves = recordsOf(playback, T.snd_pcm_applptr)
    expect(appl.map(([time, value]) => [time, Number(value)])).toEqual(
      moves.map(({ timeNs, c }) => [timeNs, c]),
    )
    const states = signals.get('pcm.pcmC0D0p_state')?.changes.map(([, value]) => value)
    expect(states?.slice(0, 4)).toEqual(['-', 'SETUP', 'PREPARED', 'RUNNING'])
    const lock = signals.get('guest.lock_vss0->lock')?.changes ?? []
    expect(lock.length).toBeGreaterThan(50)
  })

  it('of other runs is well formed too', () => {
    for (const file of ['xen/X01-lost-boundary.yaml', 'virtio-snd/H03-same-class-nesting.yaml']) {
      expect(readVcd(textOf(runOf(file))).signals.size).toBeGreaterThan(10)
    }
  })

  it.skipIf(!hasGtkWave)('survives the way through GTKWave: vcd2fst, fst2vcd', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pcmsim-vcd-'))
    const [vcd, fst] = [join(folder, 'a.vcd'), join(folder, 'a.fst')]
    writeFileSync(vcd, text)
    expect(spawnSync('vcd2fst', [vcd, fst], { encoding: 'utf8' })).toMatchObject({ status: 0 })
    const back = spawnSync('fst2vcd', [fst], { encoding: 'utf8', maxBuffer: 1 << 28 })
    expect(back.status).toBe(0)
    const again = readVcd(back.stdout)
    for (const name of ['pcm.pcmC0D0p_hw_ptr', 'guest.irq_virtio0-virtqueues']) {
      const told = again.signals.get(name)?.changes.filter(([time]) => time > 0)
      expect(told).toEqual(signals.get(name)?.changes.filter(([time]) => time > 0))
    }
  })
})
