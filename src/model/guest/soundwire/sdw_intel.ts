/**
 * A SoundWire link of an Intel controller: commands, and bank switches that the links of a stream
 * make at the same gsync. Times are ns.
 *
 * Kernel: drivers/soundwire/intel.c and cadence_master.c, v6.1. Hardware: a frame carries one
 * command, its answer is there at the frame's end; 48000 frames a second are 4.8 MHz, both edges,
 * 50 rows and 4 columns. A write with CMDSYNC armed waits for SyncGO and takes effect at the next
 * gsync. Differs: one command a message, and an access to a register costs pointer_op.
 */
import { framesToNsCeil, NS_PER_MS, nsToFramesFloor } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { Priority, type Timer } from '../../../sim/scheduler.ts'
import {
  Completion,
  complete,
  reinit_completion,
  wait_for_completion_timeout,
} from '../../linux/completion.ts'
import { ETIMEDOUT } from '../../linux/errno.ts'
import type { IrqLine } from '../../linux/irq.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../linux/mutex.ts'
import { printk } from '../../linux/printk.ts'

const FRAME_RATE = 48_000
/** Kernel: SDW_CADENCE_GSYNC_HZ. */
const SDW_CADENCE_GSYNC_HZ = 4_000
/** Kernel: CDNS_TX_TIMEOUT, milliseconds. */
const CDNS_TX_TIMEOUT = 500

/** What the links share. Kernel: struct sdw_intel_ctx; its shim_lock guards SDW_SHIM_SYNC. */
export class SdwIntelCtx {
  readonly k: Kernel
  readonly shim_lock: Mutex
  readonly links: SdwIntel[] = []
  /** The interrupt line that the links raise, once it is requested. */
  line: IrqLine | null = null

  constructor(k: Kernel) {
    this.k = k
    this.shim_lock = new Mutex(k, '&ctx->shim_lock', 'shim_lock')
  }
}

/** Kernel: struct sdw_intel and the struct sdw_cdns in it. */
export class SdwIntel {
  readonly ctx: SdwIntelCtx
  readonly name: string
  readonly tx_complete: Completion
  /** Of the write that waits for SyncGO. Kernel: struct sdw_defer. */
  readonly defer_complete: Completion
  /** Bit of this link in SDW_SHIM_SYNC. */
  private cmdsync = false
  /** A write is queued and gated. */
  private gated = false
  private answered: Completion | null = null
  private readonly timer: Timer
  private waited: Completion | null = null

  constructor(ctx: SdwIntelCtx, link_id: number) {
    const { k } = ctx
    this.ctx = ctx
    this.name = `soundwire_intel soundwire_intel.link.${link_id}`
    this.tx_complete = new Completion(k, `link ${link_id} tx_complete`)
    this.defer_complete = new Completion(k, `link ${link_id} bank switch`)
    this.timer = k.sim.timer(() => this.answer(), Priority.device)
    ctx.links.push(this)
  }

  /** Puts a command into the next frame. */
  send(done: Completion): void {
    const { sim } = this.ctx.k
    this.arm(done, framesToNsCeil(nsToFramesFloor(sim.now, FRAME_RATE) + 2, FRAME_RATE))
  }

  /** Queues the command that switches the bank. */
  defer(): void {
    if (this.cmdsync) this.gated = true
    else this.switchBank()
  }

  armSync(): void {
    this.cmdsync = true
  }

  /** SyncGO clears CMDSYNC of every link and lets what is gated go. */
  static go({ links }: SdwIntelCtx): void {
    for (const link of links) {
      link.cmdsync = false
      if (link.gated) link.switchBank()
      link.gated = false
    }
  }

  static isAnyArmed({ links }: SdwIntelCtx): boolean {
    return links.some((link) => link.cmdsync)
  }

  /** The answer that its interrupt is about, once. */
  takeAnswer(): Completion | null {
    const { answered } = this
    this.answered = null
    return answered
  }

  /** At the next gsync; the answer comes with the end of the frame. */
  private switchBank(): void {
    const { sim } = this.ctx.k
    const sync = framesToNsCeil(
      nsToFramesFloor(sim.now, SDW_CADENCE_GSYNC_HZ) + 1,
      SDW_CADENCE_GSYNC_HZ,
    )
    this.arm(this.defer_complete, sync + framesToNsCeil(1, FRAME_RATE))
  }

  private arm(done: Completion, atNs: number): void {
    this.waited = done
    this.timer.arm(atNs)
  }

  private answer(): void {
    this.answered = this.waited
    this.ctx.line?.raise()
  }
}

/** So many accesses to registers. */
function* registers({ k }: SdwIntelCtx, count: number): Proc {
  const ns = k.priceNs(k.costs.pointer_op) * count
  if (!k.tryChargeNs(ns)) yield Req.CHARGE
}

const msecsToJiffies = ({ k }: SdwIntelCtx, ms: number): number =>
  Math.ceil((ms * NS_PER_MS) / k.tickNs)

/** Kernel: cdns_xfer_msg(). Context: process, msg_lock held. Return: 0 or -ETIMEDOUT. */
export function* cdns_xfer_msg(sdw: SdwIntel): Proc<number> {
  const { ctx } = sdw
  reinit_completion(sdw.tx_complete)
  yield* registers(ctx, 1)
  sdw.send(sdw.tx_complete)
  const timeout = msecsToJiffies(ctx, CDNS_TX_TIMEOUT)
  if ((yield* wait_for_completion_timeout(sdw.tx_complete, timeout)) > 0) return 0
  yield* printk(ctx.k, `${sdw.name}: IO transfer timed out`)
  return -ETIMEDOUT
}

/** Kernel: cdns_xfer_msg_defer(). Context: process, msg_lock held. */
export function* cdns_xfer_msg_defer(sdw: SdwIntel): Proc {
  reinit_completion(sdw.defer_complete)
  yield* registers(sdw.ctx, 1)
  sdw.defer()
}

/** Kernel: intel_pre_bank_switch(), intel_shim_sync_arm(). Context: process. Locks: shim_lock. */
export function* intel_pre_bank_switch(sdw: SdwIntel): Proc {
  const { ctx } = sdw
  yield* mutex_lock(ctx.shim_lock)
  yield* registers(ctx, 2)
  sdw.armSync()
  yield* mutex_unlock(ctx.shim_lock)
}

/** The first link of a stream lets all go. Kernel: intel_post_bank_switch(). Locks: shim_lock. */
export function* intel_post_bank_switch({ ctx }: SdwIntel): Proc {
  yield* mutex_lock(ctx.shim_lock)
  yield* registers(ctx, 1)
  if (SdwIntel.isAnyArmed(ctx)) {
    yield* registers(ctx, 2)
    SdwIntel.go(ctx)
  }
  yield* mutex_unlock(ctx.shim_lock)
}

/** Kernel: sdw_intel_thread(), sdw_cdns_irq(). Context: the thread of the interrupt. */
export function* sdw_intel_thread(ctx: SdwIntelCtx): Proc {
  for (const link of ctx.links) {
    const answered = link.takeAnswer()
    if (answered === null) continue
    yield* registers(ctx, 1)
    yield* complete(answered)
  }
}
