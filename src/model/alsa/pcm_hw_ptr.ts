/**
 * The update of the hardware pointer from the position that the driver reports, modulo the ring.
 * Mirrors snd_pcm_update_hw_ptr0() of sound/core/pcm_lib.c, the same in 6.1 and 6.12; the numbers
 * in the comments are the steps of domain/alsa-core.md §4. Positions are frames, ages jiffies.
 */
import type { Frames, Ns } from '../../base/units.ts'
import { DONE_ZERO, endedValue, type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { EPIPE } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_INFO_BATCH,
  SNDRV_PCM_POS_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
  SNDRV_PCM_TSTAMP_ENABLE,
  XRUN_DEBUG_JIFFIESCHECK,
  XrunCause,
} from './pcm_constants.ts'
import { hw_ptr_error, printkRatelimited, xrun_debug } from './pcm_log.ts'
import { locate, motion } from './pcm_motion.ts'
import type { SndPcmRuntime } from './pcm_runtime.ts'
import { snd_pcm_playback_silence } from './pcm_silence.ts'
import { readTimeInfo, update_audio_tstamp } from './pcm_tstamp.ts'
import { __snd_pcm_xrun, snd_pcm_update_state, stateStays } from './pcm_xrun.ts'

const HWPTR = T.snd_pcm_hwptr

/**
 * Reads the driver's position and moves hw_ptr to it.
 *
 * Kernel: snd_pcm_update_hw_ptr0(). Context: stream lock held; calls ops->pointer, and on an xrun
 * or the end of a drain ops->trigger(STOP). Cost: update_hw_ptr, before the pointer is read; in the
 * interrupt's path it is part of period_elapsed. Return: 0, or -EPIPE if the stream stopped.
 */
export function snd_pcm_update_hw_ptr0(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
): Proc<number> {
  const { runtime, k } = substream
  if (!in_interrupt && !k.tryCharge(k.costs.update_hw_ptr)) return update(substream, false, null)
  const reading = substream.ops.pointer(substream)
  const pos = endedValue(reading)
  const plain = pos !== undefined && pos !== SNDRV_PCM_POS_XRUN && pos < runtime.buffer_size
  if (!plain || runtime.tstamp_mode === SNDRV_PCM_TSTAMP_ENABLE) {
    return update(substream, in_interrupt, reading)
  }
  return moveTo(substream, in_interrupt, pos, { jiffies: k.jiffies, nowNs: 0 })
}

/** When a position was read; nowNs is 0 unless time stamps are asked for. */
interface ReadAt {
  readonly jiffies: number
  readonly nowNs: Ns
}

/** snd_pcm_update_hw_ptr0() when it has to wait, to stamp, or to deal with no position. */
function* update(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  reading: Proc<number> | null,
): Proc<number> {
  const { runtime, k } = substream
  if (reading === null) yield Req.CHARGE
  let pos = yield* reading ?? substream.ops.pointer(substream)
  const { jiffies } = k
  const nowNs = runtime.tstamp_mode === SNDRV_PCM_TSTAMP_ENABLE ? yield* readTimeInfo(substream) : 0
  if (pos === SNDRV_PCM_POS_XRUN) {
    yield* __snd_pcm_xrun(substream, XrunCause.device)
    return -EPIPE
  }
  if (pos >= runtime.buffer_size) {
    yield* logInvalidPosition(substream, pos)
    pos = 0
  }
  return yield* moveTo(substream, in_interrupt, pos, { jiffies, nowNs })
}

/** Steps 4 to 8: from a valid position on. */
function moveTo(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  valid: Frames,
  readAt: ReadAt,
): Proc<number> {
  const { runtime, k } = substream
  const { status } = runtime
  const pos = runtime.min_align > 1 ? valid - (valid % runtime.min_align) : valid
  k.emit(HWPTR, substream.id, in_interrupt ? 1 : 0, pos, status.hw_ptr, runtime.hw_ptr_base)
  locate(runtime, k.config.hz, pos, in_interrupt, readAt.jiffies)
  if (!runtime.no_period_wakeup && isDoubtful(substream)) {
    return moveDoubtful(substream, in_interrupt, pos, readAt)
  }
  return move(substream, in_interrupt, readAt)
}

/** Steps 9 to 11 change or refuse only motions that are doubtful. */
function* moveDoubtful(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  pos: Frames,
  readAt: ReadAt,
): Proc<number> {
  if (!(yield* checkDelta(substream, in_interrupt, pos, readAt.jiffies))) return 0
  return yield* move(substream, in_interrupt, readAt)
}

/** Steps 12 to 16: silence, then the pointers, then what follows from them. */
function move(substream: SndPcmSubstream, in_interrupt: boolean, readAt: ReadAt): Proc<number> {
  const { runtime } = substream
  if (motion.new_hw_ptr === runtime.status.hw_ptr) {
    runtime.hw_ptr_jiffies = readAt.jiffies
    update_audio_tstamp(substream, readAt.nowNs)
    return DONE_ZERO
  }
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK && runtime.silence_size > 0) {
    return moveSilenced(substream, in_interrupt, readAt)
  }
  store(substream, in_interrupt, readAt, motion)
  return stateStays(substream) ? DONE_ZERO : snd_pcm_update_state(substream)
}

function* moveSilenced(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  readAt: ReadAt,
): Proc<number> {
  const to = { ...motion }
  yield* snd_pcm_playback_silence(substream, to.new_hw_ptr)
  store(substream, in_interrupt, readAt, to)
  return stateStays(substream) ? 0 : yield* snd_pcm_update_state(substream)
}

/** Steps 14 and 15. */
function store(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  readAt: ReadAt,
  to: { readonly hw_base: Frames; readonly new_hw_ptr: Frames; readonly crossed_boundary: number },
): void {
  const { runtime } = substream
  if (in_interrupt) acknowledgePeriods(runtime, to.new_hw_ptr)
  runtime.hw_ptr_base = to.hw_base
  runtime.status.hw_ptr = to.new_hw_ptr
  runtime.hw_ptr_jiffies = readAt.jiffies
  if (to.crossed_boundary !== 0) runtime.hw_ptr_wrap += runtime.boundary
  update_audio_tstamp(substream, readAt.nowNs)
}

/** More than one and a half periods at once, or wherever jiffies are to be compared. */
function isDoubtful(substream: SndPcmSubstream): boolean {
  return exceedsPeriod(substream.runtime) || xrun_debug(substream, XRUN_DEBUG_JIFFIESCHECK)
}

function exceedsPeriod(runtime: SndPcmRuntime): boolean {
  return motion.delta > runtime.period_size + Math.floor(runtime.period_size / 2)
}

/** Step 14: hw_ptr_interrupt moves on by whole periods. */
function acknowledgePeriods(runtime: SndPcmRuntime, new_hw_ptr: Frames): void {
  let d = new_hw_ptr - runtime.hw_ptr_interrupt
  if (d < 0) d += runtime.boundary
  runtime.hw_ptr_interrupt += d - (d % runtime.period_size)
  if (runtime.hw_ptr_interrupt >= runtime.boundary) runtime.hw_ptr_interrupt -= runtime.boundary
}

/**
 * Steps 9 to 11 for a doubtful motion; works on `motion`, which it
 * restores after lines that took time. Return: false if the position is to be ignored.
 */
function* checkDelta(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  pos: Frames,
  curr_jiffies: number,
): Proc<boolean> {
  const { runtime } = substream
  const old_hw_ptr = runtime.status.hw_ptr
  const { hw_base, new_hw_ptr, crossed_boundary, delta } = motion
  const pointers = `new_hw_ptr=${new_hw_ptr}, old_hw_ptr=${old_hw_ptr}`
  if (delta >= runtime.buffer_size + runtime.period_size) {
    const details = `(stream=${substream.stream}, pos=${pos}, ${pointers})`
    yield* hw_ptr_error(substream, in_interrupt, 'Unexpected hw_ptr', details)
    return false
  }
  if (skipsByJiffies(substream, delta, curr_jiffies)) {
    yield* skipHwPtr(substream, in_interrupt, pos, curr_jiffies)
    return true
  }
  if (!exceedsPeriod(runtime)) return true
  const details = `(stream=${substream.stream}, delta=${delta}, ${pointers})`
  yield* hw_ptr_error(substream, in_interrupt, 'Lost interrupts?', details)
  motion.hw_base = hw_base
  motion.new_hw_ptr = new_hw_ptr
  motion.crossed_boundary = crossed_boundary
  return true
}

/** Step 10's test: the pointer ran ahead of the jiffies. Only with xrun_debug bit 2. */
function skipsByJiffies(substream: SndPcmSubstream, delta: Frames, curr_jiffies: number): boolean {
  const { runtime } = substream
  if (!xrun_debug(substream, XRUN_DEBUG_JIFFIESCHECK)) return false
  if ((runtime.hw.info & SNDRV_PCM_INFO_BATCH) !== 0 || delta < runtime.delay) return false
  const { hz } = substream.k.config
  const age = curr_jiffies - runtime.hw_ptr_jiffies
  return Math.floor(((delta - runtime.delay) * hz) / runtime.rate) > age + Math.floor(hz / 100)
}

/** Step 10's correction: the pointer moves by the periods that the jiffies allow. */
function* skipHwPtr(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  pos: Frames,
  curr_jiffies: number,
): Proc {
  const { runtime } = substream
  const { hz } = substream.k.config
  const hdelta = motion.delta - runtime.delay
  const age = curr_jiffies - runtime.hw_ptr_jiffies
  const periodJiffies = Math.floor((runtime.period_size * hz) / runtime.rate)
  const periods = Math.floor(age / (periodJiffies + Math.floor(hz / 100)))
  const old_hw_ptr = runtime.status.hw_ptr
  let new_hw_ptr = old_hw_ptr + periods * runtime.period_size
  const crossed = new_hw_ptr >= runtime.boundary
  if (crossed) new_hw_ptr -= runtime.boundary
  const crossed_boundary = motion.crossed_boundary - (crossed ? 1 : 0)
  const jiffies = `${age}/${Math.floor((hdelta * hz) / runtime.rate)}/${periods}`
  const details =
    `(pos=${pos}, delta=${hdelta}, period=${runtime.period_size}, jdelta=${jiffies}, ` +
    `hw_ptr=${old_hw_ptr}/${new_hw_ptr})`
  yield* hw_ptr_error(substream, in_interrupt, 'hw_ptr skipping', details)
  motion.new_hw_ptr = new_hw_ptr
  motion.hw_base = new_hw_ptr - (new_hw_ptr % runtime.buffer_size)
  motion.crossed_boundary = crossed_boundary
}

function* logInvalidPosition(substream: SndPcmSubstream, pos: Frames): Proc {
  const { buffer_size, period_size } = substream.runtime
  const text =
    `invalid position: ${substream.name}, pos = ${pos}, buffer size = ${buffer_size}, ` +
    `period size = ${period_size}`
  yield* printkRatelimited(substream.k, 'snd_pcm_update_hw_ptr0/position', text)
}

/** Reads the position now. Kernel: snd_pcm_update_hw_ptr(). Context: stream lock held. */
export function snd_pcm_update_hw_ptr(substream: SndPcmSubstream): Proc<number> {
  return snd_pcm_update_hw_ptr0(substream, false)
}
