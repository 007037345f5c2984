/**
 * ftrace text, read by a reader that knows only the kernel's print formats and that reads lines of
 * a real kernel too. What it reads gives the distributions of our own result, to the microsecond
 * that the format keeps.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ftraceText, type Machine } from '../../../src/export/ftrace.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { type ExportRun, runOf } from '../../support/export-runs.ts'
import { type FtraceLine, readFtrace } from '../../support/ftrace-reader.ts'

const captured = new URL('../../data/captured-ftrace.txt', import.meta.url)
const textOf = (run: ExportRun, machine: Machine = 'guest') =>
  [...ftraceText(run.store, machine)].join('')

const playback = runOf('first-light.yaml')
const xrun = runOf('underrun-client-sleeps.yaml')
const guest = readFtrace(textOf(playback))

function recordsOf({ store }: ExportRun, kind: number): TraceRecord[] {
  const found: TraceRecord[] = []
  for (let i = 0; i < store.length; i++) {
    const record = store.at(i, new TraceRecord())
    if (record.kind === kind) found.push(record)
  }
  return found
}

const of = (lines: readonly FtraceLine[], event: string) =>
  lines.filter((line) => line.event === event)

/** By nearest rank. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(q * sorted.length) - 1] as number
}

it('the reader knows lines of a real kernel', () => {
  const lines = readFtrace(readFileSync(captured, 'utf8'))
  expect(lines.length).toBeGreaterThan(80)
  expect(new Set(lines.map(({ event }) => event)).size).toBeGreaterThan(25)
})

describe('ftrace text', () => {
  it.each(['guest', 'host'] as const)('of every run is what the kernel prints: %s', (machine) => {
    const deadlock = runOf('virtio-snd/H01-sleeping-lock-in-hardirq.yaml')
    for (const run of [playback, xrun, deadlock, runOf('xen/X01-lost-boundary.yaml')]) {
      const text = textOf(run, machine)
      const lines = readFtrace(text)
      expect(lines.length).toBeGreaterThan(50)
      const said = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+) {3}#P:(\d+)$/m.exec(text)
      expect([Number(said?.[1]), Number(said?.[2])]).toEqual([lines.length, lines.length])
      expect(lines.every(({ cpu }) => cpu < Number(said?.[3]))).toBe(true)
      const times = lines.map(({ timeUs }) => timeUs)
      expect(times.every((time, i) => i === 0 || time >= (times[i - 1] as number))).toBe(true)
    }
  })

  it('has every pointer update and transfer, with the values of the records', () => {
    const hwptr = recordsOf(playback, T.snd_pcm_hwptr)
    expect(of(guest, 'hwptr').map(({ fields, timeUs }) => [timeUs, ...fields])).toEqual(
      hwptr.map((r) => [
        Math.round(r.timeNs / 1000),
        'pcmC0D0p/sub0',
        r.b === 1 ? 'IRQ' : 'POS',
        ...[r.c, r.d, r.e, 480, 1920].map(String),
      ]),
    )
    const applptr = recordsOf(playback, T.snd_pcm_applptr)
    expect(of(guest, 'applptr').map(({ fields }) => fields.slice(1, 4).map(Number))).toEqual(
      applptr.map((r) => [r.b, r.c, r.d]),
    )
    expect(of(readFtrace(textOf(xrun)), 'xrun').length).toBe(recordsOf(xrun, T.snd_pcm_xrun).length)
    expect(recordsOf(xrun, T.snd_pcm_xrun).length).toBeGreaterThan(0)
  })

  it('read back gives our own distributions of intervals and wake latencies', () => {
    const { periodElapsed, wakeLatencyNs } = Object.values(playback.result.streams)[0] ?? {}
    const elapsed = of(guest, 'elapsed').map(({ timeUs }) => timeUs)
    const intervals = elapsed.slice(1).map((time, i) => time - (elapsed[i] as number))
    expect(elapsed.length).toBe(periodElapsed?.count)
    const wakes: number[] = []
    let called = -1
    for (const { event, fields, timeUs } of guest) {
      if (event === 'elapsed') called = timeUs
      if (event !== 'sched_switch' || fields[4] !== 'aplay' || called < 0) continue
      wakes.push(timeUs - called)
      called = -1
    }
    expect(Math.abs(wakes.length - (wakeLatencyNs?.count ?? 0))).toBeLessThanOrEqual(1)
    for (const [q, name] of [
      [0.5, 'p50'],
      [0.9, 'p90'],
      [0.99, 'p99'],
    ] as const) {
      const interval = (periodElapsed?.intervalNs[name] ?? 0) / 1000
      expect(Math.abs(quantile(intervals, q) - interval)).toBeLessThanOrEqual(1)
      const wake = (wakeLatencyNs?.[name] ?? 0) / 1000
      expect(Math.abs(quantile(wakes, q) - wake)).toBeLessThanOrEqual(1.5)
    }
  })

  it('says of each switch whether the task sleeps, and runs handlers in its name', () => {
    const left = new Map<string, string>()
    for (const { event, fields, comm, flags } of guest) {
      if (flags[2] === 'h') expect(['<idle>', 'aplay', 'kworker/0:0', 'modprobe']).toContain(comm)
      if (event === 'sched_waking') {
        expect(left.get(fields[1] as string)).not.toBe('R')
        left.delete(fields[1] as string)
      }
      if (event !== 'sched_switch') continue
      const [, prev = '', , state = '', , next = ''] = fields
      if (next !== '0') expect(left.get(next) ?? 'R').toBe('R')
      left.set(prev, state)
    }
    expect(of(guest, 'sched_switch').some(({ fields }) => fields[3] === 'S')).toBe(true)
  })

  it('numbers the calls as a 64-bit kernel does', () => {
    const commands = of(guest, 'sys_ioctl enter').map(({ fields }) => fields[1])
    // Of a capture: hw_params, sw_params, prepare, writei, drain.
    for (const cmd of ['c2604111', 'c0884113', '4140', '40184150', '4144']) {
      expect(commands).toContain(`cmd: ${cmd}`)
    }
    expect(of(guest, 'sys_ioctl exit').length).toBe(commands.length)
  })
})
