/** /proc/asound at an instant, read line by line as sound/core/pcm.c prints it. */
import { describe, expect, it } from 'vitest'
import { procAsound } from '../../../src/export/proc-asound.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { runOf } from '../../support/export-runs.ts'

const run = runOf('first-light.yaml')
const { store, result } = run

type Fields = Readonly<Record<string, string>>

function snapshot(atNs: number): ReadonlyMap<string, string> {
  const text = [...procAsound(store, result, atNs)].join('')
  const parts = text.split(/^==> (\S+) <==\n/m).slice(1)
  const files = new Map<string, string>()
  for (let i = 0; i < parts.length; i += 2) {
    expect(parts[i + 1]).toMatch(/\n\n$/)
    files.set(parts[i] as string, (parts[i + 1] as string).slice(0, -1))
  }
  return files
}

/** Labels of the status file are padded to twelve, but for the first two; a rule divides them. */
const STATUS = [
  'state: \\w+',
  'owner_pid   : \\d+',
  'trigger_time: \\d+\\.\\d{9}',
  'tstamp      : \\d+\\.\\d{9}',
  'delay       : -?\\d+',
  'avail       : -?\\d+',
  'avail_max   : \\d+',
  '-----',
  'hw_ptr      : \\d+',
  'appl_ptr    : \\d+',
]
const statusPattern = new RegExp(`^${STATUS.join('\\n')}\\n$`)

function fieldsOf(text: string): Fields {
  const lines = text.split('\n').filter((line) => line.includes(':'))
  return Object.fromEntries(lines.map((line) => line.split(/ *: /) as [string, string]))
}

const folder = '/proc/asound/card0/pcm0p/sub0'

describe('/proc/asound', () => {
  it('has three files of each substream, closed before the open and after the close', () => {
    for (const atNs of [0, result.virtualTimeNs]) {
      const files = snapshot(atNs)
      expect([...files.keys()]).toEqual(
        ['pcm0p', 'pcm0c'].flatMap((pcm) =>
          ['hw_params', 'sw_params', 'status'].map(
            (file) => `/proc/asound/card0/${pcm}/sub0/${file}`,
          ),
        ),
      )
      expect(new Set(files.values())).toEqual(new Set(['closed\n']))
    }
  })

  it('shows parameters as the kernel prints them', () => {
    const files = snapshot(500_000_000)
    expect(files.get(`${folder}/hw_params`)).toBe(
      'access: RW_INTERLEAVED\nformat: S16_LE\nsubformat: STD\nchannels: 2\n' +
        'rate: 48000 (48000/1)\nperiod_size: 480\nbuffer_size: 1920\n',
    )
    expect(fieldsOf(files.get(`${folder}/sw_params`) ?? '')).toMatchObject({
      avail_min: '480',
      start_threshold: '1920',
      stop_threshold: '1920',
      // 1920 doubled as long as a buffer still fits below 2^31.
      boundary: String(1920 * 2 ** 20),
    })
  })

  it('shows pointers of the last records at any instant, and what follows from them', () => {
    const record = new TraceRecord()
    let checked = 0
    for (let i = 0, appl = 0; i < store.length; i++) {
      const { kind, timeNs, c } = store.at(i, record)
      if (kind !== T.snd_pcm_applptr) continue
      appl = c
      if (checked++ % 40 !== 0) continue
      const status = snapshot(timeNs).get(`${folder}/status`) ?? ''
      expect(status).toMatch(statusPattern)
      const fields = fieldsOf(status)
      expect(Number(fields.appl_ptr)).toBe(appl)
      const avail = Number(fields.hw_ptr) + 1920 - appl
      expect(Number(fields.avail)).toBe(avail)
      expect(Number(fields.delay)).toBe(fields.state === 'RUNNING' ? 1920 - avail : 0)
    }
    expect(checked).toBeGreaterThan(50)
  })

  it('shows an xrun', () => {
    const late = runOf('underrun-client-sleeps.yaml')
    const [xrun] = Object.values(late.result.streams)[0]?.xruns ?? []
    // The driver is told to stop first, then the state changes.
    const atNs = (xrun?.timeNs ?? 0) + 1_000_000
    const text = [...procAsound(late.store, late.result, atNs)].join('')
    expect(text).toContain('state: XRUN\n')
    expect(text).toMatch(/^delay {7}: 0$/m)
  })
})
