/**
 * The named costs of one step each, in nanoseconds, and their presets. Every entry can be overridden
 * in a scenario (`guest.costs.syscall: 400ns`). The figures are estimates for a 3 GHz x86 host with
 * KVM (domain/guest-kernel.md §7, domain/host-device.md §7): calibrate, never assert on them.
 * `*_per_kib` entries are the cost of 1024 bytes, because a byte costs less than a nanosecond.
 */
import type { CostDist, GuestCosts, HostCosts } from './spec.ts'

export const guestCostTypicalNs = {
  syscall: 250,
  irq_entry: 600,
  softirq: 200,
  spin_lock: 15,
  spin_contended: 60,
  irqsave: 25,
  mutex: 40,
  contended_sleep: 4_000,
  wake_up: 800,
  task_switch: 2_400,
  kworker_start: 6_000,
  irq_thread_start: 4_000,
  kmalloc_atomic: 80,
  kmalloc_kernel: 120,
  add_sgs: 150,
  add_sgs_segment: 20,
  add_sgs_indirect: 150,
  get_buf: 80,
  pointer: 30,
  update_hw_ptr: 100,
  period_elapsed: 400,
  copy: 50,
  copy_per_kib: 102,
  printk: 5_000,
  page_fault: 1_000,
  ipi: 3_000,
  client_call: 500,
  client_work_per_period: 2_000,
} as const

export const hostCostTypicalNs = {
  vm_exit: 1_200,
  ioeventfd_kick: 1_500,
  main_loop_wake: 12_000,
  vhost_user_wake: 8_000,
  userspace_exit: 6_000,
  msi_signal: 1_500,
  posted_interrupt: 700,
  inject_running: 2_500,
  halt_poll_wake: 1_500,
  vcpu_wake: 15_000,
  context_switch: 1_500,
  copy: 100,
  copy_per_kib: 154,
  mix_per_frame: 10,
  audio_callback: 2_000,
  control_request: 1_000,
} as const

export type GuestCost = keyof typeof guestCostTypicalNs
export type HostCost = keyof typeof hostCostTypicalNs
export type CostPreset = 'kvm-x86' | 'ideal'

export const costPresets: readonly CostPreset[] = ['kvm-x86', 'ideal']
export const guestCostNames = Object.keys(guestCostTypicalNs) as readonly GuestCost[]
export const hostCostNames = Object.keys(hostCostTypicalNs) as readonly HostCost[]

export type CostOverrides<Name extends string> = Readonly<Partial<Record<Name, CostDist>>>

/** `ideal` makes every step free: what is left is the protocol's and the device's own timing. */
function table<Name extends string>(
  typicalNs: Readonly<Record<Name, number>>,
  preset: CostPreset,
  overrides: CostOverrides<Name>,
): Readonly<Record<Name, CostDist>> {
  const out = {} as Record<Name, CostDist>
  for (const name of Object.keys(typicalNs) as Name[]) {
    const ns = preset === 'ideal' ? 0 : typicalNs[name]
    out[name] = overrides[name] ?? { kind: 'constant', ns }
  }
  return out
}

export function guestCosts(preset: CostPreset, overrides: CostOverrides<GuestCost>): GuestCosts {
  return table(guestCostTypicalNs, preset, overrides)
}

export function hostCosts(preset: CostPreset, overrides: CostOverrides<HostCost>): HostCosts {
  return table(hostCostTypicalNs, preset, overrides)
}
