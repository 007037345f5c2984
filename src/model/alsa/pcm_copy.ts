/**
 * User memory and the copy between it and the ring. Every frame that a client hands over carries
 * its number in the stream, so that lost, repeated and stale frames can be told; samples do not
 * exist. Kernel: the transfer functions under __snd_pcm_lib_xfer(). Sizes are frames, costs ns.
 */
import { type Frames, NS_PER_MS, type Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Kernel } from '../linux/kernel.ts'
import { reportUseAfterFree } from '../linux/slab.ts'
import { type GuestBuffer, type RunVisitor, SILENT_INDEX } from '../machine/guest-buffer.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { SNDRV_PCM_ACCESS_RW_NONINTERLEAVED, SNDRV_PCM_STREAM_PLAYBACK } from './pcm_constants.ts'
import { frames_to_bytes } from './pcm_runtime.ts'

const TRANSFER = T.snd_pcm_transfer
const BYTES_PER_KIB = 1024

/** A client's buffer: frames `first_index ...` of its stream, then silence. */
export class UserFrames {
  first_index = 0
  /** How many frames of the buffer are data; what follows them is silence. */
  data_frames = Number.POSITIVE_INFINITY
  /** A NULL pointer: the ring is silenced in place of a copy. */
  isNull = false
  /** Frames of the call in progress that have been moved. */
  moved = 0
  /** Where a read is at, for its records. */
  private offset = 0
  readonly visit: RunVisitor

  constructor(k: Kernel, stream: number) {
    const visit: RunVisitor = (firstIndex, frames) => {
      k.emit(TRANSFER, stream, firstIndex, frames, this.offset)
      this.offset += frames
    }
    this.visit = visit
  }

  /** Before a ring read at `offset`. */
  startAt(offset: Frames): void {
    this.offset = offset
  }
}

/** What copying so many frames costs; channels that lie apart are copied one by one. */
export function copyNsOf(substream: SndPcmSubstream, frames: Frames): Ns {
  const { k, runtime } = substream
  const kib = frames_to_bytes(runtime, frames) / BYTES_PER_KIB
  let baseNs = k.priceNs(k.costs.copy_base)
  if (runtime.access === SNDRV_PCM_ACCESS_RW_NONINTERLEAVED) baseNs *= runtime.channels
  return baseNs + Math.round(k.priceNs(k.costs.copy_per_kib) * kib)
}

/**
 * Copies between the user's buffer and memory of the driver's own, for a driver's copy op.
 *
 * Kernel: copy_from_iter() and copy_to_iter(), lib/iov_iter.c. Cost: as the core's own copy.
 */
export function* copyUser(
  substream: SndPcmSubstream,
  user: UserFrames,
  ring: GuestBuffer,
  offset: Frames,
  frames: Frames,
): Proc {
  const { k } = substream
  if (!k.tryChargeNs(copyNsOf(substream, frames))) yield Req.CHARGE
  copyRing(substream, user, ring, offset, frames)
}

/** Moves provenance between the user's buffer and a ring, at the end of the copy. */
export function copyRing(
  substream: SndPcmSubstream,
  user: UserFrames,
  ring: GuestBuffer | null,
  offset: Frames,
  frames: Frames,
): void {
  const inside = insideRing(substream, ring, offset, frames)
  if (ring === null || inside === 0) return
  if (substream.stream !== SNDRV_PCM_STREAM_PLAYBACK) {
    user.startAt(offset)
    ring.read(offset, inside, user.visit)
    return
  }
  const dataLeft = user.data_frames - user.moved
  const data = dataLeft < inside ? (dataLeft > 0 ? dataLeft : 0) : inside
  if (data > 0) writeData(substream, user, ring, offset, data)
  if (data < inside) writeSilence(substream, ring, offset + data, inside - data)
}

/**
 * How many of the frames of a copy lie in the ring at its end. All, where nobody changes the buffer
 * meanwhile; none if it was freed, which is reported; if it is kept and the ring in it is shorter
 * now, the rest lies behind that ring.
 */
export function insideRing(
  { k, name, managed_buffer }: SndPcmSubstream,
  ring: GuestBuffer | null,
  offset: Frames,
  frames: Frames,
): Frames {
  if (ring !== null && !ring.freed) {
    const room = ring.frames - offset
    return frames <= room ? frames : room > 0 ? room : 0
  }
  const where = `__snd_pcm_lib_xfer() of ${name}, frames ${offset}..${offset + frames - 1}`
  if (ring !== null) {
    const at = `${(ring.freedAtNs / NS_PER_MS).toFixed(3)} ms`
    reportUseAfterFree(k, `${where} of a PCM buffer that was freed at ${at}, during the copy`)
  } else if (managed_buffer) reportUseAfterFree(k, `${where} of runtime->dma_area, which is NULL`)
  return 0
}

function writeData(
  substream: SndPcmSubstream,
  user: UserFrames,
  ring: GuestBuffer,
  offset: Frames,
  frames: Frames,
): void {
  const { k } = substream
  const first = user.first_index + user.moved
  ring.write(offset, frames, first, k.sim.now)
  k.emit(TRANSFER, substream.id, first, frames, offset)
}

function writeSilence(
  substream: SndPcmSubstream,
  ring: GuestBuffer,
  offset: Frames,
  frames: Frames,
): void {
  ring.silence(offset, frames, substream.k.sim.now)
  silenceWritten(substream, offset, frames)
}

/** The record of silent frames that a client handed over. */
export function silenceWritten(substream: SndPcmSubstream, offset: Frames, frames: Frames): void {
  substream.k.emit(TRANSFER, substream.id, SILENT_INDEX, frames, offset)
}
