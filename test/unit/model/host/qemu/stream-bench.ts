/**
 * QEMU's audio core alone: a playback stream whose runs happen at given times. The guest is
 * replaced by a refill after each run, which keeps the ring as full as the guest would.
 */
import { AudioClock } from '../../../../../src/model/host/audio-clock.ts'
import { HostMachine } from '../../../../../src/model/host/host-machine.ts'
import { HwVoiceOut, SwVoiceOut } from '../../../../../src/model/host/qemu/audio-out.ts'
import { NoAudio } from '../../../../../src/model/host/qemu/noaudio.ts'
import { PcmStream } from '../../../../../src/model/host/qemu/virtio-sound-stream.ts'
import { GuestBuffer } from '../../../../../src/model/machine/guest-buffer.ts'
import { acquire, release, tryAcquire } from '../../../../../src/model/machine/sleep-lock.ts'
import { WaitPoint, waitUntil } from '../../../../../src/model/machine/wait-point.ts'
import { VirtioSndXfer } from '../../../../../src/model/virtio/virtio_snd.ts'
import { DeviceVirtqueue } from '../../../../../src/model/virtio/virtqueue_device.ts'
import { Vring } from '../../../../../src/model/virtio/vring.ts'
import { Simulation } from '../../../../../src/sim/scheduler.ts'
import { TraceStore } from '../../../../../src/sim/trace-store.ts'
import { prices } from '../../../../support/tiny-kernel.ts'

const FRAME_BYTES = 4

export interface BenchOptions {
  readonly rate: number
  readonly period: number
  readonly periods: number
  /** Times of START and of each run, in ns. */
  readonly startNs: number
  readonly runsNs: readonly number[]
  /** Messages that there are in all. */
  readonly messages?: number
}

/** Messages completed in each run; what was traced meanwhile is in the store. */
export function playBatches(options: BenchOptions): { batches: number[]; store: TraceStore } {
  const { rate, period, periods, runsNs, startNs } = options
  const sim = new Simulation({ seed: 1 })
  const store = new TraceStore(sim.trace.symbols)
  sim.trace.addSink(store)
  const host = new HostMachine(sim, { cpus: 1, costs: prices() })
  const clock = new AudioClock({ ppm: 0, wanderPpm: 0, wanderPeriodNs: 0 })
  const hw = new HwVoiceOut(host, new NoAudio(clock), true)
  let done = 0
  const stream = new PcmStream(
    {
      host,
      *complete() {
        done++
      },
      setVoiceActive: (_, on) => void hw.setActive(voice, on),
    },
    0,
    0,
  )
  const voice = new SwVoiceOut(hw, stream, rate, FRAME_BYTES, 0)
  hw.clients.push(voice)
  stream.voiceOut = voice
  stream.frameBytes = FRAME_BYTES
  const vq = new DeviceVirtqueue(2, 'tx', 64, 0)
  vq.vring = new Vring(64)
  const buffer = new GuestBuffer(period * periods, 0)
  let sent = 0
  function* refill() {
    while (sent - done < periods && sent < (options.messages ?? Number.POSITIVE_INFINITY)) {
      const at = (sent % periods) * period
      buffer.write(at, period, sent * period, sim.now)
      const bytes = period * FRAME_BYTES
      const xfer = new VirtioSndXfer(0, true, buffer, at * FRAME_BYTES, bytes, 0)
      if (!tryAcquire(stream.queueMutex)) yield* acquire(stream.queueMutex)
      stream.enqueue(vq, sent % 64, xfer)
      release(stream.queueMutex)
      sent++
    }
  }
  const batches: number[] = []
  const point = new WaitPoint(host, 'timer')
  host.spawn('main', 'host', function* () {
    yield* refill()
    yield* waitUntil(point, startNs)
    yield* stream.setActive(true)
    for (const at of runsNs) {
      yield* waitUntil(point, at)
      const before = done
      yield* hw.run()
      batches.push(done - before)
      yield* refill()
    }
  })
  sim.run(runsNs[runsNs.length - 1] as number)
  return { batches, store }
}
