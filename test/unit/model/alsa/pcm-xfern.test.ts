/** Transfers of channels that lie apart: WRITEN and READN, domain/alsa-core.md §7.1. */
import { expect, test } from 'vitest'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { UserFrames } from '../../../../src/model/alsa/pcm_copy.ts'
import {
  snd_pcm_lib_read,
  snd_pcm_lib_readv,
  snd_pcm_lib_write,
  snd_pcm_lib_writev,
} from '../../../../src/model/alsa/pcm_ioctl.ts'
import { EINVAL } from '../../../../src/model/linux/errno.ts'
import { T } from '../../../../src/sim/trace.ts'
import { HARDWARE } from './fake-card.ts'
import { inTask, openStream, recordsOf, world } from './stream.ts'

const PERIOD = 480
const access = C.SNDRV_PCM_ACCESS_RW_NONINTERLEAVED
const hardware = { info: HARDWARE.info | C.SNDRV_PCM_INFO_NONINTERLEAVED }

test('WRITEN moves frames, each channel at its own base price', () => {
  const w = world({ card: { hardware }, prices: { copy_base: 1000 } })
  inTask(w, function* () {
    const { substream } = yield* openStream(w, 'prepared', { access })
    substream.runtime.start_threshold = substream.runtime.boundary
    const user = new UserFrames(w.k, substream.id)
    expect(yield* snd_pcm_lib_write(substream, user, PERIOD)).toBe(-EINVAL)
    const atNs = w.sim.now
    expect(yield* snd_pcm_lib_writev(substream, user, PERIOD)).toBe(PERIOD)
    expect(w.sim.now - atNs).toBe(2000)
    expect(substream.runtime.control.appl_ptr).toBe(PERIOD)
    expect(yield* snd_pcm_lib_readv(substream, user, PERIOD)).toBe(-EINVAL)
  })
  const parts = recordsOf(w.store, T.snd_pcm_transfer).map((r) => [r.b, r.c, r.d])
  expect(parts).toEqual([[0, PERIOD, 0]])
})

test('READN takes what the device wrote', () => {
  const w = world({ card: { hardware, capture: true } })
  inTask(w, function* () {
    const { substream } = yield* openStream(w, 'prepared', { access, capture: true })
    substream.runtime.dma_area?.write(0, PERIOD, 5000, w.sim.now)
    substream.runtime.status.hw_ptr = PERIOD
    w.fake.pos = PERIOD
    const user = new UserFrames(w.k, substream.id)
    expect(yield* snd_pcm_lib_read(substream, user, PERIOD)).toBe(-EINVAL)
    expect(yield* snd_pcm_lib_writev(substream, user, PERIOD)).toBe(-EINVAL)
    expect(yield* snd_pcm_lib_readv(substream, user, PERIOD)).toBe(PERIOD)
  })
  const parts = recordsOf(w.store, T.snd_pcm_transfer).map((r) => [r.b, r.c, r.d])
  expect(parts).toEqual([[5000, PERIOD, 0]])
})

test('an interleaved stream refuses WRITEN', () => {
  const w = world({ card: { hardware } })
  inTask(w, function* () {
    const { substream } = yield* openStream(w)
    const user = new UserFrames(w.k, substream.id)
    expect(yield* snd_pcm_lib_writev(substream, user, PERIOD)).toBe(-EINVAL)
  })
})
