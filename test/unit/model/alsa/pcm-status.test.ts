/** The STATUS ioctl and time stamps: domain/alsa-core.md §4, §7.6. */
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { SndPcmStatus, snd_pcm_status64 } from '../../../../src/model/alsa/pcm_status.ts'
import {
  SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT,
  SNDRV_PCM_AUDIO_TSTAMP_TYPE_LINK,
} from '../../../../src/model/alsa/pcm_tstamp.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { HARDWARE } from './fake-card.ts'
import { advanceAppl, inTask, must, openStream, type World, world } from './stream.ts'

const PERIOD = 480
const BUFFER = 1920

/** A stream started at 5 ms, with time stamps or without. */
function* started(w: World, tstamp_mode: number) {
  const { substream } = yield* openStream(w)
  substream.runtime.tstamp_mode = tstamp_mode
  advanceAppl(substream, BUFFER)
  yield* sleepUntil(w.k, 5 * NS_PER_MS)
  must(yield* snd_pcm_start_lock_irq(substream))
  return { substream, startNs: w.sim.now }
}

describe('time stamps', () => {
  test('stand while the pointer stands; driver_tstamp is of every read', () => {
    const w = world()
    inTask(w, function* () {
      const { substream, startNs } = yield* started(w, C.SNDRV_PCM_TSTAMP_ENABLE)
      const status = new SndPcmStatus()
      w.fake.pos = PERIOD
      yield* sleepUntil(w.k, 15 * NS_PER_MS)
      const readNs = w.sim.now
      must(yield* snd_pcm_status64(substream, status))
      expect(status.trigger_tstamp).toBe(startNs)
      expect(status.tstamp).toBe(readNs)
      expect(status.audio_tstamp).toBe(10 * NS_PER_MS)
      yield* sleepUntil(w.k, 17 * NS_PER_MS)
      must(yield* snd_pcm_status64(substream, status))
      expect(status.tstamp).toBe(readNs)
      expect(status.driver_tstamp).toBe(w.sim.now)
    })
  })

  test('audio_tstamp goes on over the boundary, and counts the delay if asked', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* started(w, C.SNDRV_PCM_TSTAMP_ENABLE)
      const { runtime } = substream
      runtime.hw_ptr_wrap = 48_000
      runtime.delay = 48
      const status = new SndPcmStatus()
      w.fake.pos = PERIOD
      must(yield* snd_pcm_status64(substream, status))
      expect(status.audio_tstamp).toBe(1010 * NS_PER_MS)
      status.report_delay = true
      must(yield* snd_pcm_status64(substream, status))
      expect(status.audio_tstamp).toBe(1009 * NS_PER_MS)
    })
  })

  test("come from the driver's clock if it has one, unless it declines", () => {
    const w = world()
    inTask(w, function* () {
      const { substream, startNs } = yield* started(w, C.SNDRV_PCM_TSTAMP_ENABLE)
      substream.ops = {
        ...substream.ops,
        *get_time_info(_substream, info) {
          info.system_ts = 7
          info.audio_ts = 3
          return 0
        },
      }
      const { timeInfo } = substream.runtime
      const status = new SndPcmStatus()
      status.type_requested = SNDRV_PCM_AUDIO_TSTAMP_TYPE_LINK
      must(yield* snd_pcm_status64(substream, status))
      expect([status.tstamp, status.audio_tstamp]).toEqual([7, 3])
      timeInfo.actual_type = SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT
      w.fake.pos = PERIOD
      must(yield* snd_pcm_status64(substream, status))
      expect([status.tstamp, status.audio_tstamp]).toEqual([startNs, 10 * NS_PER_MS])
    })
  })

  test('plain STATUS asks the clock of the driver only where the hardware says it has one', () => {
    const asked = (info: number) => {
      const w = world({ card: { hardware: { info: HARDWARE.info | info } } })
      let types: number[] = []
      inTask(w, function* () {
        const { substream } = yield* started(w, C.SNDRV_PCM_TSTAMP_ENABLE)
        substream.ops = {
          ...substream.ops,
          *get_time_info(_substream, { type_requested }) {
            types = [...types, type_requested]
            return 0
          },
        }
        must(yield* snd_pcm_status64(substream, new SndPcmStatus()))
      })
      return types
    }
    expect(asked(0)).toEqual([])
    expect(asked(C.SNDRV_PCM_INFO_HAS_LINK_ATIME)).toEqual([SNDRV_PCM_AUDIO_TSTAMP_TYPE_LINK])
  })

  test('are zero where tstamp_mode does not ask for them', () => {
    const w = world()
    inTask(w, function* () {
      const { substream, startNs } = yield* started(w, C.SNDRV_PCM_TSTAMP_NONE)
      const status = new SndPcmStatus()
      w.fake.pos = PERIOD
      must(yield* snd_pcm_status64(substream, status))
      expect([status.tstamp, status.driver_tstamp, status.audio_tstamp]).toEqual([0, 0, 0])
      expect(status.trigger_tstamp).toBe(startNs)
    })
  })
})

test('STATUS resets avail_max and overrange', () => {
  const w = world()
  inTask(w, function* () {
    const { substream } = yield* started(w, C.SNDRV_PCM_TSTAMP_NONE)
    substream.runtime.overrange = 2
    w.fake.pos = PERIOD
    const status = new SndPcmStatus()
    must(yield* snd_pcm_status64(substream, status))
    expect([status.avail_max, status.overrange]).toEqual([PERIOD, 2])
    must(yield* snd_pcm_status64(substream, status))
    expect([status.avail_max, status.overrange]).toEqual([0, 0])
  })
})
