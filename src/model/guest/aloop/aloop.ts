/**
 * The loopback card: two PCM devices; what is played on one is recorded from the other, in the
 * substream of the same number. No hardware: the jiffies are its clock (aloop_timer.ts).
 *
 * Kernel: sound/drivers/aloop.c, v6.1, and as it was before 67a01afaf3d3 if that is reverted.
 * Left out: the control elements (rate shift, notify, what is active), suspend, the proc files.
 */
import { type Proc, Req } from '../../../sim/process.ts'
import { snd_card_new } from '../../alsa/core.ts'
import { type SndPcm, type SndPcmOps, type SndPcmSubstream, snd_pcm_new } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_format_physical_width } from '../../alsa/pcm_format.ts'
import { SndInterval, snd_interval_refine } from '../../alsa/pcm_interval.ts'
import {
  hw_param_interval,
  hw_param_mask,
  SNDRV_PCM_HW_PARAM_CHANNELS,
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_PERIODS,
  SNDRV_PCM_HW_PARAM_RATE,
  SndMask,
  type SndPcmHwParams,
} from '../../alsa/pcm_params.ts'
import { snd_pcm_hw_constraint_integer } from '../../alsa/pcm_rules.ts'
import {
  bytes_to_frames,
  frames_to_bytes,
  type SndPcmRuntime,
  snd_pcm_lib_buffer_bytes,
} from '../../alsa/pcm_runtime.ts'
import { snd_pcm_stop } from '../../alsa/pcm_start_stop.ts'
import { EINVAL, EIO, ENOMEM } from '../../linux/errno.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { mutex_lock, mutex_unlock } from '../../linux/mutex.ts'
import { kfree, kmalloc } from '../../linux/slab.ts'
import { spin_lock, spin_lock_irq, spin_unlock, spin_unlock_irq } from '../../linux/spinlock.ts'
import { timer_setup } from '../../linux/timer.ts'
import {
  CABLE_VALID_BOTH,
  get_cable_index,
  kfree_cable,
  Loopback,
  LoopbackCable,
  LoopbackPcm,
} from './aloop_cable.ts'
import { type AloopOptions, LOOPBACK_PCM_DEVICES, LOOPBACK_PCM_HARDWARE } from './aloop_hardware.ts'
import {
  loopback_jiffies_timer_function,
  loopback_jiffies_timer_pos_update,
  loopback_jiffies_timer_start,
  loopback_jiffies_timer_stop,
  loopback_jiffies_timer_stop_sync,
} from './aloop_timer.ts'

function dpcmOf(substream: SndPcmSubstream): LoopbackPcm {
  return substream.runtime.private_data as LoopbackPcm
}

function is_access_interleaved({ access }: SndPcmRuntime): boolean {
  return (
    access === C.SNDRV_PCM_ACCESS_MMAP_INTERLEAVED || access === C.SNDRV_PCM_ACCESS_RW_INTERLEAVED
  )
}

/**
 * Both sides must agree. Kernel: loopback_check_format(). Context: stream lock of one side only: a
 * playback that disagrees stops the capture without its lock. Return: 0, -EIO to a capture.
 */
function* loopback_check_format(cable: LoopbackCable, stream: number): Proc<number> {
  const [play, capt] = cable.streams
  if (cable.valid !== CABLE_VALID_BOTH || !play || !capt) return 0
  const [runtime, cruntime] = [play.substream.runtime, capt.substream.runtime]
  const agree =
    runtime.format === cruntime.format &&
    runtime.rate === cruntime.rate &&
    runtime.channels === cruntime.channels &&
    is_access_interleaved(runtime) === is_access_interleaved(cruntime)
  if (agree) return 0
  if (stream === C.SNDRV_PCM_STREAM_CAPTURE) return -EIO
  yield* snd_pcm_stop(capt.substream, C.SNDRV_PCM_STATE_DRAINING)
  return 0
}

/** Kernel: loopback_trigger(). Context: stream lock held. Locks: cable->lock. */
function* loopback_trigger(substream: SndPcmSubstream, cmd: number): Proc<number> {
  const dpcm = dpcmOf(substream)
  const { cable } = dpcm
  const { k } = substream
  const stream = 1 << substream.stream
  switch (cmd) {
    case C.SNDRV_PCM_TRIGGER_START: {
      const err = yield* loopback_check_format(cable, substream.stream)
      if (err < 0) return err
      dpcm.last_jiffies = k.jiffies
      dpcm.last_drift = 0
      yield* spin_lock(cable.lock)
      cable.running |= stream
      cable.pause &= ~stream
      loopback_jiffies_timer_start(dpcm)
      yield* spin_unlock(cable.lock)
      return 0
    }
    case C.SNDRV_PCM_TRIGGER_STOP:
      yield* spin_lock(cable.lock)
      cable.running &= ~stream
      cable.pause &= ~stream
      loopback_jiffies_timer_stop(dpcm)
      yield* spin_unlock(cable.lock)
      return 0
    case C.SNDRV_PCM_TRIGGER_PAUSE_PUSH:
    case C.SNDRV_PCM_TRIGGER_SUSPEND:
      yield* spin_lock(cable.lock)
      cable.pause |= stream
      loopback_jiffies_timer_stop(dpcm)
      yield* spin_unlock(cable.lock)
      return 0
    case C.SNDRV_PCM_TRIGGER_PAUSE_RELEASE:
    case C.SNDRV_PCM_TRIGGER_RESUME:
      yield* spin_lock(cable.lock)
      dpcm.last_jiffies = k.jiffies
      cable.pause &= ~stream
      loopback_jiffies_timer_start(dpcm)
      yield* spin_unlock(cable.lock)
      return 0
    default:
      return -EINVAL
  }
}

/** Kernel: params_change(). Context: cable_lock held. */
function params_change({ runtime }: SndPcmSubstream, cable: LoopbackCable): void {
  const { format, rate, channels } = runtime
  cable.hw = {
    ...cable.hw,
    formats: [format],
    rate_min: rate,
    rate_max: rate,
    channels_min: channels,
    channels_max: channels,
  }
}

/** Before, close took the timer off its list and did not look, and prepare did nothing. */
function isSynced(k: Kernel): boolean {
  return !k.reverted.has('67a01afaf3d3')
}

/** Kernel: loopback_prepare(). Context: process. Return: 0 or -EINVAL. */
function* loopback_prepare(substream: SndPcmSubstream): Proc<number> {
  const { runtime, k } = substream
  const dpcm = dpcmOf(substream)
  const { cable, loopback } = dpcm
  if (isSynced(k)) yield* loopback_jiffies_timer_stop_sync(dpcm)
  const salign = (snd_pcm_format_physical_width(runtime.format) * runtime.channels) / 8
  const bps = salign * runtime.rate
  if (bps <= 0 || salign <= 0) return -EINVAL
  dpcm.buf_pos = 0
  dpcm.index = substream.stream === C.SNDRV_PCM_STREAM_CAPTURE ? 0 : -1
  dpcm.pcm_buffer_size = snd_pcm_lib_buffer_bytes(substream)
  if (substream.stream === C.SNDRV_PCM_STREAM_CAPTURE) {
    runtime.dma_area?.silence(0, runtime.buffer_size, k.sim.now)
  }
  dpcm.irq_pos = 0
  dpcm.period_update_pending = false
  dpcm.pcm_bps = bps
  dpcm.pcm_salign = salign
  dpcm.pcm_period_size = frames_to_bytes(runtime, runtime.period_size)
  yield* mutex_lock(loopback.cable_lock)
  if ((cable.valid & ~(1 << substream.stream)) === 0) params_change(substream, cable)
  cable.valid |= 1 << substream.stream
  yield* mutex_unlock(loopback.cable_lock)
  return 0
}

/** Kernel: loopback_hw_free(). Context: process. Return: 0. */
function* loopback_hw_free(substream: SndPcmSubstream): Proc<number> {
  const { loopback, cable } = dpcmOf(substream)
  yield* mutex_lock(loopback.cable_lock)
  cable.valid &= ~(1 << substream.stream)
  yield* mutex_unlock(loopback.cable_lock)
  return 0
}

/** Kernel: loopback_pointer(). Context: stream lock held. Locks: cable->lock. Return: frames. */
function* loopback_pointer(substream: SndPcmSubstream): Proc<number> {
  const { k } = substream
  if (!k.tryCharge(k.costs.pointer_op)) yield Req.CHARGE
  const dpcm = dpcmOf(substream)
  const { cable } = dpcm
  yield* spin_lock(cable.lock)
  yield* loopback_jiffies_timer_pos_update(cable)
  const pos = dpcm.buf_pos
  yield* spin_unlock(cable.lock)
  return bytes_to_frames(substream.runtime, pos)
}

/** Kernel: rule_format(). Context: process. Locks: cable_lock. */
function* rule_format(params: SndPcmHwParams, { cable, loopback }: LoopbackPcm): Proc<number> {
  const mask = new SndMask()
  mask.none()
  yield* mutex_lock(loopback.cable_lock)
  for (const format of cable.hw.formats) mask.set(format)
  yield* mutex_unlock(loopback.cable_lock)
  return hw_param_mask(params, SNDRV_PCM_HW_PARAM_FORMAT).refine(mask)
}

/** Kernel: rule_rate(), rule_channels(). Context: process. Locks: cable_lock. */
function* rule_interval(
  params: SndPcmHwParams,
  { cable, loopback }: LoopbackPcm,
  v: number,
): Proc<number> {
  const t = new SndInterval()
  yield* mutex_lock(loopback.cable_lock)
  const { hw } = cable
  const isRate = v === SNDRV_PCM_HW_PARAM_RATE
  t.min = isRate ? hw.rate_min : hw.channels_min
  t.max = isRate ? hw.rate_max : hw.channels_max
  yield* mutex_unlock(loopback.cable_lock)
  return snd_interval_refine(hw_param_interval(params, v), t)
}

/** By what the other side has set, whenever parameters are refined. */
function addRules({ hw_constraints }: SndPcmRuntime, dpcm: LoopbackPcm): void {
  snd_pcm_hw_constraint_integer(hw_constraints, SNDRV_PCM_HW_PARAM_PERIODS)
  hw_constraints.rules.push({
    var: SNDRV_PCM_HW_PARAM_FORMAT,
    deps: [SNDRV_PCM_HW_PARAM_FORMAT],
    func: (params) => rule_format(params, dpcm),
  })
  for (const v of [SNDRV_PCM_HW_PARAM_RATE, SNDRV_PCM_HW_PARAM_CHANNELS]) {
    hw_constraints.rules.push({
      var: v,
      deps: [v],
      func: (params) => rule_interval(params, dpcm, v),
    })
  }
}

/** The cable of a substream, made by the side that comes first; null: no memory. */
function* cableOf(loopback: Loopback, substream: SndPcmSubstream): Proc<LoopbackCable | null> {
  const dev = get_cable_index(substream)
  const cables = loopback.cables[substream.number] as (LoopbackCable | null)[]
  const known = cables[dev]
  if (known) return known
  const info = { what: 'struct loopback_cable', site: 'loopback_open' }
  const object = yield* kmalloc(loopback.k, 'GFP_KERNEL', info)
  if (object === 0) return null
  const cable = new LoopbackCable(loopback.k, object, `cable${dev}.${substream.number}`)
  cables[dev] = cable
  return cable
}

/** Kernel: loopback_open(). Context: process. Locks: cable_lock, cable->lock. */
function* loopback_open(loopback: Loopback, substream: SndPcmSubstream): Proc<number> {
  const { k, runtime } = substream
  yield* mutex_lock(loopback.cable_lock)
  const err = yield* openLocked(loopback, substream)
  if (err >= 0) {
    const dpcm = dpcmOf(substream)
    addRules(runtime, dpcm)
    const private_free = () => loopback_runtime_free(k, dpcm)
    runtime.private_free = private_free
    runtime.hw = dpcm.cable.hw
    yield* spin_lock_irq(dpcm.cable.lock)
    dpcm.cable.streams[substream.stream] = dpcm
    yield* spin_unlock_irq(dpcm.cable.lock)
  }
  yield* mutex_unlock(loopback.cable_lock)
  return err
}

function* openLocked(loopback: Loopback, substream: SndPcmSubstream): Proc<number> {
  const { k } = substream
  const info = { what: 'struct loopback_pcm', site: 'loopback_open', stream: substream.id }
  const object = yield* kmalloc(k, 'GFP_KERNEL', info)
  if (object === 0) return -ENOMEM
  const cable = yield* cableOf(loopback, substream)
  if (cable === null) {
    kfree(k, object, 'loopback_open')
    return -ENOMEM
  }
  const dpcm = new LoopbackPcm(loopback, substream, cable, object)
  dpcm.timer = timer_setup(k, '&dpcm->timer', () => loopback_jiffies_timer_function(dpcm))
  substream.runtime.private_data = dpcm
  return 0
}

/** Kernel: loopback_runtime_free(). */
function loopback_runtime_free(k: Kernel, dpcm: LoopbackPcm): void {
  dpcm.freed = true
  kfree(k, dpcm.object, 'loopback_runtime_free')
}

/** Kernel: free_cable(). Context: process, cable_lock held. The last side frees it. */
function* free_cable(substream: SndPcmSubstream, { cable, loopback }: LoopbackPcm): Proc {
  if (cable.streams[1 - substream.stream] !== null) {
    yield* spin_lock_irq(cable.lock)
    cable.streams[substream.stream] = null
    yield* spin_unlock_irq(cable.lock)
    return
  }
  const cables = loopback.cables[substream.number] as (LoopbackCable | null)[]
  cables[get_cable_index(substream)] = null
  kfree_cable(loopback.k, cable)
}

/** Kernel: loopback_close(). Context: process. Locks: cable_lock, cable->lock. Return: 0. */
function* loopback_close(substream: SndPcmSubstream): Proc<number> {
  const dpcm = dpcmOf(substream)
  const { loopback } = dpcm
  if (isSynced(substream.k)) yield* loopback_jiffies_timer_stop_sync(dpcm)
  else loopback_jiffies_timer_stop(dpcm)
  yield* mutex_lock(loopback.cable_lock)
  yield* free_cable(substream, dpcm)
  yield* mutex_unlock(loopback.cable_lock)
  return 0
}

function loopback_pcm_ops(loopback: Loopback): SndPcmOps {
  return {
    open: (substream) => loopback_open(loopback, substream),
    close: loopback_close,
    hw_free: loopback_hw_free,
    prepare: loopback_prepare,
    trigger: loopback_trigger,
    pointer: loopback_pointer,
  }
}

/** Makes the card; its two PCM devices are numbers 0 and 1. Kernel: loopback_probe(). */
export function loopback_probe(k: Kernel, options: AloopOptions): SndPcm[] {
  const card = snd_card_new(k)
  const ops = loopback_pcm_ops(new Loopback(k))
  const setup = { ops, hardware: LOOPBACK_PCM_HARDWARE, count: options.pcm_substreams }
  return Array.from({ length: LOOPBACK_PCM_DEVICES }, (_, device) =>
    snd_pcm_new(card, device, { playback: setup, capture: setup }),
  )
}
