/** Who may open a stream, and when: domain/alsa-core.md §2, §9. */
import { expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import { SNDRV_CTL_POWER_D0, SNDRV_CTL_POWER_D3HOT } from '../../../../src/model/alsa/core.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_card_disconnect } from '../../../../src/model/alsa/pcm_disconnect.ts'
import { SndPcmFile, snd_pcm_open, snd_pcm_release } from '../../../../src/model/alsa/pcm_native.ts'
import { snd_power_change_state } from '../../../../src/model/alsa/pcm_power.ts'
import { SndPcmStatus } from '../../../../src/model/alsa/pcm_status.ts'
import { EBADFD, EBUSY, EINVAL, ENODEV } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { sys_close, sys_prepare, sys_status } from '../../../../src/model/user/syscall.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { HARDWARE } from './fake-card.ts'
import { inTask, must, openStream, type World, world } from './stream.ts'

const PLAYBACK = C.SNDRV_PCM_STREAM_PLAYBACK
const CAPTURE = C.SNDRV_PCM_STREAM_CAPTURE

function* opened(w: World, stream: number, f_flags: number): Proc<SndPcmFile> {
  const file = yield* snd_pcm_open(w.fake.pcm, stream, f_flags)
  if (!(file instanceof SndPcmFile)) throw new Error(`open failed: ${file}`)
  return file
}

test('O_APPEND shares the open substream; the last of its files closes it', () => {
  const w = world()
  inTask(w, function* () {
    expect(yield* snd_pcm_open(w.fake.pcm, PLAYBACK, C.O_APPEND)).toBe(-EBADFD)
    const first = yield* openStream(w)
    const second = yield* opened(w, PLAYBACK, C.O_APPEND)
    expect(second.substream).toBe(first.substream)
    expect(second.substream.runtime.state).toBe(C.SNDRV_PCM_STATE_PREPARED)
    w.fake.take()
    must(yield* snd_pcm_release(first))
    expect(second.substream.isOpen).toBe(true)
    expect(w.fake.take()).toEqual([])
    must(yield* snd_pcm_release(second))
    expect(second.substream.isOpen).toBe(false)
    expect(w.fake.take()).toEqual(['hw_free', 'close'])
  })
})

test('O_APPEND is refused where there are several substreams', () => {
  const w = world({ card: { substreams: 2 } })
  inTask(w, function* () {
    yield* openStream(w)
    expect(yield* snd_pcm_open(w.fake.pcm, PLAYBACK, C.O_APPEND)).toBe(-EINVAL)
  })
})

test('half duplex: the other direction has to wait until the first is closed', () => {
  const info = HARDWARE.info | C.SNDRV_PCM_INFO_HALF_DUPLEX
  const w = world({ cpus: 2, card: { capture: true, hardware: { info } } })
  inTask(w, function* () {
    const playback = yield* opened(w, PLAYBACK, 0)
    expect(yield* snd_pcm_open(w.fake.pcm, CAPTURE, C.O_NONBLOCK)).toBe(-EBUSY)
    w.k.spawn('other', 'task', function* () {
      yield* sleepUntil(w.k, 20 * NS_PER_MS)
      yield* snd_pcm_release(playback)
    })
    const capture = yield* opened(w, CAPTURE, 0)
    expect(w.sim.now).toBeGreaterThanOrEqual(20 * NS_PER_MS)
    expect(playback.substream.isOpen).toBe(false)
    expect(capture.substream.isOpen).toBe(true)
    expect(w.fake.pcm.open_wait.entries).toEqual([])
  })
})

test('full duplex: both directions at once', () => {
  const w = world({ card: { capture: true } })
  inTask(w, function* () {
    yield* opened(w, PLAYBACK, 0)
    yield* opened(w, CAPTURE, 0)
  })
})

test('ioctl and close wait while the card is powered down', () => {
  for (const close of [false, true]) {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const file = yield* openStream(w)
      const { card } = w.fake
      yield* snd_power_change_state(card, SNDRV_CTL_POWER_D3HOT)
      w.k.spawn('other', 'task', function* () {
        yield* sleepUntil(w.k, 20 * NS_PER_MS)
        yield* snd_power_change_state(card, SNDRV_CTL_POWER_D0)
      })
      must(yield* close ? sys_close(file) : sys_prepare(file))
      expect(w.sim.now).toBeGreaterThanOrEqual(20 * NS_PER_MS)
      expect(card.power_sleep.entries).toEqual([])
    })
  }
})

test('a call that waits for power ends with ENODEV when the card goes', () => {
  const w = world({ cpus: 2 })
  inTask(w, function* () {
    const file = yield* openStream(w)
    yield* snd_power_change_state(w.fake.card, SNDRV_CTL_POWER_D3HOT)
    w.k.spawn('udev', 'task', function* () {
      yield* sleepUntil(w.k, 5 * NS_PER_MS)
      yield* snd_card_disconnect(w.fake.card)
    })
    expect(yield* sys_status(file, new SndPcmStatus())).toBe(-ENODEV)
    expect(yield* sys_status(file, new SndPcmStatus())).toBe(-EBADFD)
  })
})
