/**
 * What things cost: named entries, each a distribution over integer nanoseconds. Entries whose name
 * ends in `_per_kib` or `_per_frame` are charged by multiplication. Where the numbers come from is
 * said in the presets (scenario/cost-presets.ts), not here.
 */
import type { Distribution } from '../../base/distribution.ts'
import type { Prng } from '../../base/prng.ts'
import type { Ns } from '../../base/units.ts'
import type { Drawable, Policy } from '../../sim/policy.ts'

/** Entries charged on a guest's processors. */
export const GUEST_COSTS = [
  'syscall_entry',
  'syscall_exit',
  'irq_entry',
  'irq_exit',
  'softirq_dispatch',
  'tick',
  'spin_lock',
  'spin_transfer',
  'irqsave',
  'irqrestore',
  'mutex_lock',
  'mutex_unlock',
  'mutex_slowpath',
  'wake_up',
  'task_switch',
  'kworker_start',
  'irq_thread_start',
  'ipi',
  'kmalloc_atomic',
  'kmalloc_kernel',
  'virtqueue_add',
  'virtqueue_add_segment',
  'virtqueue_indirect',
  'virtqueue_get_buf',
  'pointer_op',
  'update_hw_ptr',
  'period_elapsed',
  'copy_base',
  'copy_per_kib',
  'printk',
  'page_fault',
  'client_work',
  'xenstore_op',
] as const

/** Entries charged on the host's processors. */
export const HOST_COSTS = [
  'host_task_switch',
  'vm_exit',
  'vm_entry',
  'ioeventfd_signal',
  'userspace_exit',
  'main_loop_wake',
  'vhost_worker_wake',
  'irq_inject',
  'irqfd_signal',
  'posted_interrupt',
  'halt_poll_wake',
  'blocked_vcpu_wake',
  'host_copy_base',
  'host_copy_per_kib',
  'mix_per_frame',
  'audio_buffer_overhead',
  'control_request',
  'host_irq',
  'evtchn_send',
  'evtchn_upcall',
] as const

export const COST_NAMES = [...GUEST_COSTS, ...HOST_COSTS] as const
export type GuestCost = (typeof GUEST_COSTS)[number]
export type HostCost = (typeof HOST_COSTS)[number]
export type CostName = (typeof COST_NAMES)[number]

/**
 * How a context can be held back before what a cost is the price of, which makes the operation a
 * visible one: its vCPU is stolen, its worker or thread starts late, the interrupt arrives late,
 * the device's thread is late.
 */
export const HOLDINGS = ['vcpu', 'worker', 'interrupt', 'device'] as const
export type Holding = (typeof HOLDINGS)[number]

/** The visible operations: where another processor or interrupt could get in between. */
export const HOLDING_OF: { readonly [N in CostName]?: Holding } = {
  syscall_entry: 'vcpu',
  irq_entry: 'vcpu',
  irq_exit: 'vcpu',
  spin_lock: 'vcpu',
  irqrestore: 'vcpu',
  mutex_lock: 'vcpu',
  mutex_unlock: 'vcpu',
  wake_up: 'vcpu',
  kmalloc_kernel: 'vcpu',
  virtqueue_add: 'vcpu',
  virtqueue_get_buf: 'vcpu',
  pointer_op: 'vcpu',
  update_hw_ptr: 'vcpu',
  copy_base: 'vcpu',
  client_work: 'vcpu',
  kworker_start: 'worker',
  irq_thread_start: 'worker',
  irq_inject: 'interrupt',
  irqfd_signal: 'interrupt',
  posted_interrupt: 'interrupt',
  main_loop_wake: 'device',
  vhost_worker_wake: 'device',
  control_request: 'device',
  audio_buffer_overhead: 'device',
}

/** One priced thing. */
export class Cost implements Drawable {
  readonly name: CostName
  /** Null: not a visible operation. */
  readonly holding: Holding | null
  /** The price if it never varies, else -1. */
  readonly constantNs: Ns
  private readonly distribution: Distribution

  constructor(name: CostName, distribution: Distribution) {
    this.name = name
    this.holding = HOLDING_OF[name] ?? null
    this.distribution = distribution
    this.constantNs = distribution.constantNs
  }

  draw(stream: Prng): Ns {
    return this.constantNs >= 0 ? this.constantNs : this.distribution.draw(stream)
  }
}

export type CostTable = { readonly [N in CostName]: Cost }

/** Builds a table from one distribution for each of COST_NAMES, in their order. */
export function costTable(distributions: readonly Distribution[]): CostTable {
  const entries = COST_NAMES.map((name, i) => [
    name,
    new Cost(name, distributions[i] as Distribution),
  ])
  return Object.fromEntries(entries) as CostTable
}

/** How a policy prices an entry for an actor. */
export function priceNs(policy: Policy, cost: Cost, actor: { readonly rng: Prng }): Ns {
  if (policy.steers) return policy.cost(cost, actor.rng)
  return cost.constantNs >= 0 ? cost.constantNs : cost.draw(actor.rng)
}
