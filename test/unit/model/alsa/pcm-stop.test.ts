/** Stopping: sync_stop bookkeeping (domain/alsa-core.md §6), drain (§8), close and suspend (§9). */
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_card_disconnect, snd_card_free } from '../../../../src/model/alsa/pcm_disconnect.ts'
import { snd_pcm_drain, snd_pcm_drop } from '../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_hw_free, snd_pcm_hw_params } from '../../../../src/model/alsa/pcm_hw_params.ts'
import { snd_pcm_period_elapsed } from '../../../../src/model/alsa/pcm_lib.ts'
import { SndPcmFile, snd_pcm_open, snd_pcm_release } from '../../../../src/model/alsa/pcm_native.ts'
import { snd_pcm_pause_lock_irq } from '../../../../src/model/alsa/pcm_pause.ts'
import { snd_pcm_prepare } from '../../../../src/model/alsa/pcm_prepare.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { snd_pcm_resume, snd_pcm_suspend_all } from '../../../../src/model/alsa/pcm_suspend.ts'
import {
  EAGAIN,
  EBUSY,
  EIO,
  ENODEV,
  ENOSYS,
  EPIPE,
  ETIMEDOUT,
} from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import {
  advanceAppl,
  hwParams,
  inTask,
  must,
  openStream,
  type StreamOptions,
  type World,
  world,
} from './stream.ts'

const BUFFER = 1920
const SYNC = { card: { withSyncStop: true } } as const

function* running(w: World, options: StreamOptions = {}) {
  const file = yield* openStream(w, 'prepared', options)
  if (options.capture !== true) advanceAppl(file.substream, BUFFER)
  must(yield* snd_pcm_start_lock_irq(file.substream))
  w.fake.take()
  return file
}

describe('sync_stop', () => {
  test('is owed by a stop and called by prepare, before the driver prepares', () => {
    const w = world(SYNC)
    inTask(w, function* () {
      const { substream } = yield* running(w)
      must(yield* snd_pcm_drop(substream))
      expect(w.fake.take()).toEqual(['trigger 0'])
      must(yield* snd_pcm_prepare(substream, 0))
      expect(w.fake.take()).toEqual(['sync_stop', 'prepare'])
    })
  })

  test('(a) a pause never owes it', () => {
    const w = world(SYNC)
    inTask(w, function* () {
      const { substream } = yield* running(w)
      must(yield* snd_pcm_pause_lock_irq(substream, true))
      expect(substream.runtime.stop_operating).toBe(false)
      // Dropping a paused stream releases it first, so that the stop is a real one.
      must(yield* snd_pcm_drop(substream))
      expect(w.fake.take()).toEqual(['trigger 3', 'trigger 4', 'trigger 0'])
      expect(substream.runtime.stop_operating).toBe(true)
    })
  })

  test('(b) a stop from PREPARED does not call the driver and owes nothing', () => {
    const w = world(SYNC)
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      w.fake.take()
      must(yield* snd_pcm_drop(substream))
      must(yield* snd_pcm_hw_free(substream))
      expect(w.fake.take()).toEqual(['hw_free'])
    })
  })

  test('(c) one that failed is forgotten', () => {
    const w = world(SYNC)
    inTask(w, function* () {
      const { substream } = yield* running(w)
      w.fake.returns.set('sync_stop', -ETIMEDOUT)
      must(yield* snd_pcm_drop(substream))
      must(yield* snd_pcm_prepare(substream, 0))
      must(yield* snd_pcm_prepare(substream, 0))
      expect(w.fake.take()).toEqual(['trigger 0', 'sync_stop', 'prepare', 'prepare'])
    })
  })
})

describe('drain', () => {
  test('ends when the ring is empty, by a stop from the interrupt', () => {
    const w = world({ ...SYNC, cpus: 2 })
    inTask(w, function* () {
      const { substream } = yield* running(w)
      substream.runtime.control.appl_ptr = 960
      w.k.spawn('irq', 'task', function* () {
        for (const pos of [480, 960]) {
          yield* sleepUntil(w.k, w.sim.now + 10 * NS_PER_MS)
          w.fake.pos = pos
          yield* snd_pcm_period_elapsed(substream)
        }
      })
      expect(yield* snd_pcm_drain(substream, false)).toBe(0)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_SETUP)
      expect(w.fake.take()).toEqual(['trigger 0'])
    })
  })

  test('times out with EIO when nothing moves, and stops the stream', () => {
    const w = world(SYNC)
    inTask(w, function* () {
      const { substream } = yield* running(w)
      const atNs = w.sim.now
      expect(yield* snd_pcm_drain(substream, false)).toBe(-EIO)
      expect(w.sim.now - atNs).toBeGreaterThanOrEqual(100 * NS_PER_MS)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_SETUP)
    })
  })

  test('starts a stream that has data and was not started', () => {
    const w = world({ card: { hardware: { info: C.SNDRV_PCM_INFO_DRAIN_TRIGGER | 0x100 } } })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      advanceAppl(substream, 480)
      w.fake.take()
      yield* snd_pcm_drain(substream, true)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_DRAINING)
      expect(w.fake.take()).toEqual(['trigger 1'])
    })
  })

  test('takes no notice of a START that fails, and times out: nothing moves', () => {
    for (const version of ['6.1', '6.12'] as const) {
      const w = world({ version })
      inTask(w, function* () {
        const { substream } = yield* openStream(w)
        advanceAppl(substream, BUFFER)
        w.fake.returns.set('trigger 1', -EPIPE)
        expect(yield* snd_pcm_drain(substream, true)).toBe(-EAGAIN)
        expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_DRAINING)
        expect(yield* snd_pcm_drain(substream, false)).toBe(-EIO)
        expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_SETUP)
      })
    }
  })

  test('tells a driver that wants to know', () => {
    const w = world({ card: { hardware: { info: C.SNDRV_PCM_INFO_DRAIN_TRIGGER | 0x100 } } })
    inTask(w, function* () {
      const { substream } = yield* running(w)
      yield* snd_pcm_drain(substream, true)
      expect(w.fake.take()).toEqual(['trigger 7'])
    })
  })
})

describe('pause', () => {
  test.each([
    ['6.1', C.SNDRV_PCM_STATE_PAUSED, ['trigger 0', 'trigger 3']],
    ['6.12', C.SNDRV_PCM_STATE_PAUSED, ['trigger 3']],
  ] as const)('%s: an xrun that the push itself finds is lost', (version, state, calls) => {
    const w = world({ version })
    inTask(w, function* () {
      const { substream } = yield* running(w)
      substream.runtime.control.appl_ptr = 480
      w.fake.pos = 480
      must(yield* snd_pcm_pause_lock_irq(substream, true))
      expect(substream.runtime.state).toBe(state)
      expect(w.fake.take()).toEqual(calls)
    })
  })
})

describe('open and close', () => {
  test('a closed stream has gone through stop, sync_stop, hw_free, close', () => {
    const w = world(SYNC)
    inTask(w, function* () {
      const file = yield* running(w)
      const area = file.substream.runtime.dma_area
      must(yield* snd_pcm_release(file))
      expect(w.fake.take()).toEqual(['trigger 0', 'sync_stop', 'hw_free', 'close'])
      expect(area?.freed).toBe(true)
      expect(file.substream.isOpen).toBe(false)
    })
  })

  test('a busy device refuses with EBUSY or lets wait until it is closed', () => {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const file = yield* openStream(w, 'open')
      expect(yield* snd_pcm_open(w.fake.pcm, 0, C.O_NONBLOCK)).toBe(-EBUSY)
      w.k.spawn('holder', 'task', function* () {
        yield* sleepUntil(w.k, 50 * NS_PER_MS)
        yield* snd_pcm_release(file)
      })
      const second = yield* snd_pcm_open(w.fake.pcm, 0, 0)
      expect(second).toBeInstanceOf(SndPcmFile)
      expect(w.sim.now).toBeGreaterThanOrEqual(50 * NS_PER_MS)
    })
  })

  test('a driver that fails to open is not closed', () => {
    const w = world()
    inTask(w, function* () {
      w.fake.returns.set('open', -ENODEV)
      expect(yield* snd_pcm_open(w.fake.pcm, 0, 0)).toBe(-ENODEV)
      expect(w.fake.take()).toEqual(['open'])
      w.fake.returns.clear()
      must(yield* snd_pcm_release(yield* openStream(w, 'open')))
    })
  })

  test('an error of hw_params leads back to OPEN and frees the buffer', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w, 'setup')
      const area = substream.runtime.dma_area
      w.fake.returns.set('hw_params', -EIO)
      w.fake.take()
      expect(yield* snd_pcm_hw_params(substream, hwParams())).toBe(-EIO)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_OPEN)
      expect(w.fake.take()).toEqual(['hw_params', 'hw_free'])
      expect(area?.freed).toBe(true)
    })
  })
})

describe('suspend and disconnect', () => {
  test('suspend stops what runs, then syncs; resume needs the flag', () => {
    const w = world(SYNC)
    inTask(w, function* () {
      const { substream } = yield* running(w)
      yield* snd_pcm_suspend_all(w.fake.pcm)
      expect(w.fake.take()).toEqual(['trigger 5', 'sync_stop'])
      expect(substream.runtime.suspended_state).toBe(C.SNDRV_PCM_STATE_RUNNING)
      expect(yield* snd_pcm_resume(substream)).toBe(-ENOSYS)
    })
  })

  test('a resumed stream is in its old state; only one that ran is told', () => {
    const info = C.SNDRV_PCM_INFO_RESUME | C.SNDRV_PCM_INFO_INTERLEAVED
    for (const start of [true, false]) {
      const w = world({ card: { hardware: { info } } })
      inTask(w, function* () {
        const { substream } = start ? yield* running(w) : yield* openStream(w)
        const { state } = substream.runtime
        yield* snd_pcm_suspend_all(w.fake.pcm)
        w.fake.take()
        must(yield* snd_pcm_resume(substream))
        expect(w.fake.take()).toEqual(start ? ['trigger 6'] : [])
        expect(substream.runtime.state).toBe(state)
      })
    }
  })

  test('a disconnected card stops its streams and is freed after the last close', () => {
    const w = world({ ...SYNC, cpus: 2 })
    inTask(w, function* () {
      const file = yield* running(w)
      yield* snd_card_disconnect(w.fake.card)
      expect(file.substream.runtime.state).toBe(C.SNDRV_PCM_STATE_DISCONNECTED)
      expect(w.fake.take()).toEqual(['trigger 0', 'sync_stop'])
      expect(yield* snd_pcm_open(w.fake.pcm, 0, 0)).toBe(-ENODEV)
      w.k.spawn('client', 'task', function* () {
        yield* sleepUntil(w.k, w.sim.now + 50 * NS_PER_MS)
        yield* snd_pcm_release(file)
      })
      const atNs = w.sim.now
      yield* snd_card_free(w.fake.card)
      expect(w.sim.now - atNs).toBeGreaterThanOrEqual(50 * NS_PER_MS)
    })
  })
})
