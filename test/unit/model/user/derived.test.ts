/**
 * The consequences that domain/userspace.md derives (its marks [D]), one test each under the name
 * it has there. `MARKS` is the list; a mark without a test fails. The break-even figures of JACK
 * and PipeWire on a 10 ms tick are scenarios/clients/jack-period-below-tick.yaml and
 * pipewire-headroom-break-even.yaml.
 */
import { describe, expect, test } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'
import { T } from '../../../../src/sim/trace.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import type { TraceStore } from '../../../../src/sim/trace-store.ts'
import { recordsOf } from '../alsa/stream.ts'

const MARKS = [
  '§2.2 (a) an avail_min above what can become free: the poll sleeps for ever',
  '§2.2 (b) a start_threshold above what is ever queued: it never starts',
  '§2.2 (c) POLLERR without recovery is a busy loop',
  '§2.2 (d) a poll in PREPARED with an empty queue returns at once',
  '§2.3 6.7+: a commit in PREPARED sends the messages, and a start that follows is fine',
  '§2.3 two periods below the tick: the whole ring is gone at once, whatever the speed',
  '§2.3 on QEMU two periods need more than 1600 frames, and freeze up to 1114',
  '§2.3 at 64 frames the poll times out, after 2 ms, before the tick comes',
  '§2.3 a FIFO client on the CPU of the kworker keeps the notification away',
  '§2.3 a linked start on a nonatomic PCM: one START round trip between the members',
  '§2.3 a restart after an xrun costs STOP, RELEASE, PREPARE and START',
  '§2.4 a rewind is accepted up to 6.6, and too late where the device copied early',
  '§2.4 a rewind moves nothing on 6.7+',
  '§2.5 timer mode: headroom and quantum have to cover the step of the device',
  '§2.6 6.7+: silence of the core is never sent, and hw_ptr stops',
  '§2.6 no_period_wakeup is ignored by a card that cannot do without',
  '§2.6 two clocks 100 ppm apart drift by 4.8 frames a second',
  '§3 control RTT 5 ms: a recovery takes 20 ms',
  '§3 a device 200 ppm fast paces who waits for it, and a loop absorbs it',
  '§3 a partial last period: padded it is fine, else EIO on 6.7+',
] as const

type Mark = (typeof MARKS)[number]

const IDEAL = '{kind: ideal}'
const ACK = '{kind: virtio-snd, version: ack}'
const V7 = '{kind: virtio-snd, version: v7}'

/** Runs one stream `s`; the rest of the scenario is YAML lines. */
function run(driver: string, stream: string, ...more: readonly string[]) {
  const head = ['version: 1', 'name: derived', `driver: ${driver}`]
  const given = more.some((line) => line.startsWith('duration')) ? [] : ['duration: 1s']
  const text = [...head, ...given, ...more, 'streams:', `  - {name: s, ${stream}}`].join('\n')
  const [spec] = loadScenario(text)
  const { result, store } = runScenario(spec!)
  const first = result.streams.s!
  const count = (kind: string) => first.silentFailures.filter((one) => one.kind === kind).length
  return { result, store, first, count, log: result.log.map((line) => line.text) }
}

/** When each record of a kind was made. */
function times(store: TraceStore, kind: number): readonly number[] {
  return recordsOf(store, kind).map((r) => r.timeNs)
}

/** Control messages in the order in which they were sent. */
function requests(store: TraceStore): readonly (string | undefined)[] {
  return recordsOf(store, T.virtsnd_ctl_send).map((r) => CODES.virtsnd?.[r.a])
}

const QEMU = 'device: {kind: qemu, backend: none, timer_period: 10ms}'
const GENERIC = 'device: {kind: generic}'

const jack = (period: number, more = '') =>
  `client: jack, period_size: ${period}, periods: 2${more}`

const script = (calls: readonly string[]) =>
  `client: scripted, period_size: 480, periods: 4, options: {script: [${calls.join(', ')}]}`

const CHECKS: Readonly<Record<Mark, () => void>> = {
  [MARKS[0]]: () => {
    const ring = 'client: poll, period_size: 480, periods: 4, avail_min: 2000'
    const { first } = run(IDEAL, `${ring}, stop_threshold: boundary`, 'duration: 30ms')
    expect(first.frames.written).toBe(1920)
    expect(first.finalState).toBe('RUNNING')
  },
  [MARKS[1]]: () => {
    const { first } = run(
      IDEAL,
      'client: poll, period_size: 480, options: {queue_max: 960}',
      'duration: 30ms',
    )
    expect([first.finalState, first.frames.played]).toEqual(['PREPARED', 0])
  },
  [MARKS[2]]: () => {
    const stream = 'client: poll, period_size: 480, periods: 4, on_xrun: ignore'
    const away = 'stalls: [{at: 10ms, for: 60ms}]'
    const { result, first } = run(IDEAL, `${stream}, ${away}`, 'duration: 100ms')
    expect(first.finalState).toBe('XRUN')
    // Thirty milliseconds of nothing but calls.
    expect(result.records).toBeGreaterThan(10_000)
  },
  [MARKS[3]]: () => {
    const ring = 'client: poll, period_size: 480, periods: 4'
    const { first } = run(IDEAL, `${ring}, options: {prefill: false}`, 'duration: 5ms')
    expect(first.frames.written).toBe(1920)
  },
  [MARKS[4]]: () => {
    const calls = [
      '{call: open}',
      '{call: hw_params, mmap: true}',
      '{call: sw_params, start_threshold: boundary}',
      '{call: prepare}',
      '{call: mmap}',
      '{call: mmap_commit, frames: 1920}',
      '{call: start}',
      '{call: hwsync, at: 35ms}',
    ]
    const { log, first } = run(ACK, script(calls), GENERIC, 'duration: 100ms')
    expect(log.filter((line) => / = -/.test(line))).toEqual([])
    expect(first.frames.played).toBeGreaterThan(1000)
  },
  [MARKS[5]]: () => {
    for (const device of [QEMU]) {
      const { first, log } = run(V7, jack(64), device, 'duration: 200ms')
      expect(
        first.xruns.length + log.filter((one) => one.includes('time out')).length,
      ).toBeGreaterThan(3)
    }
    expect(run(IDEAL, jack(64)).first.xruns).toEqual([])
  },
  [MARKS[6]]: () => {
    // 2 x 512 = 1024 is not more than the 1114 of the first tick.
    expect(run(ACK, jack(512), QEMU).count('stalled')).toBeGreaterThan(0)
    const good = run(ACK, jack(1024), QEMU)
    expect([good.first.xruns.length, good.count('stalled')]).toEqual([0, 0])
  },
  [MARKS[7]]: () => {
    const { log } = run(ACK, jack(64), QEMU, 'duration: 200ms')
    expect(log.find((line) => line.includes('time out'))).toContain('polled for 2 ms')
  },
  [MARKS[8]]: () => {
    const tasks = 'tasks: [{name: rt, policy: fifo, periodic: {period: 100ms, run: 30ms}}]'
    const ring = 'client: aplay, period_size: 480, periods: 8'
    const busy = run(V7, ring, GENERIC, `guest: {cpus: 1, ${tasks}}`)
    expect(busy.first.periodElapsed.intervalNs.max).toBeGreaterThan(25_000_000)
    const idle = run(V7, ring, GENERIC, 'guest: {cpus: 1}')
    expect(idle.first.periodElapsed.intervalNs.max).toBeLessThan(11_000_000)
  },
  [MARKS[9]]: () => {
    const slow = 'faults: [{kind: control-slow, request: START, by: 5ms, at: 0ns, count: 10}]'
    const { store } = run(ACK, 'client: duplex, period_size: 480, periods: 8', GENERIC, slow)
    const [first, second] = times(store, T.snd_pcm_trigger_done)
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(5_000_000)
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(6_000_000)
  },
  [MARKS[10]]: () => {
    const away = ', stalls: [{at: 200ms, for: 100ms}]'
    for (const driver of [V7, ACK]) {
      const { first, store } = run(driver, jack(1024, away), 'device: {kind: qemu}')
      expect(first.xruns.length).toBe(1)
      const sent = requests(store)
      const from = sent.indexOf('STOP')
      expect(sent.slice(from, from + 4)).toEqual(['STOP', 'RELEASE', 'PREPARE', 'START'])
    }
  },
  [MARKS[11]]: () => {
    // Within the first pass: the ring has been handed over whole at the start. Later the driver
    // hands a period over before it is filled anew, and what is rewritten is read a pass later.
    const stream = 'client: pulse, period_size: 480, periods: 16, options: {rewind_every: 50ms}'
    const rewound = (device: string) => {
      const { log, count } = run(V7, stream, `device: {kind: generic, ${device}}`, 'duration: 80ms')
      return [log.filter((line) => line.startsWith('Rewound')).length, count('skipped')]
    }
    expect(rewound('copy: on-arrival')).toEqual([1, 1])
    expect(rewound('copy: at-consumption')).toEqual([1, 0])
  },
  [MARKS[12]]: () => {
    const stream = 'client: pulse, period_size: 480, periods: 16, options: {rewind_every: 250ms}'
    const { log, count } = run(ACK, stream, 'device: {kind: generic, copy: on-arrival}')
    expect(log.filter((line) => line.startsWith('Tried rewind')).length).toBe(3)
    expect(count('skipped')).toBe(0)
  },
  [MARKS[13]]: () => {
    const small = 'client: pipewire, options: {quantum: 256, headroom: 0}'
    // The merged driver hands over what was not refilled, the later one nothing: silence.
    expect(run(V7, small, QEMU).count('stale')).toBeGreaterThan(0)
    // What is written before the start is 256 + 512 frames, or 1024 + 2048 + 512.
    expect(run(ACK, small, QEMU).first.frames.silence).toBeGreaterThan(768)
    for (const driver of [V7, ACK]) {
      const { first } = run(driver, 'client: pipewire', QEMU)
      expect([first.xruns, first.silentFailures, first.frames.silence]).toEqual([[], [], 3584])
    }
  },
  [MARKS[14]]: () => {
    const stream = 'client: mmap, period_size: 480, periods: 4, stalls: [{at: 300ms, for: 300ms}]'
    expect(run(ACK, stream, GENERIC).count('stalled')).toBeGreaterThan(0)
    expect(run(V7, stream, GENERIC).count('stalled')).toBe(0)
  },
  [MARKS[15]]: () => {
    const stream = 'client: mmap, period_size: 480, periods: 4, options: {no_period_wakeup: true}'
    expect(run(V7, stream, GENERIC).first.periodElapsed.count).toBeGreaterThan(90)
    const timed = stream.replace('{no', '{wake_every: 10ms, no')
    expect(run(IDEAL, timed).first.periodElapsed.count).toBe(0)
  },
  [MARKS[16]]: () => {
    // Two minutes are 576 frames, 12 ms, by which the last period comes earlier than on the other
    // clock: over all periods 6 ms on average. Both have the same way from device to core.
    const stream = 'client: aplay, period_size: 480, periods: 4'
    const lateness = (clock: string) => {
      const device = `device: {kind: generic, clock: ${clock}}`
      return run(V7, stream, device, 'duration: 120s').first.periodElapsed.latenessNs
    }
    const earlyNs = lateness('0ppm').mean - lateness('100ppm').mean
    expect(earlyNs).toBeGreaterThan(5_950_000)
    expect(earlyNs).toBeLessThan(6_050_000)
  },
  [MARKS[17]]: () => {
    const slow = 'faults: [{kind: control-slow, by: 5ms, at: 0ns, count: 1000}]'
    const away = ', stalls: [{at: 300ms, for: 100ms}]'
    const { first } = run(V7, jack(1024, away), GENERIC, slow)
    const [xrun] = first.xruns
    expect(xrun?.recoveryNs).toBeGreaterThanOrEqual(20_000_000)
  },
  [MARKS[18]]: () => {
    const fast = 'device: {kind: generic, clock: 200ppm}'
    for (const client of ['aplay', 'pipewire', 'jack']) {
      const { first } = run(V7, `client: ${client}`, fast, 'duration: 3s')
      expect([client, first.xruns.length]).toEqual([client, 0])
    }
    const follower = 'client: pipewire, options: {follower: true}'
    const { first, count } = run(V7, follower, fast, 'duration: 3s')
    expect([first.xruns.length, count('stale')]).toEqual([0, 0])
  },
  [MARKS[19]]: () => {
    const stream = 'client: aplay, period_size: 480, periods: 4, frames: 10000'
    expect(run(ACK, stream, GENERIC).first.errors).toEqual([])
    const bare = run(ACK, `${stream}, options: {pad: false}`, GENERIC)
    expect(bare.first.errors.map(({ call, errno }) => [call, errno])).toEqual([['drain', -5]])
  },
}

describe('domain/userspace.md, marks [D]', () => {
  test.each(MARKS)('%s', (mark) => {
    expect(CHECKS[mark]).toBeTypeOf('function')
    CHECKS[mark]()
  })
})
