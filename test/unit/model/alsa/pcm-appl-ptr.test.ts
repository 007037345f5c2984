/** The application pointer: domain/alsa-core.md §7.3, §7.4. */
import { describe, expect, test } from 'vitest'
import { pcm_lib_apply_appl_ptr } from '../../../../src/model/alsa/pcm_appl_ptr.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_hw_free } from '../../../../src/model/alsa/pcm_hw_params.ts'
import {
  pcm_control_mmap_allowed,
  pcm_status_mmap_allowed,
  snd_pcm_mmap_data,
  snd_pcm_munmap_data,
} from '../../../../src/model/alsa/pcm_mmap.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import {
  SndPcmSyncPtr,
  snd_pcm_forward,
  snd_pcm_rewind,
  snd_pcm_sync_ptr,
} from '../../../../src/model/alsa/pcm_sync_ptr.ts'
import { EBADFD, EINVAL, ENXIO, EPIPE } from '../../../../src/model/linux/errno.ts'
import { T } from '../../../../src/sim/trace.ts'
import { HARDWARE } from './fake-card.ts'
import { inTask, must, openStream, recordsOf, world } from './stream.ts'

const BUFFER = 1920
const NO_REWINDS = { hardware: { info: HARDWARE.info | C.SNDRV_PCM_INFO_NO_REWINDS } }

describe('apply', () => {
  test('asks ack, and takes the move back if it refuses', () => {
    const w = world({ card: { withAck: true } })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const { control } = substream.runtime
      must(yield* pcm_lib_apply_appl_ptr(substream, 480))
      w.fake.returns.set('ack', -EINVAL)
      expect(yield* pcm_lib_apply_appl_ptr(substream, 960)).toBe(-EINVAL)
      expect(control.appl_ptr).toBe(480)
      // The same value is no move: the driver is not asked.
      w.fake.take()
      expect(yield* pcm_lib_apply_appl_ptr(substream, 480)).toBe(0)
      expect(w.fake.take()).toEqual([])
      expect(yield* pcm_lib_apply_appl_ptr(substream, substream.runtime.boundary)).toBe(-EINVAL)
    })
    expect(recordsOf(w.store, T.snd_pcm_applptr).map((r) => [r.b, r.c, r.d])).toEqual([
      [0, 480, BUFFER - 480],
    ])
  })

  test('EPIPE of ack is an xrun', () => {
    const w = world({ card: { withAck: true } })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      substream.runtime.control.appl_ptr = BUFFER
      must(yield* snd_pcm_start_lock_irq(substream))
      w.fake.returns.set('ack', -EPIPE)
      expect(yield* pcm_lib_apply_appl_ptr(substream, BUFFER + 1)).toBe(-EPIPE)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_XRUN)
    })
    expect(recordsOf(w.store, T.snd_pcm_xrun).map((r) => r.d)).toEqual([C.XrunCause.ack])
  })

  test('without rewinds only moves forward, by at most a buffer, are taken', () => {
    const w = world({ card: NO_REWINDS })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const { runtime } = substream
      runtime.control.appl_ptr = 960
      expect(yield* pcm_lib_apply_appl_ptr(substream, 959)).toBe(-EINVAL)
      expect(yield* pcm_lib_apply_appl_ptr(substream, 960 + BUFFER + 1)).toBe(-EINVAL)
      expect(yield* pcm_lib_apply_appl_ptr(substream, 960 + BUFFER)).toBe(0)
    })
  })
})

test('forward and rewind move as far as there is room, and a refused rewind is 0 frames', () => {
  const w = world()
  inTask(w, function* () {
    const { substream } = yield* openStream(w)
    expect(yield* snd_pcm_forward(substream, 3000)).toBe(BUFFER)
    expect(yield* snd_pcm_forward(substream, 1)).toBe(0)
    expect(yield* snd_pcm_rewind(substream, 920)).toBe(920)
    expect(yield* snd_pcm_rewind(substream, 5000)).toBe(1000)
    expect(substream.runtime.control.appl_ptr).toBe(0)
  })
  const strict = world({ card: NO_REWINDS })
  inTask(strict, function* () {
    const { substream } = yield* openStream(strict)
    expect(yield* snd_pcm_forward(substream, 480)).toBe(480)
    expect(yield* snd_pcm_rewind(substream, 480)).toBe(0)
    expect(substream.runtime.control.appl_ptr).toBe(480)
  })
})

test('SYNC_PTR: a flag asks, its absence sets', () => {
  const w = world()
  inTask(w, function* () {
    const { substream } = yield* openStream(w)
    const sync = new SndPcmSyncPtr()
    sync.appl_ptr = 700
    sync.avail_min = 33
    must(yield* snd_pcm_sync_ptr(substream, sync))
    expect(substream.runtime.control).toMatchObject({ appl_ptr: 700, avail_min: 33 })
    const asking = new SndPcmSyncPtr()
    asking.flags = C.SNDRV_PCM_SYNC_PTR_APPL | C.SNDRV_PCM_SYNC_PTR_AVAIL_MIN
    must(yield* snd_pcm_sync_ptr(substream, asking))
    expect(asking).toMatchObject({
      appl_ptr: 700,
      avail_min: 33,
      hw_ptr: 0,
      state: C.SNDRV_PCM_STATE_PREPARED,
    })
    substream.runtime.state = C.SNDRV_PCM_STATE_XRUN
    asking.flags |= C.SNDRV_PCM_SYNC_PTR_HWSYNC
    expect(yield* snd_pcm_sync_ptr(substream, asking)).toBe(-EPIPE)
  })
})

test('mapping: data by access and flag, control not where ack has to see every move', () => {
  const access = C.SNDRV_PCM_ACCESS_MMAP_INTERLEAVED
  const w = world()
  inTask(w, function* () {
    const { substream } = yield* openStream(w, 'setup', { access })
    expect(snd_pcm_mmap_data(substream)).toBe(0)
    expect(yield* snd_pcm_hw_free(substream)).toBe(-EBADFD)
    snd_pcm_munmap_data(substream)
    must(yield* snd_pcm_hw_free(substream))
    expect(snd_pcm_mmap_data(substream)).toBe(-EBADFD)
    expect(pcm_control_mmap_allowed(substream)).toBe(true)
  })
  const rw = world()
  inTask(rw, function* () {
    expect(snd_pcm_mmap_data((yield* openStream(rw)).substream)).toBe(-EINVAL)
  })
  const info = C.SNDRV_PCM_INFO_INTERLEAVED | C.SNDRV_PCM_INFO_SYNC_APPLPTR
  const synced = world({ card: { hardware: { info } } })
  inTask(synced, function* () {
    const { substream } = yield* openStream(synced)
    expect(snd_pcm_mmap_data(substream)).toBe(-ENXIO)
    expect(pcm_control_mmap_allowed(substream)).toBe(false)
    expect(pcm_status_mmap_allowed(substream)).toBe(true)
  })
})
