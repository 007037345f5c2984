import { describe, expect, it } from 'vitest'
import { evaluateExpect } from '../../../src/scenario/expect.ts'
import type { ResultView } from '../../../src/scenario/result-view.ts'
import { specOf, withLines } from '../../support/scenario-text.ts'

const stats = { count: 3, min: 1, p50: 2, p90: 3, p99: 3, p999: 3, max: 3, mean: 2, stddev: 1 }
const none = { ...stats, count: 0 }

const result: ResultView = {
  outcome: 'completed',
  streams: {
    playback0: {
      xruns: [
        { timeNs: 1_000, cause: 'threshold' },
        { timeNs: 2_000, cause: 'device' },
      ],
      silentFailures: [{ timeNs: 5_000, kind: 'stale' }],
      errors: [{ timeNs: 9_000, call: 'writei', errno: -5 }],
      periodElapsed: { count: 498, intervalNs: stats, latenessNs: stats },
      wakeLatencyNs: none,
      endToEndNs: stats,
      frames: { written: 100, played: 90 },
      finalState: 'SETUP',
    },
  },
  locks: {
    edges: [{ before: '&a', after: '&b', count: 4 }],
    predicted: [],
    actual: [{ timeNs: 7_000, kind: 'deadlock', text: 'two tasks wait for each other' }],
  },
  memory: [],
  log: [{ timeNs: 1, text: 'virtio_snd: control message timeout' }],
}

function judge(lines: string) {
  return evaluateExpect(specOf(withLines(`expect: ${lines}`)).expect, result)
}

function failures(lines: string): readonly string[] {
  return judge(lines)
    .filter((one) => !one.pass)
    .map((one) => `${one.name}: expected ${one.expected}, was ${one.actual}`)
}

describe('verdicts', () => {
  it('expect a run to complete if nothing else is said', () => {
    expect(evaluateExpect([], result)).toMatchObject([{ name: 'outcome', pass: true }])
    expect(evaluateExpect([], { ...result, outcome: 'deadlock' })).toMatchObject([{ pass: false }])
    expect(failures('{outcome: [completed, limit]}')).toEqual([])
  })
  it('count xruns, also by cause and by stream', () => {
    expect(failures('{xruns: 2}')).toEqual([])
    expect(failures('{xruns: {threshold: 1, device: "1..2", ack: 0}}')).toEqual([])
    expect(failures('{streams: {playback0: {xruns: "<= 1"}}}')).toEqual([
      'streams.playback0.xruns: expected <= 1, was 2',
    ])
  })
  it('name the record that broke them', () => {
    const broken = judge('{xruns: "<= 1"}').find((one) => !one.pass)
    expect(broken?.brokenBy).toEqual({ timeNs: 2_000, text: 'xrun (device)' })
    const locks = judge('{locks: {actual: 0}}').find((one) => !one.pass)
    expect(locks?.brokenBy).toEqual({ timeNs: 7_000, text: 'two tasks wait for each other' })
  })
  it('read every kind of fact', () => {
    const good = `
  silent_failures: {stale: 1}
  errors: 1
  final_state: [SETUP, OPEN]
  period_elapsed: {count: ">= 490", interval: {p99: "<= 3ns"}, lateness: {max: "< 4ns"}}
  end_to_end: {mean: 2ns}
  frames: {written: 100, played: "90..100"}
  locks: {edges: ['&a -> &b'], predicted: 0, actual: {deadlock: 1}}
  memory: 0
  warnings: 0
  log: control message timeout`
    expect(failures(good)).toEqual([])
  })
  it('fail without a value, an edge or a log line', () => {
    expect(failures('{wake_latency: {p99: "<= 1s"}}')).toEqual([
      'wake_latency.p99: expected <= 1s, was no value',
    ])
    expect(failures('{locks: {edges: ["&b -> &a"]}}')).toHaveLength(1)
    expect(failures('{log: [oops]}')).toHaveLength(1)
    expect(failures('{memory: {leak: ">= 1"}}')).toHaveLength(1)
  })
})
