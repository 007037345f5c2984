/**
 * The PC speaker as a sound card: a high-resolution timer moves the position by two frames every
 * 54 us and sets the width of the next pulse. No device and no interrupt of its own.
 *
 * Kernel: sound/drivers/pcsp/pcsp_lib.c, v5.9, and as it was before 96c7d478efad if that is
 * reverted. Left out: the NForce workaround (thalf), the controls, beeps. Differs: since 5.10 a
 * work item of system_highpri_wq tells the period, here the tasklet of 5.9 whatever the kernel; an
 * access to a port costs the price of an access to a register.
 */
import type { Bytes, Frames } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { snd_card_new } from '../../alsa/core.ts'
import { type SndPcm, type SndPcmOps, type SndPcmSubstream, snd_pcm_new } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_format_physical_width } from '../../alsa/pcm_format.ts'
import { snd_pcm_period_elapsed } from '../../alsa/pcm_lib.ts'
import { snd_pcm_stream_lock, snd_pcm_stream_unlock } from '../../alsa/pcm_locking.ts'
import {
  bytes_to_frames,
  snd_pcm_lib_buffer_bytes,
  snd_pcm_lib_period_bytes,
} from '../../alsa/pcm_runtime.ts'
import { EBUSY, EINVAL, EIO } from '../../linux/errno.ts'
import { Hrtimer, hrtimer_cancel, hrtimer_forward, hrtimer_start } from '../../linux/hrtimer.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { local_irq_restore, local_irq_save } from '../../linux/preempt.ts'
import { printk } from '../../linux/printk.ts'
import {
  raw_spin_lock_init,
  SpinlockT,
  spin_lock,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../../linux/spinlock.ts'
import { Tasklet, tasklet_kill, tasklet_schedule } from '../../linux/tasklet.ts'
import { freshnessOf } from '../../machine/freshness.ts'
import { Content } from '../../machine/guest-buffer.ts'
import {
  PCSP_DIV,
  PCSP_INDEX_INC,
  type PcspOptions,
  PIT_TICK_RATE,
  SND_PCSP_PLAYBACK,
} from './pcsp_hardware.ts'

const PCSP_PERIOD_NS = Math.floor((1_000_000_000 * PCSP_DIV) / PIT_TICK_RATE)

/** Kernel: struct snd_pcsp, and the statics of pcsp_lib.c. */
export class SndPcsp {
  readonly k: Kernel
  /** 96c7d478efad: a tasklet tells the period, and the chip's lock guards the position only. */
  readonly in_tasklet: boolean
  readonly timer: Hrtimer
  readonly pcsp_pcm_tasklet: Tasklet
  readonly substream_lock: SpinlockT
  readonly i8253_lock: SpinlockT
  playback_substream: SndPcmSubstream | null = null
  fmt_size: Bytes = 1
  playback_ptr: Bytes = 0
  period_ptr: Bytes = 0
  timer_active = false
  /** Ours, for the records: frame that the speaker should find next. */
  expected: Frames = -1

  constructor(k: Kernel, { callback }: PcspOptions) {
    this.k = k
    this.in_tasklet = !k.reverted.has('96c7d478efad')
    this.substream_lock = new SpinlockT(k, '&pcsp_chip.substream_lock', 'pcsp substream_lock')
    this.i8253_lock = raw_spin_lock_init(k, 'i8253_lock', 'i8253_lock')
    const fn = this.in_tasklet ? () => pcsp_do_timer(this) : () => pcsp_do_timer_locked(this)
    this.timer = new Hrtimer(k, callback, fn)
    this.pcsp_pcm_tasklet = new Tasklet(k, 'pcsp_pcm_tasklet', () => pcsp_call_pcm_elapsed(this))
  }
}

/** So many accesses to the ports 0x42, 0x43 and 0x61. */
function* ports({ k }: SndPcsp, count: number): Proc {
  const ns = k.priceNs(k.costs.pointer_op) * count
  if (!k.tryChargeNs(ns)) yield Req.CHARGE
}

/** Kernel: pcsp_call_pcm_elapsed(). Context: softirq. */
function* pcsp_call_pcm_elapsed(chip: SndPcsp): Proc {
  const { playback_substream } = chip
  if (chip.timer_active && playback_substream !== null) {
    yield* snd_pcm_period_elapsed(playback_substream)
  }
}

/** Sets the width of the pulse by the next frame. Kernel: pcsp_timer_update(). Context: any. */
function* pcsp_timer_update(chip: SndPcsp, substream: SndPcmSubstream): Proc {
  pulse(chip, substream)
  const flags = yield* spin_lock_irqsave(chip.i8253_lock)
  yield* ports(chip, 3)
  yield* spin_unlock_irqrestore(chip.i8253_lock, flags)
}

/** The frames that this pulse stands for have been heard. */
function pulse(chip: SndPcsp, { k, id, runtime }: SndPcmSubstream): void {
  const ring = runtime.dma_area
  if (ring === null) return
  let at = chip.playback_ptr / chip.fmt_size
  ring.read(at, PCSP_INDEX_INC, (first, count, _writtenAtNs, kind) => {
    k.emit(T.audio_copy, id, at, count, first, freshnessOf(first, kind, chip.expected))
    if (kind === Content.silence) k.emit(T.audio_silence, id, count)
    else {
      k.emit(T.audio_play, id, first, count)
      if (first + count > chip.expected) chip.expected = first + count
    }
    at += count
  })
}

/** Moves the position; returns how many periods are over by that. */
function movePointer(chip: SndPcsp, substream: SndPcmSubstream): number {
  const period_bytes = snd_pcm_lib_period_bytes(substream)
  const buffer_bytes = snd_pcm_lib_buffer_bytes(substream)
  chip.playback_ptr += PCSP_INDEX_INC * chip.fmt_size
  let moved = chip.playback_ptr - chip.period_ptr
  if (moved < 0) moved += buffer_bytes
  chip.playback_ptr %= buffer_bytes
  return Math.floor(moved / period_bytes)
}

function movePeriod(chip: SndPcsp, substream: SndPcmSubstream, periods: number): void {
  chip.period_ptr += periods * snd_pcm_lib_period_bytes(substream)
  chip.period_ptr %= snd_pcm_lib_buffer_bytes(substream)
}

/** Kernel: pcsp_pointer_update(). Context: the timer's function. */
function* pcsp_pointer_update(chip: SndPcsp, substream: SndPcmSubstream): Proc {
  const flags = yield* spin_lock_irqsave(chip.substream_lock)
  const periods_elapsed = movePointer(chip, substream)
  if (periods_elapsed > 0) movePeriod(chip, substream, periods_elapsed)
  yield* spin_unlock_irqrestore(chip.substream_lock, flags)
  if (periods_elapsed > 0) tasklet_schedule(chip.pcsp_pcm_tasklet)
}

/** Kernel: pcsp_do_timer(), v5.9. Return: whether the timer goes on. */
function* pcsp_do_timer(chip: SndPcsp): Proc<boolean> {
  const { playback_substream } = chip
  if (!chip.timer_active || playback_substream === null) return false
  yield* pcsp_timer_update(chip, playback_substream)
  yield* pcsp_pointer_update(chip, playback_substream)
  hrtimer_forward(chip.timer, chip.timer.expires, PCSP_PERIOD_NS)
  return true
}

/**
 * Kernel: pcsp_do_timer() before 96c7d478efad: the chip's lock around all of it, the stream lock in
 * it, and the period told with the chip's lock held. Return: whether the timer goes on.
 */
function* pcsp_do_timer_locked(chip: SndPcsp): Proc<boolean> {
  const flags = yield* spin_lock_irqsave(chip.substream_lock)
  const { playback_substream: substream } = chip
  if (substream === null) {
    yield* spin_unlock_irqrestore(chip.substream_lock, flags)
    return false
  }
  yield* snd_pcm_stream_lock(substream)
  if (!chip.timer_active) {
    yield* snd_pcm_stream_unlock(substream)
    yield* spin_unlock_irqrestore(chip.substream_lock, flags)
    return false
  }
  pulse(chip, substream)
  yield* spin_lock(chip.i8253_lock)
  yield* ports(chip, 3)
  yield* spin_unlock(chip.i8253_lock)
  const periods_elapsed = movePointer(chip, substream)
  yield* snd_pcm_stream_unlock(substream)
  if (periods_elapsed > 0) {
    yield* snd_pcm_period_elapsed(substream)
    movePeriod(chip, substream, periods_elapsed)
  }
  yield* spin_unlock_irqrestore(chip.substream_lock, flags)
  if (!chip.timer_active) return false
  hrtimer_forward(chip.timer, chip.timer.expires, PCSP_PERIOD_NS)
  return true
}

/** Kernel: pcsp_start_playing(). Context: stream lock held. Locks: the PIT's, the timers'. */
function* pcsp_start_playing(chip: SndPcsp): Proc<number> {
  if (chip.timer_active) {
    yield* printk(chip.k, 'PCSP: Timer already active')
    return -EIO
  }
  yield* spin_lock(chip.i8253_lock)
  yield* ports(chip, 2)
  yield* spin_unlock(chip.i8253_lock)
  chip.timer_active = true
  yield* hrtimer_start(chip.timer, 0)
  return 0
}

/** Kernel: pcsp_stop_playing(). Context: interrupts off. The timer ends at its next turn. */
function* pcsp_stop_playing(chip: SndPcsp): Proc {
  if (!chip.timer_active) return
  chip.timer_active = false
  yield* spin_lock(chip.i8253_lock)
  yield* ports(chip, 2)
  yield* spin_unlock(chip.i8253_lock)
}

/** Kernel: pcsp_sync_stop(). Context: process. */
function* pcsp_sync_stop(chip: SndPcsp): Proc {
  const flags = local_irq_save(chip.k)
  yield* pcsp_stop_playing(chip)
  yield* local_irq_restore(chip.k, flags)
  yield* hrtimer_cancel(chip.timer)
  yield* tasklet_kill(chip.pcsp_pcm_tasklet)
}

/** Since the change each call that touches what the timer uses waits for the timer first. */
function* sync(chip: SndPcsp): Proc<number> {
  if (chip.in_tasklet) yield* pcsp_sync_stop(chip)
  return 0
}

/** Kernel: snd_pcsp_playback_open(). Context: process. Return: 0 or -EBUSY. */
function* snd_pcsp_playback_open(chip: SndPcsp, substream: SndPcmSubstream): Proc<number> {
  if (chip.timer_active) {
    yield* printk(chip.k, 'PCSP: still active!!')
    return -EBUSY
  }
  substream.runtime.hw = SND_PCSP_PLAYBACK
  yield* setSubstream(chip, substream)
  return 0
}

/** Under the chip's lock before the change; afterwards nobody can use it then. */
function* setSubstream(chip: SndPcsp, substream: SndPcmSubstream | null): Proc {
  const locked = !chip.in_tasklet
  if (locked) yield* spin_lock_irq(chip.substream_lock)
  chip.playback_substream = substream
  if (locked) yield* spin_unlock_irq(chip.substream_lock)
}

/** Kernel: snd_pcsp_playback_close(). Context: process. Return: 0. */
function* snd_pcsp_playback_close(chip: SndPcsp): Proc<number> {
  if (chip.in_tasklet) yield* pcsp_sync_stop(chip)
  else if (chip.timer_active) {
    yield* printk(chip.k, 'PCSP: timer still active')
    yield* pcsp_stop_playing(chip)
  }
  yield* setSubstream(chip, null)
  return 0
}

/** Kernel: snd_pcsp_playback_prepare(). Context: process. Return: 0. */
function* snd_pcsp_playback_prepare(chip: SndPcsp, { runtime }: SndPcmSubstream): Proc<number> {
  yield* sync(chip)
  chip.playback_ptr = 0
  chip.period_ptr = 0
  chip.expected = -1
  chip.fmt_size = snd_pcm_format_physical_width(runtime.format) >> 3
  return 0
}

/** Kernel: snd_pcsp_trigger(). Context: stream lock held. Return: 0, -EIO or -EINVAL. */
function* snd_pcsp_trigger(chip: SndPcsp, cmd: number): Proc<number> {
  switch (cmd) {
    case C.SNDRV_PCM_TRIGGER_START:
    case C.SNDRV_PCM_TRIGGER_RESUME:
      return yield* pcsp_start_playing(chip)
    case C.SNDRV_PCM_TRIGGER_STOP:
    case C.SNDRV_PCM_TRIGGER_SUSPEND:
      yield* pcsp_stop_playing(chip)
      return 0
    default:
      return -EINVAL
  }
}

/** Kernel: snd_pcsp_playback_pointer(). Context: stream lock held. Return: frames. */
function* snd_pcsp_playback_pointer(chip: SndPcsp, { runtime }: SndPcmSubstream): Proc<number> {
  const locked = chip.in_tasklet
  if (locked) yield* spin_lock(chip.substream_lock)
  const pos = chip.playback_ptr
  if (locked) yield* spin_unlock(chip.substream_lock)
  return bytes_to_frames(runtime, pos)
}

function snd_pcsp_playback_ops(chip: SndPcsp): SndPcmOps {
  return {
    open: (substream) => snd_pcsp_playback_open(chip, substream),
    close: () => snd_pcsp_playback_close(chip),
    hw_params: () => sync(chip),
    hw_free: () => sync(chip),
    prepare: (substream) => snd_pcsp_playback_prepare(chip, substream),
    trigger: (_substream, cmd) => snd_pcsp_trigger(chip, cmd),
    pointer: (substream) => snd_pcsp_playback_pointer(chip, substream),
  }
}

/** Makes the card: one substream, which plays. Kernel: snd_card_pcsp_probe(), pcsp.c. */
export function snd_card_pcsp_probe(k: Kernel, options: PcspOptions): SndPcm {
  const ops = snd_pcsp_playback_ops(new SndPcsp(k, options))
  return snd_pcm_new(snd_card_new(k), 0, { playback: { ops, hardware: SND_PCSP_PLAYBACK } })
}
