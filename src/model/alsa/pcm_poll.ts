/**
 * Readiness of a stream for poll(). Mirrors snd_pcm_poll() of sound/core/pcm_native.c, the same in
 * 6.1 and 6.12: it uses the position known from the last update and does not ask the driver.
 */
import type { Proc } from '../../sim/process.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_PAUSED,
  SNDRV_PCM_STATE_PREPARED,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STREAM_PLAYBACK,
} from './pcm_constants.ts'
import { snd_pcm_stream_lock_irq, snd_pcm_stream_unlock_irq } from './pcm_locking.ts'
import { snd_pcm_avail } from './pcm_runtime.ts'

export const EPOLLIN = 0x1
export const EPOLLOUT = 0x4
export const EPOLLERR = 0x8

/** Kernel: snd_pcm_poll(). Context: process. Locks: stream lock. Return: EPOLL* bits. */
export function* snd_pcm_poll(substream: SndPcmSubstream): Proc<number> {
  if (isGone(substream)) return pollMask(substream)
  yield* snd_pcm_stream_lock_irq(substream)
  const mask = pollMask(substream)
  yield* snd_pcm_stream_unlock_irq(substream)
  return mask
}

function isGone(substream: SndPcmSubstream): boolean {
  return !substream.isOpen || substream.runtime.state === SNDRV_PCM_STATE_DISCONNECTED
}

/** The bits as they are at this instant, without the lock. */
export function pollMask(substream: SndPcmSubstream): number {
  const ready = substream.stream === SNDRV_PCM_STREAM_PLAYBACK ? EPOLLOUT : EPOLLIN
  if (isGone(substream)) return ready | EPOLLERR
  const { runtime } = substream
  const avail = snd_pcm_avail(substream)
  switch (runtime.state) {
    case SNDRV_PCM_STATE_RUNNING:
    case SNDRV_PCM_STATE_PREPARED:
    case SNDRV_PCM_STATE_PAUSED:
      return avail >= runtime.control.avail_min ? ready : 0
    case SNDRV_PCM_STATE_DRAINING:
      if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK) return 0
      return avail === 0 ? ready | EPOLLERR : ready
    default:
      return ready | EPOLLERR
  }
}
