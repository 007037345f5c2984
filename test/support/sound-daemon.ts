/** A device of the generic sort with rings that are filled by hand: no driver, no guest. */
import { AudioClock } from '../../src/model/host/audio-clock.ts'
import { EventLoop } from '../../src/model/host/event-loop.ts'
import { GenericSound } from '../../src/model/host/generic/generic-sound.ts'
import type { GenericOptions } from '../../src/model/host/generic/options.ts'
import { GuestBuffer } from '../../src/model/machine/guest-buffer.ts'
import {
  VIRTIO_SND_PCM_FORMATS,
  VIRTIO_SND_PCM_RATES,
  VirtioSndControl,
  VirtioSndXfer,
} from '../../src/model/virtio/virtio_snd.ts'
import { virtqueue_enable } from '../../src/model/virtio/virtqueue_device.ts'
import { type VirtioChain, Vring } from '../../src/model/virtio/vring.ts'
import { T, type TraceRecord } from '../../src/sim/trace.ts'
import { tinyGuest } from './tiny-kernel.ts'

const MS = 1_000_000
const FRAME_BYTES = 4
const CONTROL = 0
const TX = 2
const RX = 3

interface Signal {
  readonly queue: number
  readonly used: number
  readonly atMs: number
}

export function soundDaemon(options: Partial<GenericOptions>, threads: 1 | 3 = 1) {
  const { sim, host, store } = tinyGuest({})
  const names = threads === 3 ? ['ctrl', 'tx', 'rx'] : ['all']
  const loops = names.map((name) => new EventLoop(host, { name, wakeCost: host.costs.vm_exit }))
  const [control, tx = control, rx = control] = loops as [EventLoop, EventLoop?, EventLoop?]
  const clock = new AudioClock({ ppm: 0, wanderPpm: 0, wanderPeriodNs: 0 })
  const device = new GenericSound({ control, tx, rx }, clock, options)
  const rings = device.queues.map((vq) => {
    const ring = new Vring(vq.num)
    virtqueue_enable(vq, ring, { event_idx: false, indirect: false })
    return ring
  })
  const signals: Signal[] = []
  device.connect({
    *interrupt(queue) {
      const used = (rings[queue] as Vring).used_idx
      signals.push({ queue, used, atMs: sim.now / MS })
    },
    *configChanged() {},
  })
  const heads = rings.map(() => 0)
  const add = (queue: number, chain: VirtioChain): void => {
    const ring = rings[queue] as Vring
    const head = heads[queue] as number
    heads[queue] = (head + 1) % ring.num
    ring.chains[head] = chain
    ring.avail_ring[ring.avail_idx % ring.num] = head
    ring.avail_idx++
  }
  const kick = (queue: number, ms = 1): void => {
    device.onKick(queue)
    run(ms)
  }
  const run = (ms: number): void => {
    sim.run(sim.now + ms * MS)
  }
  const request = (code: number, stream = 0, rate = 48_000): VirtioSndControl => {
    const one = new VirtioSndControl(code, stream, 0, stream)
    one.channels = 2
    one.format = VIRTIO_SND_PCM_FORMATS.indexOf('S16_LE')
    one.rate = VIRTIO_SND_PCM_RATES.indexOf(rate)
    one.status = -1
    add(CONTROL, one)
    return one
  }
  /** Sends requests one by one; returns the last status, -1 for no answer. */
  const control1 = (stream: number, ...codes: number[]): number => {
    let status = -1
    for (const code of codes) {
      const one = request(code, stream)
      const before = (rings[CONTROL] as Vring).used_idx
      kick(CONTROL)
      status = (rings[CONTROL] as Vring).used_idx > before ? one.status : -1
    }
    return status
  }
  const ringBuffer = new GuestBuffer(48_000, 0)
  ringBuffer.write(0, 48_000, 0, 0)
  const message = (frames: number, output = true): VirtioSndXfer => {
    const stream = output ? 0 : 1
    const bytes = frames * FRAME_BYTES
    const one = new VirtioSndXfer(stream, output, ringBuffer, 0, bytes, stream)
    add(output ? TX : RX, one)
    return one
  }
  const used = (queue: number): number => (rings[queue] as Vring).used_idx
  /** Frames that were heard, and frames of silence. */
  const sound = (): { played: number; silence: number } => {
    const frames = { played: 0, silence: 0 }
    const record = (r: TraceRecord): void => {
      if (r.kind === T.audio_play) frames.played += r.c
      else if (r.kind === T.audio_silence) frames.silence += r.b
    }
    store.replay({ record })
    return frames
  }
  const lengths = (queue: number): number[] => [
    ...(rings[queue] as Vring).used_len.slice(0, used(queue)),
  ]
  /** What the device has put into the first `frames` of the ring: places and frame numbers. */
  const captured = (frames: number): number[][] => {
    const runs: number[][] = []
    let at = 0
    ringBuffer.read(0, frames, (first, count, writtenAtNs) => {
      if (writtenAtNs > 0) runs.push([at, count, first])
      at += count
    })
    return runs
  }
  const stall = (ms: number): void => {
    for (const loop of loops) loop.stall(sim.now + ms * MS)
  }
  return {
    signals,
    request,
    control: control1,
    message,
    kick,
    run,
    stall,
    used,
    sound,
    lengths,
    captured,
  }
}
