/**
 * What every ioctl does before its own work. Mirrors snd_pcm_common_ioctl() of
 * sound/core/pcm_native.c, the same in 6.1 and 6.12.
 */
import type { Proc } from '../../sim/process.ts'
import { EBADFD, EINVAL } from '../linux/errno.ts'
import { SNDRV_CTL_POWER_D0 } from './core.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { SNDRV_PCM_STATE_DISCONNECTED, SNDRV_PCM_STREAM_PLAYBACK } from './pcm_constants.ts'
import type { UserFrames } from './pcm_copy.ts'
import { snd_power_wait } from './pcm_power.ts'
import { __snd_pcm_lib_xfer } from './pcm_xfer.ts'

/** Whether an ioctl may go on at once; a plain test, so that the usual case costs nothing. */
export function ioctlMayPass(substream: SndPcmSubstream): boolean {
  return (
    substream.pcm.card.power_state === SNDRV_CTL_POWER_D0 &&
    substream.runtime.state !== SNDRV_PCM_STATE_DISCONNECTED
  )
}

/**
 * What an ioctl does first where it may not pass. Return: 0; -EBADFD after a disconnection; -ENODEV
 * if that came while it waited for power.
 */
export function* snd_pcm_common_ioctl(substream: SndPcmSubstream): Proc<number> {
  if (substream.runtime.state === SNDRV_PCM_STATE_DISCONNECTED) return -EBADFD
  return yield* snd_power_wait(substream.pcm.card)
}

function* refuse(err: number): Proc<number> {
  return err
}

/** The WRITEI_FRAMES ioctl. Kernel: snd_pcm_xferi_frames_ioctl(). */
export function snd_pcm_lib_write(
  substream: SndPcmSubstream,
  data: UserFrames,
  frames: number,
): Proc<number> {
  if (substream.stream !== SNDRV_PCM_STREAM_PLAYBACK) return refuse(-EINVAL)
  return __snd_pcm_lib_xfer(substream, data, frames)
}

/** The READI_FRAMES ioctl. Kernel: snd_pcm_xferi_frames_ioctl(). */
export function snd_pcm_lib_read(
  substream: SndPcmSubstream,
  data: UserFrames,
  frames: number,
): Proc<number> {
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK) return refuse(-EINVAL)
  return __snd_pcm_lib_xfer(substream, data, frames)
}

/** The WRITEN_FRAMES ioctl. Kernel: snd_pcm_xfern_frames_ioctl(). */
export function snd_pcm_lib_writev(
  substream: SndPcmSubstream,
  data: UserFrames,
  frames: number,
): Proc<number> {
  if (substream.stream !== SNDRV_PCM_STREAM_PLAYBACK) return refuse(-EINVAL)
  return __snd_pcm_lib_xfer(substream, data, frames, false)
}

/** The READN_FRAMES ioctl. Kernel: snd_pcm_xfern_frames_ioctl(). */
export function snd_pcm_lib_readv(
  substream: SndPcmSubstream,
  data: UserFrames,
  frames: number,
): Proc<number> {
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK) return refuse(-EINVAL)
  return __snd_pcm_lib_xfer(substream, data, frames, false)
}
