/**
 * Event channels as interrupts of the guest.
 *
 * Kernel: drivers/xen/events/events_base.c, 6.1. Differs: the upcall that finds the pending
 * channels in a bitmap is part of the interrupt's entry.
 */
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import {
  free_irq,
  type IrqHandler,
  type IrqLine,
  type IrqOptions,
  request_irq,
} from '../linux/irq.ts'
import type { Kernel } from '../linux/kernel.ts'
import type { EventChannel, XenbusHostPort } from './seam.ts'

/** Kernel: bind_evtchn_to_irq() and request_threaded_irq(). Context: process. */
export function bind_evtchn_to_irqhandler(
  k: Kernel,
  channel: EventChannel,
  handler: IrqHandler,
  name: string,
  options: IrqOptions,
): IrqLine {
  const line = request_irq(k, name, handler, options)
  channel.line = line
  return line
}

/** Kernel: unbind_from_irqhandler(): the channel is closed too. */
export function unbind_from_irqhandler(channel: EventChannel, line: IrqLine): void {
  channel.line = null
  for (const handler of [...line.handlers]) free_irq(line, handler)
}

/** Kernel: notify_remote_via_irq(). Context: any. Cost: a hypercall, which leaves the guest. */
export function* notify_remote_via_irq(
  k: Kernel,
  port: XenbusHostPort,
  channel: EventChannel,
): Proc {
  k.emit(T.evtchn_send, channel.id)
  yield* port.send(channel)
}
