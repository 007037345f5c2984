/**
 * The library between a program and the system calls, for a hardware PCM: what it knows from the
 * mapped pages, and transfers through the mapped ring. Modelled on alsa-lib 1.2, pcm_hw.c and
 * pcm_mmap.c (domain/userspace.md §1). Sizes are frames.
 */
import type { Frames } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import {
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_SYNC_PTR_AVAIL_MIN,
} from '../alsa/pcm_constants.ts'
import { copyNsOf, copyRing, type UserFrames } from '../alsa/pcm_copy.ts'
import { pcm_control_mmap_allowed } from '../alsa/pcm_mmap.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { snd_pcm_avail as availNow } from '../alsa/pcm_runtime.ts'
import { SndPcmSyncPtr } from '../alsa/pcm_sync_ptr.ts'
import { ENODEV, EPIPE, ESTRPIPE } from '../linux/errno.ts'
import { sys_hwsync, sys_sync_ptr } from './syscall.ts'

/** What the library says of a state in which nothing can be moved. Return: 0 or -errno. */
export function stateError(file: SndPcmFile): number {
  switch (file.substream.runtime.status.state) {
    case SNDRV_PCM_STATE_XRUN:
      return -EPIPE
    case SNDRV_PCM_STATE_SUSPENDED:
      return -ESTRPIPE
    case SNDRV_PCM_STATE_DISCONNECTED:
      return -ENODEV
    default:
      return 0
  }
}

/**
 * Frames that can be moved, from the mapped status page: as of the kernel's last look at the
 * hardware. Library: snd_pcm_avail_update(). Return: frames, or -errno of the state.
 */
export function snd_pcm_avail_update(file: SndPcmFile): number {
  const err = stateError(file)
  return err < 0 ? err : availNow(file.substream)
}

/** The same after asking the hardware. Library: snd_pcm_avail(). Return: frames or -errno. */
export function* snd_pcm_avail(file: SndPcmFile): Proc<number> {
  const err = yield* sys_hwsync(file)
  return err < 0 ? err : snd_pcm_avail_update(file)
}

/**
 * Copies frames from or to the mapped ring and commits them; the caller has checked that there is
 * room. Library: snd_pcm_mmap_begin(), a copy, snd_pcm_mmap_commit(). Return: frames or -errno.
 */
export function* mmapTransfer(file: SndPcmFile, user: UserFrames, frames: Frames): Proc<number> {
  const { substream } = file
  const { k, runtime } = substream
  user.moved = 0
  while (user.moved < frames) {
    const offset = runtime.control.appl_ptr % runtime.buffer_size
    const left = frames - user.moved
    const beforeEnd = runtime.buffer_size - offset
    const part = left < beforeEnd ? left : beforeEnd
    if (!k.tryChargeNs(copyNsOf(substream, part))) yield Req.CHARGE
    copyRing(substream, user, runtime.dma_area, offset, part)
    const err = yield* snd_pcm_mmap_commit(file, part)
    if (err < 0) return err
    user.moved += part
  }
  return frames
}

/**
 * Moves the application pointer: by a store where the control page is mapped, else by an ioctl that
 * runs the driver's ack. Library: snd_pcm_mmap_commit(). Return: 0 or -errno.
 */
function* snd_pcm_mmap_commit(file: SndPcmFile, frames: Frames): Proc<number> {
  const { substream } = file
  const { k, runtime } = substream
  const { control, boundary } = runtime
  const before = control.appl_ptr
  const next = before + frames < boundary ? before + frames : before + frames - boundary
  if (pcm_control_mmap_allowed(substream)) {
    control.appl_ptr = next
    k.emit(T.snd_pcm_applptr, substream.id, before, next, availNow(substream))
    return 0
  }
  const sync = new SndPcmSyncPtr()
  sync.flags = SNDRV_PCM_SYNC_PTR_AVAIL_MIN
  sync.appl_ptr = next
  return yield* sys_sync_ptr(file, sync)
}
