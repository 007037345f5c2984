/**
 * PulseAudio (domain/userspace.md §2.4): the smoother, the watermark, sink and source, woken by
 * interrupts as in a virtual machine and by its own timer. Expected times are reckoned from the
 * constants that the domain file names. 480 frames are 10 ms.
 */
import { describe, expect, it } from 'vitest'
import { NS_PER_MS, NS_PER_SEC } from '../../../../src/base/units.ts'
import { loadScenario, runScenario } from '../../../../src/index.ts'
import { SNDRV_PCM_FORMATS } from '../../../../src/model/alsa/pcm_format.ts'
import { Pulse } from '../../../../src/model/user/pulse.ts'
import { Watermark } from '../../../../src/model/user/pulse-watermark.ts'
import { TimeSmoother } from '../../../../src/model/user/time-smoother.ts'
import { T } from '../../../../src/sim/trace.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import { advanceAppl, recordsOf, world } from '../alsa/stream.ts'

const SMOOTHER = { adjustUs: 1_000_000, historyUs: 10_000_000, historyMin: 5 }
const SECOND_US = 1_000_000

describe('the time smoother', () => {
  /** Readings of a card that is faster by `ppm`, the first at 0, each `everyUs`. */
  function read(ppm: number, count: number, everyUs: number) {
    const smoother = new TimeSmoother(SMOOTHER, 0)
    smoother.resume(0)
    for (let i = 0; i < count; i++) {
      smoother.put(i * everyUs, Math.round(i * everyUs * (1 + ppm / 1e6)))
    }
    return smoother
  }

  it('takes the card for as fast as the system until it has five readings', () => {
    // A second after the last reading, when it is on track: before that it catches up.
    expect(read(1000, 4, 200_000).translate(1_700_000, 100_000)).toBe(100_000)
    // 100 000 us of a card that is 1000 ppm fast are over after 99 900.
    expect(read(1000, 50, 200_000).translate(55 * 200_000, 100_000)).toBe(99_900)
    expect(read(-1000, 50, 200_000).translate(55 * 200_000, 100_000)).toBe(100_100)
  })

  it('goes on by the gradient between readings', () => {
    const smoother = read(1000, 50, 200_000)
    const at = 49 * 200_000 + 3 * SECOND_US
    expect(Math.abs(smoother.get(at) - at * 1.001)).toBeLessThanOrEqual(2)
  })

  it('is back on track a second after a reading that does not fit, and never goes back', () => {
    const smoother = read(0, 10, 200_000)
    const x = 10 * 200_000
    const before = smoother.get(x)
    smoother.put(x, x - 30_000)
    let last = before
    for (let at = x; at < x + 2 * SECOND_US; at += 10_000) {
      const y = smoother.get(at)
      expect(y).toBeGreaterThanOrEqual(last)
      last = y
    }
    // By then it follows the new reading. Regression: 1 - 0.03 s * 1 s / 4.4 s^2 of the eleven.
    const wanted = x - 30_000 + (1 - 0.03 / 4.4) * (2 * SECOND_US - 10_000)
    expect(Math.abs(last - wanted)).toBeLessThanOrEqual(2)
  })

  it('finds the rate of a position that moves by steps of 10 ms to a thousandth', () => {
    const smoother = new TimeSmoother(SMOOTHER, 0)
    smoother.resume(0)
    const step = 10_000
    // Readings at uneven times, so that the steps do not fall together with them.
    for (let i = 0; i < 64; i++) {
      const x = i * 197_300
      smoother.put(x, Math.floor(x / step) * step)
    }
    const us = smoother.translate(64 * 197_300, SECOND_US)
    expect(us).toBeGreaterThan(SECOND_US - 1000)
    expect(us).toBeLessThan(SECOND_US + 1000)
  })

  it('stands still while it is paused', () => {
    const smoother = read(0, 10, 200_000)
    smoother.pause(2_000_000)
    const stood = smoother.get(2_000_000)
    expect(smoother.get(9_000_000)).toBe(stood)
    smoother.resume(9_000_000)
    expect(Math.abs(smoother.get(9_100_000) - stood - 100_000)).toBeLessThanOrEqual(1)
  })
})

describe('the watermark', () => {
  const RATE = 48_000
  const ms = (one: Watermark) => one.ns / NS_PER_MS
  const fresh = (bufferMs = 2000, atMs = 20) => new Watermark(RATE, bufferMs * 48, atMs * NS_PER_MS)

  it('rises by 10 ms with each dropout, at most to double, and leaves 10 ms of sleep', () => {
    const watermark = fresh()
    expect([watermark.frames, watermark.sleepFrames]).toEqual([960, 96_000 - 960])
    expect(watermark.check(0, true, false, 0)).toBe('Increasing wakeup watermark to 30.00 ms')
    expect(ms(watermark)).toBe(30)
    const small = fresh(2000, 4)
    small.check(0, true, false, 0)
    expect(ms(small)).toBe(8)
    const short = fresh(40, 20)
    short.check(0, true, false, 0)
    short.check(0, true, false, 0)
    expect(ms(short)).toBe(30)
  })

  it('falls by 5 ms after 20 s without need, woken by the timer with 100 ms to spare', () => {
    const spare = 101 * 48
    const falls = (left: number, onTimeout: boolean, times: readonly number[]) => {
      const watermark = fresh()
      for (const second of times) watermark.check(left, false, onTimeout, second * NS_PER_SEC)
      return ms(watermark)
    }
    expect(falls(spare, true, [1, 20.9])).toBe(20)
    expect(falls(spare, true, [1, 21.1])).toBe(15)
    expect(falls(spare, true, [1, 22, 41])).toBe(15)
    expect(falls(spare, true, [1, 22, 43])).toBe(10)
    expect(falls(99 * 48, true, [1, 22, 43])).toBe(20)
    expect(falls(spare, false, [1, 22, 43])).toBe(20)
    // At last by halves, and not below the 4 ms that a wake-up takes.
    expect(falls(spare, true, [1, 22, 43, 64, 85, 106])).toBe(4)
  })

  it('less than 100 ms to spare begins the 20 s anew', () => {
    const watermark = fresh()
    watermark.check(5000, false, true, NS_PER_SEC)
    watermark.check(100, false, true, 10 * NS_PER_SEC)
    watermark.check(5000, false, true, 22 * NS_PER_SEC)
    expect(ms(watermark)).toBe(20)
  })
})

function run(stream: string, more: readonly string[] = ['duration: 1s'], driver = '{kind: ideal}') {
  const head = ['version: 1', 'name: p', `driver: ${driver}`, ...more]
  const [spec] = loadScenario(`${head.join('\n')}\nstreams: [{client: pulse, ${stream}}]\n`)
  const { result, store } = runScenario(spec!)
  const calls = (word: string) =>
    recordsOf(store, T.syscall_exit).filter((r) => CODES.call?.[r.b] === word)
  const first = Object.values(result.streams)[0]!
  return { spec: spec!, first, store, calls, log: result.log.map((line) => line.text) }
}

/** When each poll came back, in ms. */
const wakes = ({ calls }: ReturnType<typeof run>) => calls('poll').map((r) => r.timeNs / NS_PER_MS)

describe('in a virtual machine: interrupts', () => {
  const GENERIC = 'device: {kind: generic}'
  const inGuest = (stream: string, duration = '1s') =>
    run(stream, [`duration: ${duration}`, GENERIC], '{kind: virtio-snd}')

  it.each(['playback', 'capture'])('%s: 4 fragments of 25 ms, woken at each', (direction) => {
    const ran = inGuest(`direction: ${direction}`)
    const { params, xruns, errors, frames, finalState } = ran.first
    expect([params?.period_size, params?.buffer_size]).toEqual([1200, 4800])
    expect(ran.spec.streams[0]!.avail_min).toBe(1200)
    expect([xruns, errors, finalState]).toEqual([[], [], 'RUNNING'])
    expect(frames.written).toBeGreaterThanOrEqual(45_600)
    // 39 or 40 fragments in a second.
    expect(ran.calls('poll').length).toBeGreaterThanOrEqual(38)
    expect(ran.calls('poll').length).toBeLessThanOrEqual(40)
    expect(ran.log).toEqual([])
  })

  it('a source that is away for 300 ms finds 200 ms too much, and reads on', () => {
    const ran = inGuest('direction: capture, stalls: [{at: 400ms, for: 300ms}]')
    const overruns = ran.log.filter((line) => line.startsWith('Overrun!'))
    expect(overruns.length).toBe(1)
    const late = Number(/(\d+) frames/.exec(overruns[0]!)![1])
    // The ring of 100 ms was empty when the stall began, at most a fragment before.
    expect(late).toBeGreaterThanOrEqual(200 * 48)
    expect(late).toBeLessThanOrEqual(225 * 48)
    expect([ran.first.xruns, ran.first.finalState]).toEqual([[], 'RUNNING'])
  })

  it('an avail of five buffers is not believed, and said once', () => {
    const stalls = 'stalls: [{at: 200ms, for: 600ms}, {at: 1s, for: 600ms}]'
    for (const direction of ['playback', 'capture']) {
      const { log } = inGuest(`direction: ${direction}, ${stalls}`, '2s')
      expect(log.filter((line) => line.includes('exceptionally large')).length).toBe(1)
      // Taken for a full buffer each time; what is left below five buffers is a dropout.
      const late = log.filter((line) => line.includes('frames late'))
      expect(late.length).toBe(2)
      for (const line of late) expect(Number(/\d+/.exec(line)![0])).toBeLessThan(4 * 4800)
    }
  })
})

describe('outside one: the timer', () => {
  const TIMER = 'options: {tsched: true}'

  it('2 s of buffer where the card has it, else all; avail_min behind the wake-up', () => {
    const { first, spec } = run(TIMER)
    expect(first.params?.buffer_size).toBe(96_000)
    expect(spec.streams[0]!.avail_min).toBe(1 + 96_000 - 960)
    expect(first.params?.thresholds?.avail_min).toBe(1 + 96_000 - 960)
    // virtio-snd has 160 ms of the widest format: 4 bytes, 6 channels, 96 kHz, in whole pages.
    const virtio = run(TIMER, ['duration: 1s', 'device: {kind: generic}'], '{kind: virtio-snd}')
    expect(virtio.first.params?.buffer_size).toBe((160 * 4 * 6 * 96) / 4)
    expect([virtio.first.xruns, virtio.log]).toEqual([[], []])
  })

  it('asks for no period interrupts, and gets none from a card that can do without', () => {
    expect(run(TIMER).first.periodElapsed.count).toBe(0)
    const virtio = run(TIMER, ['duration: 1s', 'device: {kind: generic}'], '{kind: virtio-snd}')
    // A quarter of the buffer is 480 ms.
    expect(virtio.first.periodElapsed.count).toBe(2)
  })

  it('a sink sleeps half as long at first, then until 20 ms are left', () => {
    const times = wakes(run(TIMER, ['duration: 6s']))
    const expected = [990, 2970, 4950]
    expect(times.length).toBe(3)
    for (const [i, at] of expected.entries()) expect(Math.abs(times[i]! - at)).toBeLessThan(1)
  })

  it('a source sleeps until 20 ms of room are left', () => {
    const ran = run(`direction: capture, ${TIMER}`, ['duration: 6s'])
    const times = wakes(ran)
    expect(times.length).toBe(3)
    for (const [i, at] of [1980, 3960, 5940].entries()) {
      expect(Math.abs(times[i]! - at)).toBeLessThan(1)
    }
    expect(ran.first.errors).toEqual([])
  })

  it('the smoother learns that a card is fast, and wakes up earlier; not that it is slow', () => {
    const last = (clock: string) => {
      const ran = run(TIMER, ['duration: 31s', `device: {kind: generic, clock: ${clock}}`])
      const times = wakes(ran)
      expect([ran.first.xruns, ran.log.filter((line) => line.includes('Underrun'))]).toEqual([
        [],
        [],
      ])
      return times.at(-1)! - times.at(-2)!
    }
    // 1980 ms of a card 3000 ppm fast last 1974.08 ms.
    expect(Math.abs(last('3000ppm') - 1974.08)).toBeLessThan(1)
    // What comes first: the unconverted 1980 ms.
    expect(Math.abs(last('-3000ppm') - 1980)).toBeLessThan(1)
  })

  it('an underrun raises the watermark, and the delay of the wake-up is said', () => {
    const { log } = run(`${TIMER}, stalls: [{at: 2s, for: 2100ms}]`, ['duration: 6s'])
    const said = log.map((line) => line.replaceAll(/[\d.]+/g, 'N'))
    expect(said).toContain('Underrun! N frames late')
    expect(log).toContain('Increasing wakeup watermark to 30.00 ms')
  })

  it('says how late the timer was, if later than the watermark', () => {
    // Another task has the only processor for 50 ms of each second: the wake-up at 990 ms is late.
    const task = '{name: rt, policy: fifo, priority: 50, recorded: [{at: 980ms, run: 50ms}]}'
    const guest = `guest: {cpus: 1, tasks: [${task}]}`
    const { log } = run(TIMER, ['duration: 2s', guest])
    const said = log.find((line) => line.startsWith('Scheduling delay of'))
    const [, late, most] = /of ([\d.]+) ms > ([\d.]+) ms/.exec(said!)!
    expect(Number(late)).toBeGreaterThan(39)
    expect(Number(late)).toBeLessThan(41)
    expect(most).toBe('20.00')
  })
})

it('woken by POLLOUT with nothing to write: said once', () => {
  // Another process on the substream (O_APPEND) fills the ring between the poll and the look.
  const w = world({ cpus: 2 })
  const { stream } = w.fake
  w.fake.runClock(stream)
  const clocked = stream.ops.pointer
  let polls = 0
  stream.ops = {
    ...stream.ops,
    *pointer(substream) {
      const pos = yield* clocked(substream)
      const made = recordsOf(w.store, T.syscall_enter)
      const inHwsync = CODES.call?.[made.at(-1)?.b ?? 0] === 'hwsync'
      const { runtime } = substream
      const room = runtime.status.hw_ptr + runtime.buffer_size - runtime.control.appl_ptr
      if (inHwsync && room >= runtime.period_size && w.sim.now > 30 * NS_PER_MS && polls < 3) {
        polls++
        advanceAppl(substream, room)
      }
      return pos
    },
  }
  const pulse = new Pulse(w.fake.pcm, {
    name: 'pulseaudio',
    frames: null,
    format: SNDRV_PCM_FORMATS.S16_LE,
    rate: 48_000,
    channels: 2,
    period_size: 480,
    buffer_size: 1920,
  })
  pulse.start()
  w.sim.run(200 * NS_PER_MS)
  const log = recordsOf(w.store, T.client_log).map((r) => w.sim.trace.symbols.name('text', r.b))
  expect(polls).toBe(3)
  expect(log).toEqual([
    'ALSA woke us up to write new data to the device, but there was actually nothing to write!',
  ])
})
