/**
 * A stream over one or several SoundWire buses: the list of its buses, whose locks are taken in the
 * list's order, its states, and the bank switch that all its buses make at once.
 *
 * Kernel: drivers/soundwire/stream.c, v6.1 and v6.12. Left out: bandwidth and the shape of frames,
 * prepare states of ports (the codecs have the simple state machine, CP_SM), sdw_dev_lock. Every
 * bus has multi_link and hw_sync_min_links 1, as Intel's (intel_link_startup()).
 */
import type { Proc } from '../../../sim/process.ts'
import { wait_for_completion_timeout } from '../../linux/completion.ts'
import { EINVAL, ETIMEDOUT } from '../../linux/errno.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { mutex_lock, mutex_unlock } from '../../linux/mutex.ts'
import { printk } from '../../linux/printk.ts'
import { isSince65, type SdwBus, sdw_transfer } from './sdw_bus.ts'
import { cdns_xfer_msg_defer, intel_post_bank_switch, intel_pre_bank_switch } from './sdw_intel.ts'

/** Kernel: enum sdw_stream_state. */
const ALLOCATED = 0
const CONFIGURED = 1
const PREPARED = 2
const ENABLED = 3
const DISABLED = 4
const DEPREPARED = 5
const RELEASED = 6

/**
 * Messages that program the port of a codec of full type: PortCtrl read and written, BlockCtrl1,
 * SampleCtrl1, OffsetCtrl1, OffsetCtrl2, BlockCtrl3, SampleCtrl2, HCtrl.
 * Kernel: sdw_program_slave_port_params().
 */
const PORT_MESSAGES = 9

/** Kernel: DEFAULT_BANK_SWITCH_TIMEOUT, which is 3000 jiffies. */
const DEFAULT_BANK_SWITCH_TIMEOUT = 3_000

/** Kernel: struct sdw_stream_runtime. */
export class SdwStreamRuntime {
  readonly k: Kernel
  readonly name: string
  /** One of enum sdw_stream_state. */
  state: number = ALLOCATED
  readonly master_list: SdwMasterRuntime[] = []

  constructor(k: Kernel, name: string) {
    this.k = k
    this.name = name
  }
}

/** The part of a stream on one bus, with one codec. Kernel: struct sdw_master_runtime. */
export interface SdwMasterRuntime {
  readonly bus: SdwBus
  readonly stream: SdwStreamRuntime
}

/** Kernel: sdw_master_rt_alloc(): at the end of the list, since a4857d1afdd1 by the buses' ids. */
function sdw_master_rt_alloc(bus: SdwBus, stream: SdwStreamRuntime): void {
  const m_rt: SdwMasterRuntime = { bus, stream }
  const { master_list } = stream
  const before = master_list.findLastIndex((walk) => walk.bus.id < bus.id)
  const at = isSince65(bus.k, 'a4857d1afdd1') ? before + 1 : master_list.length
  master_list.splice(at, 0, m_rt)
  bus.m_rt_list.push(m_rt)
}

/** Kernel: sdw_stream_add_slave(), from hw_params of a codec's DAI. Locks: bus_lock. */
export function* sdw_stream_add_slave(bus: SdwBus, stream: SdwStreamRuntime): Proc {
  yield* mutex_lock(bus.bus_lock)
  if (!stream.master_list.some((m_rt) => m_rt.bus === bus)) sdw_master_rt_alloc(bus, stream)
  stream.state = CONFIGURED
  yield* mutex_unlock(bus.bus_lock)
}

/** Kernel: sdw_stream_remove_master(). Locks: bus_lock. */
export function* sdw_stream_remove_master(bus: SdwBus, stream: SdwStreamRuntime): Proc {
  yield* mutex_lock(bus.bus_lock)
  for (const list of [stream.master_list, bus.m_rt_list]) {
    const at = list.findIndex((m_rt) => m_rt.bus === bus && m_rt.stream === stream)
    if (at >= 0) list.splice(at, 1)
  }
  if (stream.master_list.length === 0) stream.state = RELEASED
  yield* mutex_unlock(bus.bus_lock)
}

/** Kernel: sdw_acquire_bus_lock(). Context: process. */
function* sdw_acquire_bus_lock({ master_list }: SdwStreamRuntime): Proc {
  for (const { bus } of master_list) yield* mutex_lock(bus.bus_lock)
}

/** Kernel: sdw_release_bus_lock(). */
function* sdw_release_bus_lock({ master_list }: SdwStreamRuntime): Proc {
  for (const { bus } of master_list.toReversed()) yield* mutex_unlock(bus.bus_lock)
}

function* transfers(bus: SdwBus, count: number): Proc<number> {
  for (let i = 0; i < count; i++) {
    const ret = yield* sdw_transfer(bus)
    if (ret < 0) return ret
  }
  return 0
}

/** Every stream on the bus is written to the other bank. Kernel: sdw_program_params(). */
function* sdw_program_params(bus: SdwBus, prepare: boolean): Proc<number> {
  for (const { stream } of bus.m_rt_list) {
    if (!prepare && stream.state === CONFIGURED) continue
    const enabled = stream.state === ENABLED
    const ret = yield* transfers(bus, PORT_MESSAGES + (enabled ? 1 : 0))
    if (ret < 0) return ret
  }
  return 0
}

/** ChannelEn of the codec's port. Kernel: sdw_enable_disable_ports(). */
function sdw_enable_disable_ports({ bus }: SdwMasterRuntime): Proc<number> {
  return sdw_transfer(bus)
}

/** Kernel: sdw_ml_sync_bank_switch(). Context: process, msg_lock held. */
function* sdw_ml_sync_bank_switch({ k, id, sdw }: SdwBus): Proc<number> {
  const left = yield* wait_for_completion_timeout(sdw.defer_complete, DEFAULT_BANK_SWITCH_TIMEOUT)
  if (left > 0) return 0
  yield* printk(k, `soundwire sdw-master-${id}: Controller Timed out on bank switch`)
  return -ETIMEDOUT
}

/** Kernel: do_bank_switch(). Context: process. Locks: msg_lock of each bus, in the list's order. */
function* do_bank_switch({ master_list }: SdwStreamRuntime): Proc<number> {
  for (const { bus } of master_list) {
    yield* mutex_lock(bus.msg_lock)
    yield* intel_pre_bank_switch(bus.sdw)
    yield* cdns_xfer_msg_defer(bus.sdw)
  }
  let ret = 0
  for (const { bus } of master_list) {
    if (ret === 0) {
      yield* intel_post_bank_switch(bus.sdw)
      ret = yield* sdw_ml_sync_bank_switch(bus)
    }
    yield* mutex_unlock(bus.msg_lock)
  }
  return ret
}

/** Kernel: _sdw_prepare_stream(). Context: process, the buses' locks held. */
function* _sdw_prepare_stream(stream: SdwStreamRuntime): Proc<number> {
  for (const { bus } of stream.master_list) {
    const ret = yield* sdw_program_params(bus, true)
    if (ret < 0) return ret
  }
  const ret = yield* do_bank_switch(stream)
  if (ret === 0) stream.state = PREPARED
  return ret
}

/** Kernel: _sdw_enable_stream(). Context: process, the buses' locks held. */
function* _sdw_enable_stream(stream: SdwStreamRuntime): Proc<number> {
  for (const m_rt of stream.master_list) {
    let ret = yield* sdw_program_params(m_rt.bus, false)
    if (ret === 0) ret = yield* sdw_enable_disable_ports(m_rt)
    if (ret < 0) return ret
  }
  const ret = yield* do_bank_switch(stream)
  if (ret === 0) stream.state = ENABLED
  return ret
}

/** In the bank that is next: before the switch, and after it in what was the current one. */
function* disablePorts({ master_list }: SdwStreamRuntime): Proc<number> {
  for (const m_rt of master_list) {
    const ret = yield* sdw_enable_disable_ports(m_rt)
    if (ret < 0) return ret
  }
  return 0
}

/** Kernel: _sdw_disable_stream(). Context: process, the buses' locks held. */
function* _sdw_disable_stream(stream: SdwStreamRuntime): Proc<number> {
  let ret = yield* disablePorts(stream)
  if (ret < 0) return ret
  stream.state = DISABLED
  for (const { bus } of stream.master_list) {
    ret = yield* sdw_program_params(bus, false)
    if (ret < 0) return ret
  }
  ret = yield* do_bank_switch(stream)
  return ret < 0 ? ret : yield* disablePorts(stream)
}

/** Kernel: _sdw_deprepare_stream(). Context: process, the buses' locks held. */
function* _sdw_deprepare_stream(stream: SdwStreamRuntime): Proc<number> {
  for (const { bus } of stream.master_list) {
    const ret = yield* sdw_program_params(bus, false)
    if (ret < 0) return ret
  }
  stream.state = DEPREPARED
  return yield* do_bank_switch(stream)
}

/** One of the four operations: nothing if the stream is there already, or not where it begins. */
interface Operation {
  readonly name: string
  readonly to: number
  readonly from: readonly number[]
  readonly run: (stream: SdwStreamRuntime) => Proc<number>
}

/** Context: process. Locks: bus_lock of each bus, in the list's order. Return: 0, -EINVAL, ... */
function* operate(stream: SdwStreamRuntime, { name, to, from, run }: Operation): Proc<number> {
  yield* sdw_acquire_bus_lock(stream)
  const { state, k } = stream
  let ret = 0
  if (state !== to && !from.includes(state)) {
    yield* printk(k, `${name}: ${stream.name}: inconsistent state state ${state}`)
    ret = -EINVAL
  } else if (state !== to) ret = yield* run(stream)
  yield* sdw_release_bus_lock(stream)
  return ret
}

/** Kernel: sdw_prepare_stream(). */
export function sdw_prepare_stream(stream: SdwStreamRuntime): Proc<number> {
  const from = [CONFIGURED, DEPREPARED, DISABLED]
  const name = 'sdw_prepare_stream'
  return operate(stream, { name, to: PREPARED, from, run: _sdw_prepare_stream })
}

/** Kernel: sdw_enable_stream(). */
export function sdw_enable_stream(stream: SdwStreamRuntime): Proc<number> {
  const from = [PREPARED, DISABLED]
  return operate(stream, { name: 'sdw_enable_stream', to: ENABLED, from, run: _sdw_enable_stream })
}

/** Kernel: sdw_disable_stream(). */
export function sdw_disable_stream(stream: SdwStreamRuntime): Proc<number> {
  const name = 'sdw_disable_stream'
  return operate(stream, { name, to: DISABLED, from: [ENABLED], run: _sdw_disable_stream })
}

/** Kernel: sdw_deprepare_stream(). */
export function sdw_deprepare_stream(stream: SdwStreamRuntime): Proc<number> {
  const from = [PREPARED, DISABLED]
  const name = 'sdw_deprepare_stream'
  return operate(stream, { name, to: DEPREPARED, from, run: _sdw_deprepare_stream })
}
