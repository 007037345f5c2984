/**
 * A SoundWire bus: its two mutexes and the transfer of a message.
 *
 * Kernel: drivers/soundwire/bus.c, v6.1 and v6.12. Left out: enumeration, slave status, runtime PM,
 * clock stop; every slave is attached.
 */
import type { Proc } from '../../../sim/process.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../linux/mutex.ts'
import { cdns_xfer_msg, type SdwIntel } from './sdw_intel.ts'
import type { SdwMasterRuntime } from './sdw_stream.ts'

/** Whether a commit of 6.5 is in: 6.1 has none of them. */
export function isSince65(k: Kernel, commit: '256a9978eb2b' | 'a4857d1afdd1'): boolean {
  return k.config.version !== '6.1' && !k.reverted.has(commit)
}

/** Kernel: struct sdw_bus. */
export class SdwBus {
  readonly k: Kernel
  readonly id: number
  readonly sdw: SdwIntel
  readonly bus_lock: Mutex
  readonly msg_lock: Mutex
  /** What of any stream runs over this bus, in the order of adding. */
  readonly m_rt_list: SdwMasterRuntime[] = []

  /** Kernel: sdw_bus_master_add(). */
  constructor(k: Kernel, id: number, sdw: SdwIntel) {
    this.k = k
    this.id = id
    this.sdw = sdw
    this.msg_lock = busMutex(k, 'msg_lock', id)
    this.bus_lock = busMutex(k, 'bus_lock', id)
  }
}

/**
 * Since 256a9978eb2b each has a class of its own, called bus_lock, bus_lock#2 and so on by lockdep.
 * Before it the init call's place was the class, one for the locks of all buses.
 */
function busMutex(k: Kernel, name: string, id: number): Mutex {
  const own = id === 0 ? name : `${name}#${id + 1}`
  const className = isSince65(k, '256a9978eb2b') ? own : `&bus->${name}`
  return new Mutex(k, className, `sdw-master-${id} ${name}`)
}

/** Kernel: sdw_transfer(). Context: process. Locks: msg_lock. Return: 0 or -ETIMEDOUT. */
export function* sdw_transfer(bus: SdwBus): Proc<number> {
  yield* mutex_lock(bus.msg_lock)
  const ret = yield* cdns_xfer_msg(bus.sdw)
  yield* mutex_unlock(bus.msg_lock)
  return ret
}
