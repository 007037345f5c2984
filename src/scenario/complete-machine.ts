/**
 * Guest, host and what is done to them: defaults and the checks that compare keys. Part of
 * complete.ts; pure. Times are nanoseconds.
 */
import { type CostDist, guestCosts, hostCosts } from './costs.ts'
import { guestDefaults, hostDefaults } from './defaults.ts'
import { driverKinds } from './driver-kinds.ts'
import type { Fault } from './fault.ts'
import type { GuestInput, ScenarioInput, StretchesInput } from './input.ts'
import { checkCpus, completeLoads, completeScheduling, type VcpuInput } from './loads.ts'
import { didYouMean } from './near.ts'
import type { GuestSpec, HostSpec, StretchesSpec, VcpuSpec } from './spec.ts'

/** Streams of a Xen card whose interrupts can be placed: playback first, then capture. */
const xenStreams = [0, 1, 2, 3]

/** Interrupt lines that the guest's drivers ask for; which of them depends on `device.vectors`. */
export const irqNames = [
  'virtio0',
  'virtio0-config',
  'virtio0-virtqueues',
  'virtio0-virtsnd-ctl',
  'virtio0-virtsnd-event',
  'virtio0-virtsnd-tx',
  'virtio0-virtsnd-rx',
  'AudioDSP',
  'xenbus',
  ...xenStreams.map((i) => `vsnd-ring-ref${i}`),
  ...xenStreams.map((i) => `vsnd-evt-ring-ref${i}`),
]

export function completeGuest(input: GuestInput, faults: Fault[]): GuestSpec {
  const kernel = input.kernel ?? guestDefaults.kernel
  const cpus = input.cpus ?? guestDefaults.cpus
  const irqAffinity = input.irq_affinity ?? {}
  checkIrqs(irqAffinity, cpus, faults)
  return {
    kernel,
    revert: input.revert ?? [],
    hz: input.hz ?? guestDefaults.hz,
    preempt: input.preempt ?? guestDefaults.preempt,
    fair: input.fair ?? (kernel === '6.1' ? 'cfs' : 'eevdf'),
    rtRuntimeNs: input.rt_runtime ?? guestDefaults.rtRuntimeNs,
    threadirqs: input.threadirqs ?? false,
    xrunDebug: input.xrun_debug ?? 0,
    cpus,
    irqAffinity,
    tasks: completeLoads(input.tasks ?? [], ['guest', 'tasks'], cpus, faults),
    costs: guestCosts(input.costs?.preset ?? guestDefaults.costs, input.costs?.entries ?? {}),
  }
}

function checkIrqs(wanted: Readonly<Record<string, number>>, cpus: number, faults: Fault[]): void {
  for (const [name, cpu] of Object.entries(wanted)) {
    const path = ['guest', 'irq_affinity', name]
    if (!irqNames.includes(name)) {
      const what = `there is no interrupt '${name}'${didYouMean(name, irqNames)}`
      faults.push({ path, at: 'key', what, allowed: irqNames.join(', ') })
    }
    checkCpus([cpu], path, cpus, faults)
  }
}

export function completeHost(scenario: ScenarioInput, faults: Fault[]): HostSpec {
  const input = scenario.host ?? {}
  const cpus = input.cpus ?? hostDefaults.cpus
  const vcpus = scenario.guest?.cpus ?? guestDefaults.cpus
  // Polling for a halted vCPU is KVM's.
  const underXen = driverKinds[scenario.driver.kind ?? 'virtio-snd'].bus === 'xen'
  // Its call eventfd is KVM's irqfd; QEMU's own devices call KVM.
  const throughIrqfd = scenario.device?.kind === 'vhost-user'
  const emulated = scenario.device?.kind === 'semu'
  return {
    cpus,
    hz: input.hz ?? hostDefaults.hz,
    fair: input.fair ?? hostDefaults.fair,
    rtRuntimeNs: input.rt_runtime ?? hostDefaults.rtRuntimeNs,
    haltPollNs: input.halt_poll ?? (underXen ? 0 : hostDefaults.haltPollNs),
    kick: input.kick ?? (emulated ? 'userspace' : hostDefaults.kick),
    irqRoute: input.irq_route ?? (throughIrqfd ? 'irqfd' : hostDefaults.irqRoute),
    vcpus: completeVcpus(input.vcpus ?? [], vcpus, cpus, faults),
    tasks: completeLoads(input.tasks ?? [], ['host', 'tasks'], cpus, faults),
    costs: hostCosts(input.costs?.preset ?? hostDefaults.costs, input.costs?.entries ?? {}),
    stretches: input.stretches === undefined ? null : completeStretches(input.stretches),
  }
}

function completeStretches({ slow, mean, follow }: StretchesInput): StretchesSpec {
  return { slow, meanNs: mean, follow }
}

/** A cost that never varies has nothing slow to draw. */
export function checkStretches(guest: GuestSpec, host: HostSpec, faults: Fault[]): void {
  const costs: Readonly<Record<string, CostDist>> = { ...guest.costs, ...host.costs }
  for (const name of Object.keys(host.stretches?.follow ?? {})) {
    const path = ['host', 'stretches', 'follow', name]
    const cost = costs[name]
    const names = Object.keys(costs)
    if (cost === undefined) {
      const what = `there is no cost '${name}'${didYouMean(name, names)}`
      faults.push({ path, at: 'key', what, allowed: names.join(', ') })
    } else if (cost.kind === 'constant') {
      const what = `${name} does not vary`
      faults.push({ path, at: 'key', what, allowed: 'a cost with a distribution' })
    }
  }
}

function completeVcpus(
  inputs: readonly VcpuInput[],
  vcpus: number,
  cpus: number,
  faults: Fault[],
): readonly VcpuSpec[] {
  if (inputs.length > vcpus) {
    const what = `${inputs.length} entries, but the guest has ${vcpus} CPUs`
    const allowed = `up to ${vcpus}, in the order of the guest's CPUs`
    faults.push({ path: ['host', 'vcpus'], at: 'value', what, allowed })
  }
  return inputs.map((one, i) => {
    const path = ['host', 'vcpus', i]
    checkCpus(one.pin, [...path, 'pin'], cpus, faults)
    // Without a pin it may run anywhere and begins where an unnamed vCPU would.
    const anywhere = Array.from({ length: cpus }, (_, n) => (n + i) % cpus)
    return { affinity: one.pin ?? anywhere, ...completeScheduling(one, path, faults) }
  })
}
