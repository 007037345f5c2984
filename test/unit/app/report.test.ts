/** The text report: what a kernel engineer finds of each thing that went wrong. */
import { describe, expect, it } from 'vitest'
import { loadScenario, reportText, runScenario } from '../../../src/index.ts'
import { minimal, withStream } from '../../support/scenario-text.ts'

const ring = 'period_size: 480, periods: 4'

function report(text: string): string {
  const [spec] = loadScenario(text)
  if (spec === undefined) throw new Error('no scenario')
  return reportText(spec, runScenario(spec).result, [])
}

describe('a stream that stalls and drains', () => {
  const stream = `{name: music, ${ring}, length: 900ms, stalls: [{at: 200ms, for: 60ms}]}`
  const text = report(`${withStream(stream)}duration: 1200ms\n`)

  it('has its xrun with cause, time away, pointers and recovery', () => {
    const [why = '', pointers = ''] = text.slice(text.indexOf('xrun, cause')).split('\n')
    const away = /^xrun, cause: threshold: client slept 60\.\d ms, its ring holds 40\.0 ms$/
    expect(why).toMatch(away)
    expect(pointers).toMatch(/^ {19}hw_ptr [\d,]+ \(moved by \d+\), appl_ptr [\d,]+, avail /)
    expect(pointers).toMatch(/, avail 1,920 of 1,920; ran again \d+\.\d+ms later$/)
  })
  it('has its silent failures with frames and state, heard ones and the tail of a drain', () => {
    expect(text).toMatch(/silent: stale, 480 frames, while RUNNING \(the device read what/)
    const why = 'the driver had requeued a period the client never refilled'
    expect(text).toContain(`silent: stale, 480 frames, while DRAINING (${why})`)
  })
  it('has its failed calls among them, by time', () => {
    const order = ['while RUNNING', 'xrun, cause', 'writei() = -EPIPE', 'while DRAINING']
    const places = order.map((one) => text.indexOf(one))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })
  it('is whole: no warning', () => expect(text).not.toMatch(/warning/))
})

describe('several streams', () => {
  const text = report(`${withStream(`{name: music, ${ring}, length: 10s},
    {name: mic, client: arecord, ${ring}}, {name: both, client: duplex}`)}duration: 300ms
guest: {tasks: [{name: burner, busy: true, nice: 10}]}
faults: [{kind: vm-pause, at: 100ms, for: 150ms}]
`)

  it('are all there, also the second direction of a client', () => {
    expect(text.match(/^stream .*: \w+ \w+/gm)).toEqual([
      'stream music: aplay playback',
      'stream mic: arecord capture',
      'stream both: duplex playback',
      'stream both-capture: duplex capture',
    ])
    expect(text).toMatch(/stream mic(.|\n)*frames read [\d,]+, left/)
  })
  it('one that cannot finish is said to be cut short', () => {
    const line = 'warning: 10s to play from 0ns, but the run ends at 300ms: it is cut short'
    expect(text).toContain(line)
  })
  it('stand below what else was there and what was done to the machine', () => {
    expect(text).toMatch(/guest .*, tasks: burner\n/)
    expect(text).toMatch(/faults {2}vm-pause at 100ms for 150ms\n/)
    expect(text).toMatch(/silent: stalled, hw_ptr did not move for 1\d\d\.\dms, while RUNNING/)
  })
})

describe('other ends', () => {
  const [spec] = loadScenario(`${minimal}duration: 20ms\n`)
  if (spec === undefined) throw new Error('no scenario')
  const { result } = runScenario(spec)
  const incident = { timeNs: 1_000, kind: 'deadlock', text: 'a waits for b waits for a' }

  it('a limit is named, a deadlock and warnings are shown', () => {
    const limited = { ...result, outcome: 'limit', limit: 'events' } as const
    expect(reportText(spec, limited, [])).toMatch(/, stopped by a limit: events\n/)
    const predicted = [{ kind: 'circular', classes: [], text: 'WARNING: a\nb' }]
    const locks = { ...result.locks, actual: [incident, incident], predicted }
    const stuck = { ...result, outcome: 'deadlock', locks, warnings: [incident] } as const
    const text = reportText(spec, stuck, [])
    expect(text).toMatch(/records, deadlock\n/)
    expect(text.match(/\[ {4}0\.000001\] deadlock: a waits for b waits for a/g)).toHaveLength(2)
    expect(text).toContain(
      'waits for a, the first of 2\n  predicted circular:\n    WARNING: a\n    b\n',
    )
  })
  it('a stream that was never opened says whose and from when', () => {
    const none = reportText(spec, { ...result, streams: {} }, [])
    expect(none).toMatch(/stream playback0: never opened \(client aplay, from 0ns\)/)
  })
  it('the ideal card has no version and no device', () => {
    const text = report(
      `${minimal.replace('{kind: virtio-snd, version: v7}', '{kind: ideal}')}duration: 20ms\n`,
    )
    expect(text).toMatch(/driver {2}ideal card\n {2}host/)
  })
})
