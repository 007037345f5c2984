/**
 * The consequences that domain/alsa-core.md derives from the kernel's source (its marks [D]), one
 * test each under the name it has there. `MARKS` is the list; a mark without a test fails.
 */
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import type { SndPcmSubstream } from '../../../../src/model/alsa/pcm.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { UserFrames } from '../../../../src/model/alsa/pcm_copy.ts'
import { snd_pcm_period_elapsed } from '../../../../src/model/alsa/pcm_lib.ts'
import {
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_unlock_irq,
} from '../../../../src/model/alsa/pcm_locking.ts'
import type { SndPcmFile } from '../../../../src/model/alsa/pcm_native.ts'
import { EIO } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { PollSet, sys_poll } from '../../../../src/model/user/poll.ts'
import * as S from '../../../../src/model/user/syscall.ts'
import { T } from '../../../../src/sim/trace.ts'
import {
  advanceAppl,
  inTask,
  logOf,
  must,
  openStream,
  recordsOf,
  type World,
  world,
} from './stream.ts'

const MARKS = [
  '§4 false wrap: two periods, late and without progress, are a whole buffer and an xrun',
  '§4 HZ granularity: 20 ms at HZ=100 are two jiffies, the limit is three',
  '§4 a pointer read just before the interrupt leaves it nothing to do; the ioctl woke',
  '§4 frozen stream: step 9 ignores every position until it comes back into range',
  '§4 motion by exactly one buffer is invisible unless the age rule sees it',
  '§5 a START that sleeps: the stream lock is held throughout, hw_ptr_jiffies is taken after it',
  '§5 linked streams start one after the other: the skew is one trigger a member',
  '§6 (a) a pause never owes sync_stop',
  '§6 (b) a stop from PREPARED does not call the driver and owes no sync_stop',
  '§6 (c) a sync_stop that failed is not tried again until the next real stop',
  '§7.1 a START error inside writei is swallowed; the next writei times out with EIO',
  '§7.2 a reader of a PREPARED stream that nobody starts times out with EIO',
  '§7.5 a lost period notification leaves a poller asleep though data moved',
] as const

type Mark = (typeof MARKS)[number]

const PERIOD = 480

/** A full and running playback stream. */
function* running(w: World, periods = 4) {
  const file = yield* openStream(w, 'prepared', { buffer_size: periods * PERIOD })
  advanceAppl(file.substream, periods * PERIOD)
  must(yield* S.sys_start(file))
  return file
}

function* elapsed(w: World, { substream }: SndPcmFile, pos: number, age?: number) {
  w.fake.pos = pos
  if (age !== undefined) substream.runtime.hw_ptr_jiffies = w.k.jiffies - age
  yield* snd_pcm_period_elapsed(substream)
}

/** Makes the driver's trigger sleep so long. */
function slowTrigger(substream: SndPcmSubstream, ns: number): void {
  const { ops, k } = substream
  substream.ops = {
    ...ops,
    *trigger(of, cmd) {
      yield* sleepUntil(k, k.sim.now + ns)
      return yield* ops.trigger(of, cmd)
    },
  }
}

const CHECKS: Readonly<Record<Mark, () => void>> = {
  [MARKS[0]]: () => {
    const w = world({ hz: 100 })
    inTask(w, function* () {
      const file = yield* running(w, 2)
      const { runtime } = file.substream
      // 20 ms are 2 jiffies; the pointer has wrapped to where it was.
      yield* elapsed(w, file, 0, 3)
      expect(runtime.status.hw_ptr).toBe(2 * PERIOD)
      expect(runtime.state).toBe(C.SNDRV_PCM_STATE_XRUN)
    })
    expect(recordsOf(w.store, T.snd_pcm_xrun).map((r) => r.d)).toEqual([C.XrunCause.falseWrap])
  },
  [MARKS[1]]: () => {
    for (const [age, wraps] of [
      [2, false],
      [3, true],
    ] as const) {
      const w = world({ hz: 100 })
      inTask(w, function* () {
        const file = yield* running(w, 2)
        const { runtime } = file.substream
        expect(runtime.hw_ptr_buffer_jiffies).toBe(2)
        yield* elapsed(w, file, 0, age)
        expect(runtime.status.hw_ptr === 2 * PERIOD).toBe(wraps)
      })
    }
  },
  [MARKS[2]]: () => {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const file = yield* running(w)
      const { runtime, sleep } = file.substream
      let woken = -1
      w.k.spawn('poller', 'client', function* () {
        expect(yield* sys_poll(new PollSet([file]), -1)).toBe(1)
        woken = w.sim.now
      })
      yield* sleepUntil(w.k, 5 * NS_PER_MS)
      expect(sleep.entries.length).toBe(1)
      w.fake.pos = PERIOD
      must(yield* S.sys_hwsync(file))
      yield* sleepUntil(w.k, 6 * NS_PER_MS)
      expect(woken).toBeGreaterThan(0)
      const before = { ...runtime.status }
      yield* elapsed(w, file, PERIOD)
      expect(runtime.status).toMatchObject(before)
      expect(runtime.hw_ptr_interrupt).toBe(0)
    })
  },
  [MARKS[3]]: () => {
    const w = world()
    inTask(w, function* () {
      const file = yield* running(w)
      const { runtime } = file.substream
      runtime.status.hw_ptr = 4 * PERIOD
      advanceAppl(file.substream, 4 * PERIOD)
      // The base is a pass behind: each position but those from one period on is too far.
      runtime.hw_ptr_base = 8 * PERIOD
      for (const pos of [PERIOD, 2 * PERIOD, 3 * PERIOD]) {
        yield* elapsed(w, file, pos)
        expect(runtime.status.hw_ptr).toBe(4 * PERIOD)
        expect(runtime.state).toBe(C.SNDRV_PCM_STATE_RUNNING)
      }
      yield* elapsed(w, file, 240)
      expect(runtime.status.hw_ptr).toBe(8 * PERIOD + 240)
    })
    const errors = logOf(w).filter((line) => line.includes('Unexpected hw_ptr'))
    expect(errors.length).toBe(3)
  },
  [MARKS[4]]: () => {
    for (const [age, hw_ptr] of [
      [1, 0],
      [6, 0],
      [7, 4 * PERIOD],
    ] as const) {
      const w = world({ hz: 250 })
      inTask(w, function* () {
        const file = yield* running(w)
        // 40 ms at HZ=250 are 10 jiffies: more than 6 are needed.
        yield* elapsed(w, file, 0, age)
        expect(file.substream.runtime.status.hw_ptr).toBe(hw_ptr)
      })
    }
  },
  [MARKS[5]]: () => {
    const w = world({ cpus: 2, hz: 1000, card: { nonatomic: true } })
    inTask(w, function* () {
      const file = yield* openStream(w)
      const { substream } = file
      advanceAppl(substream, 4 * PERIOD)
      slowTrigger(substream, 30 * NS_PER_MS)
      const before = w.k.jiffies
      let gotNs = -1
      w.k.spawn('other', 'client', function* () {
        yield* sleepUntil(w.k, w.sim.now + 5 * NS_PER_MS)
        yield* snd_pcm_stream_lock_irq(substream)
        gotNs = w.sim.now
        yield* snd_pcm_stream_unlock_irq(substream)
      })
      const atNs = w.sim.now
      must(yield* S.sys_start(file))
      yield* sleepUntil(w.k, w.sim.now + NS_PER_MS)
      expect(gotNs - atNs).toBeGreaterThanOrEqual(30 * NS_PER_MS)
      expect(substream.runtime.hw_ptr_jiffies - before).toBeGreaterThanOrEqual(29)
    })
  },
  [MARKS[6]]: () => {
    const w = world({ card: { nonatomic: true, capture: true } })
    inTask(w, function* () {
      const playback = yield* openStream(w)
      const capture = yield* openStream(w, 'prepared', { capture: true })
      advanceAppl(playback.substream, 4 * PERIOD)
      for (const { substream } of [playback, capture]) slowTrigger(substream, 3 * NS_PER_MS)
      must(yield* S.sys_link(playback, capture))
      must(yield* S.sys_start(playback))
    })
    const [first, second] = recordsOf(w.store, T.snd_pcm_trigger_done)
    // list_move(): the one that was linked last heads the list.
    expect([first?.a, second?.a]).toEqual([w.fake.pcm.capture[0]?.id, w.fake.stream.id])
    const skewNs = (second?.timeNs ?? 0) - (first?.timeNs ?? 0)
    expect(skewNs).toBeGreaterThanOrEqual(3 * NS_PER_MS)
    expect(skewNs).toBeLessThan(4 * NS_PER_MS)
  },
  [MARKS[7]]: () => {
    const w = world({ card: { withSyncStop: true } })
    inTask(w, function* () {
      const file = yield* running(w)
      must(yield* S.sys_pause(file, true))
      expect(file.substream.runtime.stop_operating).toBe(false)
      must(yield* S.sys_pause(file, false))
      expect(w.fake.take()).not.toContain('sync_stop')
    })
  },
  [MARKS[8]]: () => {
    const w = world({ card: { withSyncStop: true } })
    inTask(w, function* () {
      const file = yield* openStream(w)
      advanceAppl(file.substream, PERIOD)
      w.fake.take()
      must(yield* S.sys_drop(file))
      expect(w.fake.take()).toEqual([])
      expect(file.substream.runtime.stop_operating).toBe(false)
      must(yield* S.sys_prepare(file))
      expect(w.fake.take()).toEqual(['prepare'])
    })
  },
  [MARKS[9]]: () => {
    const w = world({ card: { withSyncStop: true } })
    inTask(w, function* () {
      const file = yield* running(w)
      w.fake.returns.set('sync_stop', -EIO)
      must(yield* S.sys_drop(file))
      must(yield* S.sys_prepare(file))
      must(yield* S.sys_prepare(file))
      expect(w.fake.take().filter((call) => call === 'sync_stop')).toEqual(['sync_stop'])
      advanceAppl(file.substream, 4 * PERIOD)
      must(yield* S.sys_start(file))
      must(yield* S.sys_drop(file))
      must(yield* S.sys_prepare(file))
      expect(w.fake.take()).toContain('sync_stop')
    })
  },
  [MARKS[10]]: () => {
    const w = world()
    inTask(w, function* () {
      const file = yield* openStream(w)
      const user = new UserFrames(w.k, file.substream.id)
      w.fake.returns.set('trigger 1', -EIO)
      file.substream.runtime.start_threshold = 4 * PERIOD
      expect(yield* S.sys_writei(file, user, 4 * PERIOD)).toBe(4 * PERIOD)
      expect(file.substream.runtime.state).toBe(C.SNDRV_PCM_STATE_PREPARED)
      const atNs = w.sim.now
      expect(yield* S.sys_writei(file, user, PERIOD)).toBe(-EIO)
      expect(w.sim.now - atNs).toBeGreaterThanOrEqual(96 * NS_PER_MS)
    })
  },
  [MARKS[11]]: () => {
    const w = world({ card: { capture: true } })
    inTask(w, function* () {
      const file = yield* openStream(w, 'prepared', { capture: true })
      file.substream.runtime.start_threshold = 4 * PERIOD
      const user = new UserFrames(w.k, file.substream.id)
      expect(yield* S.sys_readi(file, user, PERIOD)).toBe(-EIO)
      expect(file.substream.runtime.state).toBe(C.SNDRV_PCM_STATE_PREPARED)
    })
  },
  [MARKS[12]]: () => {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const file = yield* running(w)
      w.fake.pos = 2 * PERIOD
      expect(yield* sys_poll(new PollSet([file]), 50 * NS_PER_MS)).toBe(0)
      must(yield* S.sys_hwsync(file))
      expect(yield* sys_poll(new PollSet([file]), 0)).toBe(1)
    })
  },
}

describe('domain/alsa-core.md, marks [D]', () => {
  test.each(MARKS)('%s', (mark) => {
    expect(CHECKS[mark]).toBeTypeOf('function')
    CHECKS[mark]()
  })
})
