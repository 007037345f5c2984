/** Reading and writing: domain/alsa-core.md §7, and the consequences named there. */
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import type { SndPcmSubstream } from '../../../../src/model/alsa/pcm.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { copyUser, UserFrames } from '../../../../src/model/alsa/pcm_copy.ts'
import { snd_pcm_drain } from '../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_period_elapsed } from '../../../../src/model/alsa/pcm_lib.ts'
import { snd_pcm_pause_lock_irq } from '../../../../src/model/alsa/pcm_pause.ts'
import { snd_pcm_prepare } from '../../../../src/model/alsa/pcm_prepare.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { __snd_pcm_lib_xfer } from '../../../../src/model/alsa/pcm_xfer.ts'
import { EBUSY, EINVAL, EIO, EPIPE, ETIMEDOUT } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { GuestBuffer } from '../../../../src/model/machine/guest-buffer.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { T } from '../../../../src/sim/trace.ts'
import { inTask, must, openStream, recordsOf, type World, world } from './stream.ts'

const PERIOD = 480
const BUFFER = 1920

/** A task of its own that does something at a time. */
function later(w: World, atNs: number, body: () => Proc<unknown>): void {
  w.k.spawn('other', 'task', function* () {
    yield* sleepUntil(w.k, atNs)
    yield* body()
  })
}

describe('write', () => {
  test('fills the ring in contiguous parts and starts at the threshold', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const { runtime } = substream
      runtime.start_threshold = BUFFER
      const user = new UserFrames(w.k, substream.id)
      expect(yield* __snd_pcm_lib_xfer(substream, user, 1000)).toBe(1000)
      expect(runtime.state).toBe(C.SNDRV_PCM_STATE_PREPARED)
      user.first_index = 1000
      expect(yield* __snd_pcm_lib_xfer(substream, user, 920)).toBe(920)
      expect(runtime.state).toBe(C.SNDRV_PCM_STATE_RUNNING)
      w.fake.pos = 960
      user.first_index = 1920
      expect(yield* __snd_pcm_lib_xfer(substream, user, 960)).toBe(960)
      expect(runtime.twake).toBe(0)
    })
    const parts = recordsOf(w.store, T.snd_pcm_transfer).map((r) => [r.b, r.c, r.d])
    expect(parts).toEqual([
      [0, 1000, 0],
      [1000, 920, 1000],
      [1920, 960, 0],
    ])
  })

  test('data of a chunk ends in silence where the client pads it', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      substream.runtime.start_threshold = BUFFER
      const user = new UserFrames(w.k, substream.id)
      user.first_index = 7
      user.data_frames = 100
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(PERIOD)
    })
    const parts = recordsOf(w.store, T.snd_pcm_transfer).map((r) => [r.b, r.c, r.d])
    expect(parts).toEqual([
      [7, 100, 0],
      [-1, 380, 100],
    ])
  })

  test('a START error inside a write is swallowed; the next write times out with EIO', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      substream.runtime.start_threshold = BUFFER
      w.fake.returns.set('trigger 1', -ETIMEDOUT)
      const user = new UserFrames(w.k, substream.id)
      expect(yield* __snd_pcm_lib_xfer(substream, user, BUFFER)).toBe(BUFFER)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_PREPARED)
      const atNs = w.sim.now
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(-EIO)
      // max(100 ms, 1.1 buffers) in jiffies of 4 ms, plus at most one.
      expect(w.sim.now - atNs).toBeGreaterThanOrEqual(100 * NS_PER_MS)
      expect(w.sim.now - atNs).toBeLessThanOrEqual(104 * NS_PER_MS)
    })
    // The failed START was undone by a STOP.
    expect(w.fake.calls.slice(-2)).toEqual(['trigger 1', 'trigger 0'])
  })

  test('a paused stream is waited for without limit', () => {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const user = new UserFrames(w.k, substream.id)
      must(yield* __snd_pcm_lib_xfer(substream, user, BUFFER))
      must(yield* snd_pcm_pause_lock_irq(substream, true))
      later(w, 900 * NS_PER_MS, function* () {
        must(yield* snd_pcm_pause_lock_irq(substream, false))
        w.fake.pos = PERIOD
        yield* snd_pcm_period_elapsed(substream)
      })
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(PERIOD)
      expect(w.sim.now).toBeGreaterThanOrEqual(900 * NS_PER_MS)
    })
  })

  test('an xrun ends a wait with EPIPE, after progress with what was moved', () => {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const user = new UserFrames(w.k, substream.id)
      must(yield* __snd_pcm_lib_xfer(substream, user, BUFFER))
      later(w, 5 * NS_PER_MS, function* () {
        w.fake.pos = C.SNDRV_PCM_POS_XRUN
        yield* snd_pcm_period_elapsed(substream)
      })
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(-EPIPE)
      must(yield* snd_pcm_prepare(substream, 0))
      later(w, w.sim.now + 5 * NS_PER_MS, function* () {
        w.fake.pos = C.SNDRV_PCM_POS_XRUN
        yield* snd_pcm_period_elapsed(substream)
      })
      expect(yield* __snd_pcm_lib_xfer(substream, user, BUFFER + 1)).toBe(BUFFER)
    })
  })

  test('the access type has to be that of the call', () => {
    const w = world()
    inTask(w, function* () {
      const access = C.SNDRV_PCM_ACCESS_MMAP_INTERLEAVED
      const { substream } = yield* openStream(w, 'prepared', { access })
      const user = new UserFrames(w.k, substream.id)
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(-EINVAL)
    })
  })

  test("a driver's copy op gets the user's frames, and its error ends the call", () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      substream.runtime.start_threshold = BUFFER
      const own = new GuestBuffer(BUFFER, w.sim.now)
      const seen: number[][] = []
      function* copy(
        one: SndPcmSubstream,
        at: number,
        frames: number,
        user: UserFrames,
      ): Proc<number> {
        yield* copyUser(one, user, own, at, frames)
        seen.push([at, frames, user.moved])
        return at >= PERIOD ? -ETIMEDOUT : 0
      }
      substream.ops = { ...substream.ops, copy }
      const user = new UserFrames(w.k, substream.id)
      user.first_index = 7000
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(PERIOD)
      expect(yield* __snd_pcm_lib_xfer(substream, user, 10)).toBe(-ETIMEDOUT)
      expect(seen).toEqual([
        [0, PERIOD, 0],
        [PERIOD, 10, 0],
      ])
      expect(substream.runtime.control.appl_ptr).toBe(PERIOD)
      const firsts: number[] = []
      own.read(0, 1, (first) => firsts.push(first))
      substream.runtime.dma_area?.read(0, 1, (first) => firsts.push(first))
      expect(firsts).toEqual([7000, -1])
    })
  })

  test('a copy in flight and a change of parameters exclude each other', () => {
    const w = world({ cpus: 2, prices: { copy_base: 1_000_000 } })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      substream.runtime.start_threshold = BUFFER
      const seen: number[] = []
      later(w, w.sim.now + 500_000, function* () {
        seen.push(yield* snd_pcm_prepare(substream, 0))
      })
      const user = new UserFrames(w.k, substream.id)
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(PERIOD)
      expect(seen).toEqual([-EBUSY])
    })
  })
})

describe('read', () => {
  test('starts the stream, waits, and takes what the device wrote', () => {
    const w = world({ cpus: 2, card: { capture: true } })
    inTask(w, function* () {
      const { substream } = yield* openStream(w, 'prepared', { capture: true })
      later(w, 10 * NS_PER_MS, function* () {
        substream.runtime.dma_area?.write(0, PERIOD, 5000, w.sim.now)
        w.fake.pos = PERIOD
        yield* snd_pcm_period_elapsed(substream)
      })
      const user = new UserFrames(w.k, substream.id)
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(PERIOD)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_RUNNING)
    })
    const parts = recordsOf(w.store, T.snd_pcm_transfer).map((r) => [r.b, r.c, r.d])
    expect(parts).toEqual([[5000, PERIOD, 0]])
  })

  test('a reader of a PREPARED stream that nobody starts times out with EIO', () => {
    const w = world({ card: { capture: true } })
    inTask(w, function* () {
      const { substream } = yield* openStream(w, 'prepared', { capture: true })
      substream.runtime.start_threshold = BUFFER
      const user = new UserFrames(w.k, substream.id)
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(-EIO)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_PREPARED)
    })
  })

  test('a waiting reader ends with what it had when the stream drains; the rest is lost', () => {
    const w = world({ cpus: 2, card: { capture: true } })
    inTask(w, function* () {
      const { substream } = yield* openStream(w, 'prepared', { capture: true })
      must(yield* snd_pcm_start_lock_irq(substream))
      w.fake.pos = 100
      later(w, 10 * NS_PER_MS, function* () {
        w.fake.pos = 300
        yield* snd_pcm_period_elapsed(substream)
        must(yield* snd_pcm_drain(substream, false))
      })
      const user = new UserFrames(w.k, substream.id)
      expect(yield* __snd_pcm_lib_xfer(substream, user, PERIOD)).toBe(100)
    })
  })
})
