/**
 * What each step costs in each preset: a distribution, and where the number comes from. Guest
 * entries follow domain/guest-kernel.md §7, host entries domain/host-device.md §7; both call
 * themselves estimates, so nothing may be asserted on absolute costs. All numbers are ns.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import { COST_NAMES, type CostName, GUEST_COSTS } from '../model/machine/cost.ts'

export interface PricedEntry {
  readonly dist: DistributionSpec
  /** Basis of the number: a source, or "estimate" with its range. */
  readonly source: string
}

export type PresetTable = Readonly<Record<CostName, PricedEntry>>

/** A price that never varies. */
function fixed(ns: number, source: string): PricedEntry {
  return { dist: { kind: 'constant', ns }, source }
}

/** A median with a lognormal spread inside a range: most draws lie near the median. */
function around(
  medianNs: number,
  minNs: number,
  maxNs: number,
  sigma: number,
  source: string,
): PricedEntry {
  return { dist: { kind: 'lognormal', medianNs, sigma, minNs, maxNs }, source }
}

/** The same with a rare uniform tail. */
function withTail(body: PricedEntry, share: number, minNs: number, maxNs: number): PricedEntry {
  const tail: DistributionSpec = { kind: 'uniform', minNs, maxNs }
  const parts = [
    { weight: 1 - share, of: body.dist },
    { weight: share, of: tail },
  ]
  return { dist: { kind: 'mixture', parts }, source: `${body.source}; tail share ${share}` }
}

const kvmX86: PresetTable = {
  syscall_entry: fixed(150, 'estimate 100-700 for the pair, mitigations'),
  syscall_exit: fixed(100, 'estimate, see syscall_entry'),
  irq_entry: fixed(400, 'estimate 300-1,500 for the pair'),
  irq_exit: fixed(200, 'estimate, see irq_entry'),
  softirq_dispatch: fixed(200, 'estimate'),
  tick: fixed(1_500, 'estimate'),
  spin_lock: fixed(15, 'estimate, uncontended'),
  spin_transfer: fixed(60, 'estimate, one cache line transfer'),
  irqsave: fixed(12, 'estimate, half of a save and restore pair'),
  irqrestore: fixed(13, 'estimate, half of a save and restore pair'),
  mutex_lock: fixed(20, 'estimate, half of an uncontended pair'),
  mutex_unlock: fixed(20, 'estimate, half of an uncontended pair'),
  mutex_slowpath: around(4_000, 2_000, 10_000, 0.35, 'estimate 2,000-10,000'),
  wake_up: around(800, 500, 1_500, 0.25, 'estimate 500-1,500'),
  task_switch: around(2_400, 1_200, 4_000, 0.2, 'public benchmark: 2,493 ns a switch in a VM'),
  kworker_start: around(3_000, 1_000, 30_000, 0.5, 'estimate 3,000-30,000 with the switch'),
  irq_thread_start: around(1_600, 800, 6_000, 0.3, 'estimate 4,000 with the switch'),
  ipi: around(3_000, 1_000, 5_000, 0.2, 'estimate: 3,000 with an exit, 1,000 posted'),
  kmalloc_atomic: fixed(80, 'estimate'),
  kmalloc_kernel: withTail(fixed(120, 'estimate; may reclaim'), 0.0001, 10_000, 1_000_000),
  virtqueue_add: fixed(150, 'estimate'),
  virtqueue_add_segment: fixed(20, 'estimate'),
  virtqueue_indirect: fixed(150, 'estimate'),
  virtqueue_get_buf: fixed(80, 'estimate'),
  pointer_op: fixed(30, 'estimate'),
  update_hw_ptr: fixed(100, 'estimate'),
  period_elapsed: fixed(400, 'estimate, without waiters'),
  copy_base: fixed(50, 'estimate'),
  copy_per_kib: fixed(102, 'estimate 0.1 ns a byte'),
  printk: around(5_000, 2_000, 20_000, 0.5, 'estimate 2,000-20,000; serial console far more'),
  page_fault: fixed(1_000, 'estimate'),
  client_work: around(2_000, 500, 20_000, 0.4, 'estimate: reading one chunk from a file'),
  xenstore_op: around(60_000, 30_000, 400_000, 0.4, 'estimate: round trip to xenstored'),
  host_task_switch: around(1_500, 1_160, 2_500, 0.15, 'public benchmark: 1,160-1,490 ns'),
  vm_exit: fixed(700, 'public statements of 1,000-10,000 cycles an exit; half of 1,200-1,400'),
  vm_entry: fixed(500, 'see vm_exit'),
  ioeventfd_signal: around(300, 200, 1_500, 0.3, 'estimate: 1,500 for the kick with its exit'),
  userspace_exit: around(6_000, 3_000, 20_000, 0.4, 'estimate: exit, ioctl return, big lock'),
  main_loop_wake: withTail(
    around(12_000, 4_000, 60_000, 0.45, 'estimate: host wake-up, poll return'),
    0.0005,
    1_000_000,
    5_000_000,
  ),
  vhost_worker_wake: around(8_000, 3_000, 30_000, 0.4, 'estimate: host wake-up'),
  irq_inject: around(1_500, 800, 3_000, 0.25, 'estimate: system call and APIC'),
  irqfd_signal: around(1_500, 800, 3_000, 0.25, 'estimate: eventfd write and APIC'),
  posted_interrupt: around(700, 300, 1_500, 0.25, 'estimate: no exit'),
  halt_poll_wake: around(1_500, 800, 4_000, 0.3, 'kernel document: "a few microseconds" saved'),
  blocked_vcpu_wake: around(15_000, 5_000, 60_000, 0.45, 'estimate: host schedule, C-state exit'),
  host_copy_base: fixed(100, 'estimate'),
  host_copy_per_kib: fixed(154, 'estimate 0.15 ns a byte, about 7 GB/s'),
  mix_per_frame: fixed(10, 'estimate 3-40: two multiply-adds and conversion'),
  audio_buffer_overhead: around(2_000, 1_000, 6_000, 0.3, 'estimate: allocation, iov, push'),
  control_request: around(1_000, 500, 5_000, 0.3, 'estimate'),
  host_irq: fixed(1_000, 'estimate'),
  evtchn_send: around(500, 300, 1_200, 0.25, 'estimate 500-2,000 for the hypercall with its exit'),
  evtchn_upcall: around(1_800, 1_000, 3_000, 0.25, 'estimate 1,000-3,000 to a running vCPU'),
}

/** Every step free: what is left is the protocol's and the device's own timing. */
const ideal = Object.fromEntries(
  COST_NAMES.map((name) => [name, fixed(0, 'nothing costs time')]),
) as PresetTable

/** Every entry of a table multiplied; the source says by what and why. */
function scaled(
  from: PresetTable,
  names: readonly CostName[],
  factor: number,
  why: string,
): Partial<Record<CostName, PricedEntry>> {
  const entries = names.map((name) => {
    const { dist, source } = from[name]
    return [name, { dist: scaledDist(dist, factor), source: `${why}; x86: ${source}` }]
  })
  return Object.fromEntries(entries)
}

function scaledDist(dist: DistributionSpec, by: number): DistributionSpec {
  switch (dist.kind) {
    case 'constant':
      return { kind: 'constant', ns: Math.round(dist.ns * by) }
    case 'uniform':
      return { ...dist, minNs: Math.round(dist.minNs * by), maxNs: Math.round(dist.maxNs * by) }
    case 'lognormal':
      return {
        ...dist,
        medianNs: Math.round(dist.medianNs * by),
        minNs: Math.round(dist.minNs * by),
        maxNs: Math.round(dist.maxNs * by),
      }
    case 'mixture':
      return {
        kind: 'mixture',
        parts: dist.parts.map((part) => ({ ...part, of: scaledDist(part.of, by) })),
      }
    default:
      return dist
  }
}

/** A server-class arm64 host: costlier exits (EL2 switch), interrupts through list registers. */
const kvmArm: PresetTable = {
  ...kvmX86,
  vm_exit: fixed(900, 'estimate: world switch with GIC and timer state'),
  vm_entry: fixed(800, 'estimate: world switch with GIC and timer state'),
  posted_interrupt: around(2_500, 1_500, 5_000, 0.25, 'estimate: IPI, exit, list register, entry'),
  irq_entry: fixed(500, 'estimate'),
  irq_exit: fixed(300, 'estimate: end of interrupt through the GIC'),
  ipi: around(4_000, 2_000, 8_000, 0.25, 'estimate: a trapped SGI'),
}

/**
 * Emulated processors: exits return to the same thread, and an interrupt waits for the big lock.
 * Calibrated to the captured runs (test/data/captures), most of which traced every function.
 */
const tcg: PresetTable = {
  ...kvmX86,
  ...scaled(kvmX86, GUEST_COSTS, 55, 'captured: 250-490 us from interrupt to period elapsed'),
  kworker_start: around(90_000, 40_000, 400_000, 0.35, 'captured: 170-310 us with the switch'),
  vm_exit: fixed(300, 'estimate: leaves the translated code'),
  vm_entry: fixed(300, 'estimate: looks up translated code'),
  posted_interrupt: around(35_000, 15_000, 150_000, 0.3, 'captured: 65 us to the handler, busy'),
  blocked_vcpu_wake: around(95_000, 40_000, 400_000, 0.25, 'captured: 90-200 us to the handler'),
  irq_inject: around(3_000, 1_000, 10_000, 0.4, 'estimate: big lock and kick'),
}

/** A static partitioning hypervisor on an automotive SoC: pinned vCPUs, short paths, slow cores. */
const embedded: PresetTable = {
  ...kvmX86,
  ...scaled(kvmX86, GUEST_COSTS, 2.5, 'estimate: 2.5 times, 1.5 GHz in-order cores'),
  vm_exit: fixed(1_000, 'estimate: trap to EL2'),
  vm_entry: fixed(800, 'estimate: return from EL2'),
  posted_interrupt: around(3_000, 2_000, 6_000, 0.2, 'estimate: list register, no scheduler'),
  blocked_vcpu_wake: around(4_000, 2_000, 12_000, 0.25, 'estimate: WFI wake, vCPU owns its core'),
  main_loop_wake: around(10_000, 5_000, 30_000, 0.3, 'estimate: device server thread, FIFO'),
  irq_inject: around(2_000, 1_000, 4_000, 0.2, 'estimate: hypercall from the device partition'),
}

export const COST_PRESETS = {
  'kvm-x86': kvmX86,
  'kvm-arm': kvmArm,
  tcg,
  'embedded-hypervisor': embedded,
  ideal,
} as const satisfies Record<string, PresetTable>
export type CostPreset = keyof typeof COST_PRESETS
