/**
 * A whole machine for tests of the driver: guest kernel on virtual processors, QEMU's sound device
 * with the `none` back end, the driver of one version probed. Prices are typical constants.
 */

import type { SndPcm, SndPcmSubstream } from '../../../../../src/model/alsa/pcm.ts'
import {
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_STREAM_CAPTURE,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../../../../../src/model/alsa/pcm_constants.ts'
import { UserFrames } from '../../../../../src/model/alsa/pcm_copy.ts'
import { snd_pcm_drain } from '../../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_hw_params } from '../../../../../src/model/alsa/pcm_hw_params.ts'
import { snd_pcm_open, snd_pcm_release } from '../../../../../src/model/alsa/pcm_native.ts'
import {
  SNDRV_PCM_HW_PARAM_ACCESS,
  SNDRV_PCM_HW_PARAM_BUFFER_SIZE,
  SNDRV_PCM_HW_PARAM_CHANNELS,
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_PERIOD_SIZE,
  SNDRV_PCM_HW_PARAM_RATE,
  SndPcmHwParams,
  setHwParam,
} from '../../../../../src/model/alsa/pcm_params.ts'
import { snd_pcm_prepare } from '../../../../../src/model/alsa/pcm_prepare.ts'
import { currentSwParams, snd_pcm_sw_params } from '../../../../../src/model/alsa/pcm_sw_params.ts'
import { __snd_pcm_lib_xfer } from '../../../../../src/model/alsa/pcm_xfer.ts'
import {
  VIRTIO_SND_MODULE_DEFAULTS,
  type VirtioSndModuleParams,
} from '../../../../../src/model/guest/virtio-snd/module_params.ts'
import type { VirtioSndVariant } from '../../../../../src/model/guest/virtio-snd/variant.ts'
import {
  VIRTIO_SND_VERSIONS,
  type VirtioSndVersion,
} from '../../../../../src/model/guest/virtio-snd/versions.ts'
import type { VirtioSnd } from '../../../../../src/model/guest/virtio-snd/virtio_snd_device.ts'
import { AudioClock } from '../../../../../src/model/host/audio-clock.ts'
import { GenericSound } from '../../../../../src/model/host/generic/generic-sound.ts'
import type { GenericOptions } from '../../../../../src/model/host/generic/options.ts'
import { AudioState } from '../../../../../src/model/host/qemu/audio.ts'
import { MainLoop } from '../../../../../src/model/host/qemu/main-loop.ts'
import { NoAudio } from '../../../../../src/model/host/qemu/noaudio.ts'
import { RingAudio, ringAudioOptions } from '../../../../../src/model/host/qemu/ring-audio.ts'
import { VirtioSound } from '../../../../../src/model/host/qemu/virtio-sound.ts'
import { VirtioPciProxy } from '../../../../../src/model/host/virtio-pci-proxy.ts'
import type { VectorMode } from '../../../../../src/model/virtio/seam.ts'
import { device_attach } from '../../../../../src/model/virtio/virtio_bus.ts'
import { VirtioPciDevice } from '../../../../../src/model/virtio/virtio_pci.ts'
import type { RingFeatures } from '../../../../../src/model/virtio/vring.ts'
import type { Proc } from '../../../../../src/sim/process.ts'
import { KIND_NAMES, TraceRecord } from '../../../../../src/sim/trace.ts'
import type { RecordName } from '../../../../../src/sim/trace-kinds.ts'
import { type Prices, tinyGuest } from '../../../../support/tiny-kernel.ts'

/** Roughly those of a 3 GHz host with KVM. */
export const TYPICAL: Prices = {
  irq_entry: 400,
  irq_exit: 200,
  spin_lock: 15,
  irqrestore: 25,
  mutex_lock: 20,
  mutex_unlock: 20,
  mutex_slowpath: 4000,
  wake_up: 800,
  task_switch: 2400,
  kworker_start: 3000,
  kmalloc_atomic: 80,
  kmalloc_kernel: 120,
  virtqueue_add: 150,
  virtqueue_add_segment: 20,
  virtqueue_indirect: 150,
  virtqueue_get_buf: 80,
  pointer_op: 30,
  update_hw_ptr: 100,
  period_elapsed: 400,
  copy_base: 50,
  copy_per_kib: 102,
  printk: 5000,
  host_task_switch: 1500,
  vm_exit: 700,
  vm_entry: 500,
  ioeventfd_signal: 300,
  userspace_exit: 6000,
  main_loop_wake: 12_000,
  irq_inject: 1500,
  posted_interrupt: 700,
  blocked_vcpu_wake: 15_000,
  host_copy_base: 100,
  host_copy_per_kib: 154,
  mix_per_frame: 10,
  audio_buffer_overhead: 2000,
}

/** A version's probe. */
export type Probe = (
  vdev: VirtioPciDevice,
  params: VirtioSndModuleParams,
) => Proc<{ readonly card: { readonly pcms: SndPcm[] } | null } | number>

/** The driver of a version, bound by the driver core. */
export function probeOf(version: VirtioSndVersion, variant: VirtioSndVariant = {}): Probe {
  return function* (vdev, params) {
    const rc = yield* device_attach(vdev, VIRTIO_SND_VERSIONS[version](params, variant))
    return rc < 0 ? rc : (vdev.priv as VirtioSnd)
  }
}

export interface WorldOptions {
  readonly vectors?: VectorMode
  readonly features?: RingFeatures
  readonly params?: Partial<VirtioSndModuleParams>
  readonly cpus?: number
  readonly queueSize?: number
  readonly prices?: Prices
  /** QEMU's audio timer. */
  readonly timerPeriodNs?: number
  /** QEMU's audio back end, `none` by default. */
  readonly backend?: 'pipewire' | 'pulse' | 'alsa'
  /** A generic device instead of QEMU's. */
  readonly device?: Partial<GenericOptions>
}

export function soundWorld(probe: Probe, options: WorldOptions = {}) {
  const cpus = options.cpus ?? 1
  const world = tinyGuest({
    prices: { ...TYPICAL, ...options.prices },
    hostCpus: cpus + 1,
    cpus,
    preempt: 'full',
  })
  const { k, host, hv } = world
  const loop = new MainLoop(host, 'qemu-main', { affinity: [cpus] })
  const clock = new AudioClock({ ppm: 0, wanderPpm: 0, wanderPeriodNs: 0 })
  const queueSize = options.queueSize ?? 64
  const backend =
    options.backend === undefined
      ? new NoAudio(clock)
      : new RingAudio(clock, ringAudioOptions(options.backend, 10_000_000))
  const device =
    options.device === undefined
      ? new VirtioSound(
          loop,
          new AudioState(loop, backend, {
            ...(options.timerPeriodNs === undefined ? {} : { periodNs: options.timerPeriodNs }),
          }),
          {
            queueSize,
          },
        )
      : new GenericSound(loop, clock, { queueSize, ...options.device })
  const proxy = new VirtioPciProxy(hv, device, {
    name: 'virtio0',
    ...(options.vectors && { vectors: options.vectors }),
    ...(options.features && { features: options.features }),
  })
  const vdev = new VirtioPciDevice(k, proxy)
  let pcm: SndPcm | null = null
  /** Runs `body` in a task of the guest once the card is there. */
  const client = (body: (pcm: SndPcm) => Proc): void => {
    k.spawn('client', 'client', function* () {
      if (pcm === null) {
        const snd = yield* probe(vdev, { ...VIRTIO_SND_MODULE_DEFAULTS, ...options.params })
        if (typeof snd === 'number') throw new Error(`probe failed: ${snd}`)
        pcm = snd.card?.pcms[0] ?? null
      }
      yield* body(pcm as SndPcm)
    })
  }
  return { ...world, device, loop, proxy, vdev, client, found: finder(world.store) }
}

/** Reads records of one kind out of a store. */
function finder(store: ReturnType<typeof tinyGuest>['store']) {
  return (name: RecordName): TraceRecord[] => {
    const found: TraceRecord[] = []
    for (let i = 0; i < store.length; i++) {
      const r = store.at(i, new TraceRecord())
      if (KIND_NAMES[r.kind] === name) found.push(r)
    }
    return found
  }
}

export interface Setup {
  readonly rate?: number
  readonly period: number
  readonly periods: number
  readonly capture?: boolean
}

/** Opens a stream and prepares it with the whole buffer as start threshold (playback). */
export function* openStream(pcm: SndPcm, setup: Setup) {
  const direction = setup.capture === true ? SNDRV_PCM_STREAM_CAPTURE : SNDRV_PCM_STREAM_PLAYBACK
  const file = yield* snd_pcm_open(pcm, direction, 0)
  if (typeof file === 'number') throw new Error(`open: ${file}`)
  const { substream } = file
  const hw = new SndPcmHwParams()
  setHwParam(hw, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED)
  setHwParam(hw, SNDRV_PCM_HW_PARAM_FORMAT, 2)
  setHwParam(hw, SNDRV_PCM_HW_PARAM_CHANNELS, 2)
  setHwParam(hw, SNDRV_PCM_HW_PARAM_RATE, setup.rate ?? 48_000)
  setHwParam(hw, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, setup.period)
  setHwParam(hw, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, setup.period * setup.periods)
  must('hw_params', yield* snd_pcm_hw_params(substream, hw))
  const sw = currentSwParams(substream.runtime)
  sw.start_threshold = setup.capture === true ? 1 : setup.period * setup.periods
  must('sw_params', yield* snd_pcm_sw_params(substream, sw))
  must('prepare', yield* snd_pcm_prepare(substream, 0))
  return file
}

export function must(what: string, rc: number): number {
  if (rc < 0) throw new Error(`${what}: ${rc}`)
  return rc
}

/** Writes (or reads) `count` periods; returns the first error or 0. */
export function* transfer(
  substream: SndPcmSubstream,
  period: number,
  count: number,
  user = new UserFrames(substream.k, substream.id),
): Proc<number> {
  for (let i = 0; i < count; i++) {
    const rc = yield* __snd_pcm_lib_xfer(substream, user, period)
    if (rc < 0) return rc
    user.first_index += rc
  }
  return 0
}

/** Plays `count` periods to their end. */
export function* play(pcm: SndPcm, setup: Setup, count: number): Proc {
  const file = yield* openStream(pcm, setup)
  must('write', yield* transfer(file.substream, setup.period, count))
  must('drain', yield* snd_pcm_drain(file.substream, false))
  yield* snd_pcm_release(file)
}
