/**
 * Lines of QEMU's `-trace` log (`PID@SECONDS.USEC:event args`, back end "log") into events of the
 * sound device. Which virtqueue is which is learnt from the handler that QEMU runs after a kick.
 * Times are ns since the log's first second, because a Unix time in ns is no exact integer.
 */
import type { Ns } from '../base/units.ts'
import type { HostEvent, Side } from './guest-event.ts'

const LINE = /^(\d{1,10})@(\d{1,12})\.(\d{1,9}):([a-z_0-9]{1,64})/
const RELEASE = 0x103

export class QemuEvents {
  readonly events: HostEvent[] = []
  timerPeriodNs: Ns = 0
  private zero = -1
  /** Queue of the last kick, by thread: the handler's line follows it. */
  private readonly kicked = new Map<string, string>()
  private readonly queues = new Map<string, Side | 'control'>()
  /** A RELEASE is under way: what comes back is no run of the timer's. */
  private releasing = false

  /** Null: not a line of QEMU's; false: an event that is not measured. */
  push(line: string): boolean | null {
    const match = LINE.exec(line)
    if (match === null) return null
    const [head, thread = '', seconds, fraction = '', name = ''] = match
    if (this.zero < 0) this.zero = Number(seconds)
    const ns = (Number(seconds) - this.zero) * 1_000_000_000 + Number(fraction.padEnd(9, '0'))
    if (ns < 0 || !Number.isSafeInteger(ns)) return null
    return this.event(name, thread, ns, line.slice(head.length, head.length + 300))
  }

  private event(name: string, thread: string, timeNs: Ns, rest: string): boolean {
    switch (name) {
      case 'virtio_queue_notify':
        return this.kick(thread, timeNs, rest)
      case 'virtio_snd_handle_tx_xfer':
        return this.learn(thread, 'p')
      case 'virtio_snd_handle_rx_xfer':
        return this.learn(thread, 'c')
      case 'virtio_snd_handle_ctrl':
        return this.learn(thread, 'control')
      case 'virtio_snd_handle_code': {
        const code = Number(/val = (\d{1,6})/.exec(rest)?.[1])
        if (!Number.isFinite(code)) return false
        this.releasing = code === RELEASE
        return this.add({ timeNs, kind: 'control', side: '', code })
      }
      case 'virtqueue_fill':
        return this.ofQueue(timeNs, 'fill', rest)
      case 'virtio_notify':
        return this.ofQueue(timeNs, 'notify', rest)
      case 'audio_timer_start': {
        const ms = Number(/interval (\d{1,6}) ms/.exec(rest)?.[1])
        if (Number.isFinite(ms) && this.timerPeriodNs === 0) this.timerPeriodNs = ms * 1_000_000
        return Number.isFinite(ms)
      }
      default:
        return false
    }
  }

  private add(event: HostEvent): true {
    this.events.push(event)
    return true
  }

  private kick(thread: string, timeNs: Ns, rest: string): boolean {
    const queue = queueIn(rest)
    if (this.kicked.size > 4096) this.kicked.clear()
    this.kicked.set(thread, queue)
    const side = this.queues.get(queue)
    if (side !== 'p' && side !== 'c') return false
    return this.add({ timeNs, kind: 'kick', side, code: 0 })
  }

  private learn(thread: string, side: Side | 'control'): boolean {
    const queue = this.kicked.get(thread)
    if (queue !== undefined && this.queues.size < 4096) this.queues.set(queue, side)
    return queue !== undefined
  }

  private ofQueue(timeNs: Ns, kind: 'fill' | 'notify', rest: string): boolean {
    const side = this.queues.get(queueIn(rest))
    if (side === undefined) return false
    if (side === 'control') {
      if (kind === 'fill') return false
      this.releasing = false
      return this.add({ timeNs, kind: 'control_notify', side: '', code: 0 })
    }
    if (kind === 'fill' && this.releasing) return false
    return this.add({ timeNs, kind, side, code: 0 })
  }
}

function queueIn(rest: string): string {
  return /\bvq (0x[0-9a-f]{1,16})/.exec(rest)?.[1] ?? ''
}
