/**
 * The bus of Xen's split drivers: states in XenStore, the thread that hears of their changes, and
 * binding. The front end learns of the back end's states in the thread `xenwatch`.
 *
 * Kernel: drivers/xen/xenbus/xenbus_probe.c, xenbus_client.c, xenbus_xs.c, 6.1. Differs: xenstored
 * is not modelled; a read or a write is one entry `xenstore_op` on the caller's processor.
 */
import { type Proc, Req } from '../../sim/process.ts'
import { IRQ_HANDLED, type IrqLine, request_irq } from '../linux/irq.ts'
import type { Kernel } from '../linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../linux/mutex.ts'
import { printk } from '../linux/printk.ts'
import { WaitQueueHead, wait_event, wake_up } from '../linux/wait.ts'
import {
  type XenbusHostPort,
  XenbusStateClosed,
  XenbusStateConnected,
  XenbusStateUnknown,
} from './seam.ts'

/** A front end's driver; `priv` is what its probe returned. Kernel: struct xenbus_driver. */
export interface XenbusDriver {
  probe(xb_dev: XenbusDevice): Proc<object | number>
  remove(xb_dev: XenbusDevice): Proc
  otherend_changed(xb_dev: XenbusDevice, state: number): Proc
}

/** Kernel: struct xenbus_device. */
export class XenbusDevice {
  readonly k: Kernel
  readonly port: XenbusHostPort
  state = XenbusStateUnknown
  driver: XenbusDriver | null = null
  priv: object | null = null
  readonly device_lock: Mutex
  /** Firings of the watch that the thread has not handled. */
  private fires = 0
  private readonly waitq: WaitQueueHead
  private readonly line: IrqLine
  /** Somebody waits for the front end's state to settle: ours, for the scenario. */
  readonly settled: WaitQueueHead

  constructor(k: Kernel, port: XenbusHostPort) {
    this.k = k
    this.port = port
    this.device_lock = new Mutex(k, '&dev->mutex', `${port.name}:&dev->mutex`)
    this.waitq = new WaitQueueHead(k, 'watch_events_waitq')
    this.settled = new WaitQueueHead(k, '&xb_dev->settled', `${port.name}:settled`)
    this.line = request_irq(k, 'xenbus', () => this.fired())
    k.spawn('xenwatch', 'task', () => this.watchThread())
  }

  /** Kernel: xenbus_watch_path(), free_otherend_watch(). The watch fires once when it is set. */
  watch(on: boolean): void {
    this.port.watch(on ? this.line : null)
    if (on) this.line.raise()
    else this.fires = 0
  }

  /** Kernel: wake_waiting() and the reader thread. Context: hardirq. */
  private *fired(): Proc<number> {
    this.fires++
    yield* wake_up(this.waitq)
    return IRQ_HANDLED
  }

  /** Kernel: xenwatch_thread(), xenbus_otherend_changed(). Reads the state when it runs. */
  private *watchThread(): Proc {
    for (;;) {
      yield* wait_event(this.waitq, () => this.fires > 0)
      this.fires--
      const state = yield* xenbus_read_state(this)
      if (this.driver !== null) yield* this.driver.otherend_changed(this, state)
      yield* wake_up(this.settled)
    }
  }
}

/** Kernel: xenbus_read_driver_state(). Context: process. */
export function* xenbus_read_state({ k, port }: XenbusDevice): Proc<number> {
  if (!k.tryCharge(k.costs.xenstore_op)) yield Req.CHARGE
  return port.backendState
}

/** Kernel: xenbus_switch_state(). Context: process. Return: 0. */
export function* xenbus_switch_state(xb_dev: XenbusDevice, state: number): Proc<number> {
  const { k, port } = xb_dev
  if (state === xb_dev.state) return 0
  if (!k.tryCharge(k.costs.xenstore_op)) yield Req.CHARGE
  xb_dev.state = state
  port.setFrontendState(state)
  return 0
}

/** Kernel: xenbus_dev_fatal(). Context: process. */
export function* xenbus_dev_fatal(xb_dev: XenbusDevice, err: number, what: string): Proc {
  yield* printk(xb_dev.k, `vsnd ${xb_dev.port.name}: ${err} ${what}`)
  yield* xenbus_switch_state(xb_dev, XenbusStateClosed)
}

/** Binds a driver. Kernel: xenbus_dev_probe(). Context: process. Return: 0 or -errno. */
export function* xenbus_dev_probe(xb_dev: XenbusDevice, driver: XenbusDriver): Proc<number> {
  yield* mutex_lock(xb_dev.device_lock)
  const priv = yield* driver.probe(xb_dev)
  if (typeof priv !== 'number') {
    xb_dev.driver = driver
    xb_dev.priv = priv
    xb_dev.watch(true)
  }
  yield* mutex_unlock(xb_dev.device_lock)
  return typeof priv === 'number' ? priv : 0
}

/**
 * Unbinds: the watch goes first, so that the driver hears of no state any more. Kernel:
 * xenbus_dev_remove(). Context: process. Locks: &dev->mutex.
 */
export function* xenbus_dev_remove(xb_dev: XenbusDevice): Proc {
  yield* mutex_lock(xb_dev.device_lock)
  const { driver } = xb_dev
  if (driver !== null) {
    xb_dev.watch(false)
    yield* driver.remove(xb_dev)
    xb_dev.driver = null
    xb_dev.priv = null
  }
  yield* mutex_unlock(xb_dev.device_lock)
}

/** Waits until both sides are connected, or the front end gave up. Ours. */
export function waitConnected(xb_dev: XenbusDevice): Proc {
  const { settled } = xb_dev
  const done = [XenbusStateConnected, XenbusStateClosed]
  return wait_event(settled, () => done.includes(xb_dev.state))
}
