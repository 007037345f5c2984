/**
 * Room in the queue of an audio callback, for the thread that fills it: it sleeps while the queue
 * is full. Holds no messages. Source: sysprog21/semu virtio-snd.c, __virtio_snd_frame_enqueue().
 */
import { type Proc, Req } from '../../../sim/process.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Task } from '../../machine/task.ts'
import { checkWaitCycle } from '../../machine/wait-graph.ts'
import { WaitPoint, waits } from '../../machine/wait-point.ts'

export class QueueRoom {
  private readonly host: Machine
  private readonly depth: number
  private readonly point: WaitPoint
  private closed = false

  /** `consumer` is the callback's thread: nobody else makes room. */
  constructor(host: Machine, depth: number, consumer: Task) {
    this.host = host
    this.depth = depth
    this.point = new WaitPoint(host, 'room in the host queue', () => consumer)
  }

  /** Sleeps until there is room in `queue`; false: it was closed. */
  *wait(queue: readonly unknown[]): Proc<boolean> {
    while (queue.length >= this.depth && !this.closed) {
      for (let asleep = false; waits(this.point, Number.POSITIVE_INFINITY); asleep = true) {
        if (!asleep) checkWaitCycle(this.host.current.cpu.task)
        yield Req.BLOCK
      }
    }
    return !this.closed
  }

  /** The callback has run. */
  wake(): void {
    this.point.wake()
  }

  /** Who waits goes on with nothing, until `open`. */
  close(): void {
    this.closed = true
    this.point.wake()
  }

  open(): void {
    this.closed = false
  }
}
