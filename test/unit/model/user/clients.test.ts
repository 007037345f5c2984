/**
 * The clients on the ideal card and on QEMU: each moves frames without an error, recovers as its
 * original does, and shows the mistakes that its options stand for.
 */
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'
import { T } from '../../../../src/sim/trace.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import { recordsOf } from '../alsa/stream.ts'

interface Line {
  readonly text: string
}

function run(stream: string, driver = '{kind: ideal}', more = 'duration: 1s') {
  const text = `version: 1\nname: client\ndriver: ${driver}\n${more}\nstreams:\n  - ${stream}\n`
  const [spec] = loadScenario(text)
  const { result } = runScenario(spec!)
  const log = result.log.map((line: Line) => line.text)
  return { result, log, streams: result.streams, first: Object.values(result.streams)[0]! }
}

describe('a second on exact hardware goes without an error', () => {
  const clients = [
    '{client: aplay, period_size: 480}',
    '{client: arecord, period_size: 480}',
    '{client: poll, period_size: 480}',
    '{client: poll, direction: capture, period_size: 480}',
    '{client: jack, period_size: 64}',
    '{client: jack, options: {duplex: linked}}',
    '{client: jack, options: {duplex: separate}}',
    '{client: pulse}',
    '{client: pulse, options: {tsched: true}}',
    '{client: jack, direction: capture, period_size: 480}',
    '{client: pulse, options: {rewind_every: 40ms}}',
    '{client: pulse, options: {tsched: true, rewind_every: 40ms}}',
    '{client: pipewire}',
    '{client: pipewire, options: {follower: true}}',
    '{client: pipewire, direction: capture, period_size: 256, options: {headroom: 0}}',
    '{client: pipewire, direction: capture, options: {follower: true, headroom: 512}}',
    '{client: pipewire, direction: capture, period_size: 256, options: {irq_mode: true}}',
    '{client: pipewire, period_size: 256, options: {irq_mode: true, quantum: 256, headroom: 0}}',
    '{client: mmap}',
    '{client: mmap, options: {free_run: false, wake_every: 10ms, no_period_wakeup: true}}',
    '{client: duplex}',
    '{client: duplex, options: {link: false}}',
  ]
  for (const client of clients) {
    for (const kernel of ['6.1', '6.12']) {
      it(`${client} on ${kernel}`, () => {
        const more = `duration: 1s\nguest: {kernel: '${kernel}'}`
        const { result, streams } = run(client, '{kind: ideal}', more)
        expect(result.outcome).toBe('completed')
        expect(result.locks.actual).toEqual([])
        for (const stream of Object.values(streams)) {
          expect(stream.xruns).toEqual([])
          expect(stream.errors).toEqual([])
          expect(stream.frames.written).toBeGreaterThan(40_000)
        }
      })
    }
  }
})

describe('a PipeWire node against a clock that is 3000 ppm off', () => {
  const cases = ['playback', 'capture'].flatMap((direction) =>
    [true, false].map((follower) => ({ direction, follower })),
  )
  it.each(cases)('$direction, follower: $follower', ({ direction, follower }) => {
    const options = `{quantum: 256, headroom: 256, follower: ${follower}}`
    const what = `client: pipewire, direction: ${direction}, period_size: 128`
    const stream = `{${what}, options: ${options}}`
    const moved = ['3000ppm', '-3000ppm'].map((clock) => {
      const device = `duration: 4s\ndevice: {kind: generic, clock: ${clock}}`
      const { first, log } = run(stream, '{kind: virtio-snd, version: v7}', device)
      expect([first.xruns, log.filter((line) => line.includes('resync'))]).toEqual([[], []])
      return first.frames.written
    })
    // Frames go through at the rate of the card, whoever wakes the node: 0.6 % of four seconds.
    const more = (moved[0] as number) - (moved[1] as number)
    expect(Math.abs(more - 1152)).toBeLessThan(300)
  })
})

describe('recovery', () => {
  const away = 'stalls: [{at: 300ms, for: 120ms}]'
  const cases = [
    [`{client: arecord, period_size: 480, periods: 4, ${away}}`, 'overrun!!! (at least 8'],
    [`{client: poll, period_size: 480, periods: 4, ${away}}`, 'underrun!!! (at least '],
    [`{client: jack, ${away}}`, 'xrun of at least '],
    [`{client: duplex, ${away}}`, 'both streams are started again'],
    [`{client: pulse, ${away}}`, 'Underrun! '],
    [`{client: mmap, ${away}}`, 'of silence'],
    [`{client: mmap, options: {free_run: false}, ${away}}`, 'stopped by the core'],
    [`{client: pipewire, period_size: 512, periods: 4, ${away}}`, 'xrun of '],
  ] as const
  for (const [client, said] of cases) {
    it(client, () => {
      const { log, first } = run(client)
      expect(log.join('\n')).toContain(said)
      expect(first.finalState).toBe('RUNNING')
      expect(first.frames.written).toBeGreaterThan(30_000)
    })
  }
  it('arecord ends at the first overrun when it is told to', () => {
    const stream = `{client: arecord, on_xrun: stop, period_size: 480, periods: 4, ${away}}`
    const { log, first } = run(stream)
    expect(log).toContain('read error: -EPIPE')
    expect(first.finalState).toBe('SETUP')
  })
})

describe('common mistakes around poll()', () => {
  it('start_threshold above what is ever queued: it never starts', () => {
    const stream = '{client: poll, period_size: 480, periods: 4, options: {queue_max: 960}}'
    const { first } = run(stream, '{kind: ideal}', 'duration: 50ms')
    expect(first.periodElapsed.count).toBe(0)
    expect(first.finalState).toBe('PREPARED')
  })
  it('an avail_min above the buffer: nothing but the xrun wakes it', () => {
    const stream = '{client: poll, period_size: 480, periods: 4, avail_min: 1921}'
    const { first } = run(stream)
    // A ring of 40 ms each time.
    expect(first.xruns.length).toBeGreaterThan(20)
  })
  it('POLLERR without a recovery: a busy loop', () => {
    const away = 'stalls: [{at: 20ms, for: 60ms}]'
    const stream = `{client: poll, period_size: 480, periods: 4, on_xrun: ignore, ${away}}`
    const { result, first } = run(stream, '{kind: ideal}', 'duration: 100ms')
    expect(first.finalState).toBe('XRUN')
    expect(result.records).toBeGreaterThan(5_000)
  })
  it('a poll of an empty, prepared stream returns at once', () => {
    const stream = '{client: poll, period_size: 480, periods: 4, options: {prefill: false}}'
    expect(run(stream).first.xruns).toEqual([])
  })
})

describe('avail_min alone is changed without an SW_PARAMS ioctl', () => {
  const calls = (client: string, driver: string) => {
    const head = `version: 1\nname: c\ndriver: ${driver}\nduration: 2s`
    const text = `${head}\nstreams: [{client: ${client}}]`
    const { store } = runScenario(loadScenario(text)[0]!)
    const made = recordsOf(store, T.syscall_enter)
    const count = (call: string) => made.filter((r) => CODES.call?.[r.b] === call)
    // The flags of SYNC_PTR: APPL is "tell me yours", so avail_min is what it brings.
    return [count('sw_params').length, count('sync_ptr').filter((r) => r.c === 2).length]
  }
  const ack = '{kind: virtio-snd, version: ack}'
  it('PipeWire, woken by interrupts: a store where the control page is mapped', () => {
    expect(calls('pipewire, options: {irq_mode: true}', '{kind: ideal}')).toEqual([1, 0])
  })
  it('on 6.7+, which does not let it be mapped, a SYNC_PTR', () => {
    expect(calls('pipewire, options: {irq_mode: true}', ack)).toEqual([1, 1])
  })
  it('a timer-driven PulseAudio sets it once, with the other parameters', () => {
    // alsa-sink.c: update_sw_params() runs when a latency is asked for, not when it goes to sleep.
    expect(calls('pulse, options: {tsched: true}', ack)).toEqual([1, 0])
  })
})

it('ack: a stalled reader starves the device, and hw_ready never passes the ring', () => {
  // 4 periods read in advance, 4 kept by the driver: then the device has no buffer left.
  const text =
    'version: 1\nname: c\nduration: 400ms\ndriver: {kind: virtio-snd, version: ack}\n' +
    'streams: [{client: arecord, period_size: 480, periods: 4, stop_threshold: boundary, ' +
    'stalls: [{at: 100ms, for: 150ms}]}]\n'
  const { store, result } = runScenario(loadScenario(text)[0]!)
  expect(Object.values(result.streams)[0]!.xruns).toEqual([])
  const done = recordsOf(store, T.virtsnd_msg_complete)
  expect(done.filter((r) => r.timeNs > 200_000_000 && r.timeNs < 245_000_000)).toEqual([])
  expect(done.some((r) => r.timeNs > 300_000_000)).toBe(true)
})

describe('JACK', () => {
  const late = (more: string) =>
    run(`{client: jack, period_size: 480, periods: 4, length: 500ms${more}}`).log.filter((line) =>
      line.includes('ended late'),
    )
  it('counts a cycle that ends after the next is due, and no wake-up delay of it', () => {
    const [line] = late(', stalls: [{at: 100ms, for: 15ms}, {at: 300ms, for: 5ms}]')
    expect(line).toMatch(/^1 cycles ended late; a wake-up came up to \d+\.\d+ usecs late$/)
    expect(Number(/to ([\d.]+)/.exec(line!)![1])).toBeLessThan(1_000)
    expect(late('').every((text) => text.startsWith('0 cycles'))).toBe(true)
  })
})

describe('a script', () => {
  it('says what each call returned, on both handles', () => {
    const { log, streams } = run(
      '{name: s, client: scripted, period_size: 480, periods: 4, options: {script: [' +
        '{call: start}, {call: open}, {call: open, on: capture}, {call: hw_params}, ' +
        '{call: hw_params, on: capture}, {call: link}, {call: prepare}, ' +
        '{call: writei, frames: 960}, {call: start}, {call: status, at: 50ms}, ' +
        '{call: avail_update}, {call: sleep, for: 1ms}, {call: drop}, {call: unlink}]}}',
    )
    expect(log.filter((line) => line.includes('() = ') || line.includes('(960)'))).toEqual([
      'start() = -EBADFD',
      'open() = 0',
      'open() = 0',
      'hw_params() = 0',
      'hw_params() = 0',
      'link() = 0',
      'prepare() = 0',
      'writei(960) = 960',
      'start() = -EBADFD',
      expect.stringMatching(/^status\(\) = 0: XRUN, hw_ptr 960, appl_ptr 960, avail 1920, /),
      'avail_update() = -EPIPE',
      'sleep() = 0',
      'drop() = 0',
      'unlink() = 0',
    ])
    expect(Object.keys(streams)).toEqual(['s', 's-capture'])
  })
  it('PCM timer: a tick every two periods, and none in the end', () => {
    const { log } = run(
      '{client: scripted, period_size: 480, periods: 8, options: {script: [' +
        '{call: timer_read}, {call: open}, {call: hw_params}, {call: prepare}, ' +
        '{call: timer_read}, {call: timer_open}, {call: timer_start, ticks: 2}, ' +
        '{call: timer_start, ticks: 2}, {call: timer_read, nonblock: true}, ' +
        '{call: writei, frames: 3840}, ' +
        '{call: timer_read}, {call: status, at: 50ms}, {call: timer_read}, {call: timer_stop}, ' +
        '{call: timer_stop}, {call: timer_close}, {call: timer_close}]}}',
    )
    const timer = log.filter((line) => line.startsWith('timer'))
    // Two ticks have gathered by 50 ms.
    expect(timer).toEqual([
      'timer_read() = -EBADFD',
      'timer_read() = -EBADFD',
      'timer_open() = 0',
      'timer_start() = 0',
      'timer_start() = 0',
      'timer_read() = -EAGAIN',
      'timer_read() = 2',
      'timer_read() = 2',
      'timer_stop() = 0',
      'timer_stop() = -EBUSY',
      'timer_close() = 0',
      'timer_close() = -EBADFD',
    ])
  })
  it('PCM timer: poll, and events with their times', () => {
    const { log } = run(
      '{client: scripted, period_size: 480, periods: 8, options: {script: [' +
        '{call: open}, {call: timer_poll}, {call: hw_params}, {call: prepare}, ' +
        '{call: timer_open, tread: true}, {call: timer_poll, for: 0ns}, ' +
        '{call: timer_start, queue_size: 16}, ' +
        '{call: timer_start, filter: [resolution, tick, start, stop, mstart, mstop]}, ' +
        '{call: timer_poll, for: 0ns}, {call: timer_read}, {call: writei, frames: 3840}, ' +
        '{call: sleep, for: 35ms}, {call: timer_read}, {call: timer_poll}, {call: timer_read}, ' +
        '{call: drop}, {call: timer_stop}, {call: timer_read}, ' +
        '{call: timer_poll, for: 20ms}, {call: timer_close}]}}',
    )
    const timer = log.filter((line) => line.startsWith('timer'))
    const rounded = timer.map((line) => line.replaceAll(/ at (\d+)\.\d+ ms/g, '@$1'))
    expect(rounded).toEqual([
      'timer_poll() = -EBADFD',
      'timer_open() = 0',
      'timer_poll() = 0',
      'timer_start() = -EINVAL',
      'timer_start() = 0',
      'timer_poll() = 1',
      'timer_read() = 1: start 10000000@0',
      'timer_read() = 3: mstart 10000000@0, resolution 10000000@10, tick 3@30',
      'timer_poll() = 1',
      'timer_read() = 1: tick 1@40',
      'timer_stop() = 0',
      'timer_read() = 2: mstop 0@40, stop 0@40',
      'timer_poll() = 0',
      'timer_close() = 0',
    ])
  })
  it('HW_REFINE: what is left with the sizes that are given', () => {
    const { log } = run(
      '{client: scripted, period_size: 480, periods: 4, options: {script: [' +
        '{call: hw_refine}, {call: open}, ' +
        '{call: hw_refine, period_size: 480, buffer_size: 1920}, ' +
        '{call: hw_refine, period_size: 480, buffer_size: 100}, {call: hw_params}]}}',
    )
    expect(log).toEqual([
      'hw_refine() = -EBADFD',
      'open() = 0',
      'hw_refine() = 0: period_size 480, buffer_size 1920, periods 4',
      'hw_refine() = -EINVAL',
      'hw_params() = 0',
    ])
  })
  it('SIGIO ends a sleep at the next period, until it is turned off', () => {
    const { log } = run(
      '{client: scripted, period_size: 480, periods: 8, options: {script: [' +
        '{call: open}, {call: hw_params}, {call: prepare}, {call: fasync}, ' +
        '{call: writei, frames: 3840}, {call: sleep, for: 15ms}, ' +
        '{call: fasync, enable: false}, {call: sleep, for: 15ms}, {call: drop}]}}',
    )
    expect(log.filter((line) => line.startsWith('sleep'))).toEqual([
      'sleep() = -EINTR',
      'sleep() = 0',
    ])
  })
  it('writen, sync_ptr, munmap, other sizes', () => {
    const { log } = run(
      '{client: scripted, period_size: 480, periods: 4, options: {script: [' +
        '{call: open}, ' +
        '{call: hw_params, noninterleaved: true, period_size: 240, buffer_size: 960}, ' +
        '{call: prepare}, {call: writei, frames: 100}, {call: writen, frames: 100}, ' +
        '{call: drop}, {call: hw_params, mmap: true}, {call: munmap}, {call: mmap}, ' +
        '{call: hw_params}, {call: munmap}, {call: hw_params, mmap: true}, {call: prepare}, ' +
        '{call: sync_ptr, frames: 480}, {call: sw_params, tstamp: true}, {call: start}, ' +
        '{call: sync_ptr, hwsync: true, avail_min: 480}, ' +
        '{call: sync_ptr, hwsync: true, at: 50ms}]}}',
    )
    expect(log.slice(1)).toEqual([
      'hw_params() = 0',
      'prepare() = 0',
      'writei(100) = -EINVAL',
      'writen(100) = 100',
      'drop() = 0',
      'hw_params() = 0',
      'munmap() = -EINVAL',
      'mmap() = 0',
      'hw_params() = -EBADFD',
      'munmap() = 0',
      'hw_params() = 0',
      'prepare() = 0',
      'sync_ptr(480) = 0: PREPARED, hw_ptr 0, appl_ptr 480, avail_min 480',
      'sw_params() = 0',
      'start() = 0',
      'sync_ptr() = 0: RUNNING, hw_ptr 0, appl_ptr 480, avail_min 480',
      'sync_ptr() = -EPIPE',
    ])
  })
  it('suspend and resume: the card can', () => {
    const { log } = run(
      '{client: scripted, period_size: 480, periods: 4, options: {script: [' +
        '{call: open}, {call: hw_params}, {call: prepare}, {call: writei, frames: 1440}, ' +
        '{call: suspend}, {call: writei, frames: 480}, {call: resume}, {call: drain}]}}',
    )
    expect(log).toContain('writei(480) = -ESTRPIPE')
    expect(log.slice(-2)).toEqual(['resume() = 0', 'drain() = 0'])
  })
})
