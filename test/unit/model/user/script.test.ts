/**
 * Scripts: every call that a program can make of a stream or of its timer can be written down, and
 * answers what the kernel answers (domain/alsa-core.md §2, §4.3, §7; sound/core/timer.c).
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'
import { scriptCalls } from '../../../../src/model/user/script-calls.ts'
import { T } from '../../../../src/sim/trace.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import { recordsOf } from '../alsa/stream.ts'

/** Runs steps on the ideal card with periods of 10 ms, 8 of them; what the program logged. */
function run(steps: readonly string[], more = 'periods: 8') {
  const script = steps.map((step) => `{call: ${step}}`).join(', ')
  const stream = `{client: scripted, period_size: 480, ${more}, options: {script: [${script}]}}`
  const text = `version: 1\nname: s\nduration: 2s\ndriver: {kind: ideal}\nstreams: [${stream}]\n`
  const { result, store } = runScenario(loadScenario(text)[0]!)
  return { log: result.log.map((line: { text: string }) => line.text), store }
}

/** Times of timer events in whole ms: what a call costs is not looked at. */
const whole = (line: string) => line.replaceAll(/(at|since) (\d+)\.\d+ ms/g, '$1 $2')

const READY = ['open', 'hw_params', 'prepare']

describe('the PCM timer', () => {
  const timer = (steps: readonly string[]) =>
    run([...READY, ...steps])
      .log.filter((line) => line.startsWith('timer'))
      .map(whole)

  it('PAUSE keeps the ticks that are left, CONTINUE goes on with them', () => {
    const filter = '[tick, start, stop, continue, pause, mstart, mpause, mcontinue, mstop]'
    const lines = timer([
      'timer_open, tread: true',
      'timer_open',
      'timer_status',
      'timer_pause',
      `timer_params, ticks: 3, filter: ${filter}`,
      'timer_start',
      'writei, frames: 3840',
      'sleep, for: 15ms',
      'timer_pause',
      'timer_pause',
      'sleep, for: 20ms',
      'timer_status',
      'timer_continue',
      'sleep, for: 20ms',
      'timer_read',
      'timer_continue',
      'timer_stop',
      'timer_continue',
      'timer_read',
      'pause',
      'release',
      'drop',
      'timer_read',
    ])
    expect(lines).toEqual([
      'timer_open() = 0',
      'timer_open() = -EBUSY',
      'timer_status() = 0: since 0, resolution 10000000, queue 0, overrun 0',
      'timer_pause() = -EBUSY',
      'timer_params() = 0',
      'timer_start() = 0',
      'timer_pause() = 0',
      'timer_pause() = -EBUSY',
      // start, mstart, pause: no tick, of three only one has passed.
      'timer_status() = 0: since 15, resolution 10000000, queue 3, overrun 0',
      'timer_continue() = 0',
      // The periods that end at 20 and 30 ms do not count, those at 40 and 50 ms do.
      'timer_read() = 5: start 10000000 at 0, mstart 10000000 at 0, pause 0 at 15, ' +
        'continue 10000000 at 35, tick 2 at 50',
      // A start does not forget that there was a pause: it runs already.
      'timer_continue() = -EBUSY',
      'timer_stop() = 0',
      // A stop does: CONTINUE is a START then.
      'timer_continue() = 0',
      'timer_read() = 2: stop 0 at 55, start 10000000 at 55',
      'timer_read() = 3: mpause 0 at 55, mcontinue 10000000 at 55, mstop 0 at 55',
    ])
  })

  it('START without PARAMS: one tick, once; PARAMS says otherwise', () => {
    const lines = timer([
      'timer_open',
      'timer_start',
      'writei, frames: 3840',
      'sleep, for: 25ms',
      'timer_read',
      'timer_read, nonblock: true',
      'timer_stop',
      'timer_params, ticks: 2, auto: false',
      'timer_start',
      'sleep, for: 40ms',
      'timer_read',
      'timer_stop',
      'timer_params, ticks: 0',
      'timer_start',
    ])
    expect(lines).toEqual([
      'timer_open() = 0',
      'timer_start() = 0',
      'timer_read() = 1',
      'timer_read() = -EAGAIN',
      'timer_stop() = -EBUSY',
      'timer_params() = 0',
      'timer_start() = 0',
      'timer_read() = 2',
      'timer_stop() = -EBUSY',
      'timer_params() = 0',
      'timer_start() = -EINVAL',
    ])
  })

  it('an early event can be read before anything has happened', () => {
    expect(timer(['timer_open, tread: true', 'timer_params, early: true', 'timer_read'])[2]).toBe(
      'timer_read() = 1: early',
    )
    expect(timer(['timer_open', 'timer_params, early: true', 'timer_read'])[2]).toBe(
      'timer_read() = 0',
    )
  })

  it('SIGIO of the timer ends a sleep at its tick, until it is turned off', () => {
    const { log } = run([
      ...READY,
      'timer_fasync',
      'timer_open',
      'timer_start, ticks: 2',
      'timer_fasync',
      'writei, frames: 3840',
      'sleep, for: 15ms',
      'sleep, for: 15ms',
      'timer_fasync, enable: false',
      'sleep, for: 25ms',
      'timer_read',
    ])
    expect(log.filter((line) => /^(sleep|timer_fasync|timer_read)/.test(line))).toEqual([
      'timer_fasync() = -EBADFD',
      'timer_fasync() = 0',
      'sleep() = 0',
      'sleep() = -EINTR',
      'timer_fasync() = 0',
      'sleep() = 0',
      'timer_read() = 4',
    ])
  })
})

it('O_NONBLOCK by fcntl: at once for a drain, for transfers with the next PREPARE', () => {
  const { log } = run(
    [
      ...READY,
      'sw_params, start_threshold: boundary',
      'writei, frames: 1920',
      'fcntl, nonblock: true',
      'writei, frames: 480',
      'prepare',
      'writei, frames: 1920',
      'writei, frames: 480',
      'start',
      'drain',
      'fcntl, nonblock: false',
      'drain',
    ],
    'periods: 4',
  )
  expect(log.slice(5)).toEqual([
    'fcntl() = 0',
    'writei(480) = -EIO',
    'prepare() = 0',
    'writei(1920) = 1920',
    'writei(480) = -EAGAIN',
    'start() = 0',
    'drain() = -EAGAIN',
    'fcntl() = 0',
    'drain() = 0',
  ])
})

it('writei of NULL silences the ring; status and sync_ptr tell what they found', () => {
  const { log, store } = run(
    [
      ...READY,
      'sw_params, start_threshold: boundary, tstamp: true',
      'writei, frames: 480',
      'writei, frames: 960, silence: true',
      'start',
      'status, at: 15ms, report_delay: true, audio_tstamp: default',
      'sync_ptr, avail_min: 960',
    ],
    'periods: 4',
  )
  const moved = recordsOf(store, T.snd_pcm_transfer).map((r) => [r.b < 0, r.c, r.d])
  // Of silence it is not told which frame of the program it is.
  expect(moved).toEqual([
    [false, 480, 0],
    [true, 960, 480],
  ])
  const said = log.find((line) => line.startsWith('status'))
  expect(said).toMatch(/RUNNING, .*appl_ptr 1440, .*tstamp/)
  const [hw_ptr, avail, delay] = ['hw_ptr', 'avail', 'delay'].map((name) =>
    Number(new RegExp(` ${name} (\\d+)`).exec(said!)![1]),
  ) as [number, number, number]
  expect([avail, delay]).toEqual([1920 - 1440 + hw_ptr, 1440 - hw_ptr])
  expect(log.at(-1)).toMatch(/^sync_ptr\(\) = 0: RUNNING, .*, appl_ptr 1440, avail_min 960$/)
})

/** One program that makes every call there is; what each returns, by the domain file. */
const EVERY_CALL: readonly (readonly [step: string, answer: string])[] = [
  ['open', '0'],
  ['open, on: capture', '0'],
  ['hw_refine, period_size: 480', '0'],
  ['hw_params, noninterleaved: true', '0'],
  ['hw_params, noninterleaved: true, on: capture', '0'],
  ['sw_params, start_threshold: boundary', '0'],
  ['prepare', '0'],
  ['prepare, on: capture', '0'],
  ['reset', '0'],
  ['link', '0'],
  ['unlink', '0'],
  ['fasync, enable: false', '0'],
  ['fcntl', '0'],
  ['writen, frames: 960', '960'],
  ['readn, frames: 480, on: capture', '480'],
  // Started 10 ms ago by the first read.
  ['drop, on: capture', '0'],
  ['timer_open, tread: true', '0'],
  ['timer_params', '0'],
  ['timer_start', '0'],
  ['timer_fasync, enable: false', '0'],
  ['start', '0'],
  ['hwsync', '0'],
  ['avail_update', '960'],
  ['timer_poll', '1'],
  ['timer_read', '1'],
  ['timer_status', '0'],
  ['timer_pause', '0'],
  ['timer_continue', '0'],
  ['timer_stop', '0'],
  ['timer_close', '0'],
  ['poll', '1'],
  ['forward, frames: 10', '10'],
  ['rewind, frames: 20', '20'],
  ['sync_ptr, frames: 490', '0'],
  ['status', '0'],
  ['pause', '0'],
  ['release', '0'],
  ['suspend', '0'],
  ['resume', '0'],
  ['sleep, for: 100us', '0'],
  ['xrun', '0'],
  ['hw_params', '-EBADFD'],
  ['drop', '0'],
  ['hw_params, mmap: true', '0'],
  ['mmap', '0'],
  ['prepare', '0'],
  ['mmap_commit, frames: 480', '480'],
  ['delay', '480'],
  ['drain', '0'],
  ['munmap', '0'],
  ['hw_params', '0'],
  ['prepare', '0'],
  // hw_params has set start_threshold to 1.
  ['writei, frames: 480', '480'],
  ['hw_free', '-EBADFD'],
  ['drop', '0'],
  ['hw_free', '0'],
  ['hw_params, on: capture', '0'],
  ['prepare, on: capture', '0'],
  ['readi, frames: 100, on: capture', '100'],
  ['close, on: capture', '0'],
  ['close', '0'],
]

/** Those of a control device are in controls.test.ts. */
const pcmCalls = scriptCalls.filter((call) => !call.startsWith('ctl_'))

describe('every call of a PCM and of its timer', () => {
  it('can be written down, and answers as the kernel does', () => {
    const { log } = run(
      EVERY_CALL.map(([step]) => step),
      'periods: 4',
    )
    const answers = log.map((line) => line.replace(/^(\w+)\(\d*\) = ([-\w]+).*$/, '$1 $2'))
    expect(answers).toEqual(
      EVERY_CALL.map(([step, answer]) => `${step.split(',')[0] as string} ${answer}`),
    )
    const made = new Set(EVERY_CALL.map(([step]) => step.split(',')[0] as string))
    expect([...made].sort()).toEqual([...pcmCalls].sort())
  })

  it('is a system call of the same name, but for what the library does without one', () => {
    const { store } = run(
      EVERY_CALL.map(([step]) => step),
      'periods: 4',
    )
    const words = new Set(recordsOf(store, T.syscall_enter).map((r) => CODES.call?.[r.b]))
    const unlike: Readonly<Record<string, string>> = {
      // The status page is read in place; the control page is written, or SYNC_PTR called.
      avail_update: 'hwsync',
      mmap_commit: 'mmap',
      release: 'pause',
      timer_poll: 'poll',
    }
    expect(pcmCalls.filter((call) => !words.has(unlike[call] ?? call))).toEqual([])
  })
})

/** The ioctls of include/uapi/sound/asound.h: the call of a script, or why there is none. */
const IOCTLS = {
  PCM_PVERSION: 'asks for a number of the interface',
  PCM_INFO: 'asks for names and numbers',
  PCM_TSTAMP: 'old form of TTSTAMP',
  PCM_TTSTAMP: 'chooses a clock; the guest has one',
  PCM_USER_PVERSION: 'tells a number of the interface',
  PCM_HW_REFINE: { call: 'hw_refine' },
  PCM_HW_PARAMS: { call: 'hw_params' },
  PCM_HW_FREE: { call: 'hw_free' },
  PCM_SW_PARAMS: { call: 'sw_params' },
  PCM_STATUS: { call: 'status' },
  PCM_STATUS_EXT: { call: 'status', with: 'audio_tstamp' },
  PCM_DELAY: { call: 'delay' },
  PCM_HWSYNC: { call: 'hwsync' },
  PCM_SYNC_PTR: { call: 'sync_ptr' },
  PCM_CHANNEL_INFO: 'asks where a channel lies in the ring',
  PCM_PREPARE: { call: 'prepare' },
  PCM_RESET: { call: 'reset' },
  PCM_START: { call: 'start' },
  PCM_DROP: { call: 'drop' },
  PCM_DRAIN: { call: 'drain' },
  PCM_PAUSE: { call: 'pause' },
  PCM_REWIND: { call: 'rewind' },
  PCM_RESUME: { call: 'resume' },
  PCM_XRUN: { call: 'xrun' },
  PCM_FORWARD: { call: 'forward' },
  PCM_WRITEI_FRAMES: { call: 'writei' },
  PCM_READI_FRAMES: { call: 'readi' },
  PCM_WRITEN_FRAMES: { call: 'writen' },
  PCM_READN_FRAMES: { call: 'readn' },
  PCM_LINK: { call: 'link' },
  PCM_UNLINK: { call: 'unlink' },
  TIMER_PVERSION: 'asks for a number of the interface',
  TIMER_NEXT_DEVICE: 'asks for the timers of the system',
  TIMER_TREAD: { call: 'timer_open', with: 'tread' },
  TIMER_GINFO: 'asks for the timers of the system',
  TIMER_GPARAMS: 'is ENOSYS for a PCM timer',
  TIMER_GSTATUS: 'asks for the timers of the system',
  TIMER_SELECT: { call: 'timer_open' },
  TIMER_INFO: 'asks for names and numbers',
  TIMER_PARAMS: { call: 'timer_params' },
  TIMER_STATUS: { call: 'timer_status' },
  TIMER_START: { call: 'timer_start' },
  TIMER_STOP: { call: 'timer_stop' },
  TIMER_CONTINUE: { call: 'timer_continue' },
  TIMER_PAUSE: { call: 'timer_pause' },
  TIMER_CREATE: 'makes a timer that a program drives (6.12), not one of a stream',
  TIMER_TRIGGER: 'drives such a timer',
} as const

describe('every ioctl of PCM and timer', () => {
  const docs = readFileSync('docs/clients.md', 'utf8')
  for (const [name, how] of Object.entries(IOCTLS)) {
    it(`${name} is in the table of the documentation`, () => {
      const row = docs.split('\n').find((line) => line.startsWith(`| ${name} |`))
      if (typeof how === 'string') {
        expect(row).toBe(`| ${name} | none: ${how} |`)
        return
      }
      expect(scriptCalls).toContain(how.call)
      const key = 'with' in how ? ` with \`${how.with}\`` : ''
      expect(row).toBe(`| ${name} | \`${how.call}\`${key} |`)
    })
  }
})
