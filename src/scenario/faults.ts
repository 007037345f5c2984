/** Arms the faults of a scenario: each comes at its time and says so in a record. */

import { type FaultWorld, faultActions, type XenParts } from './fault-actions.ts'
import { failAllocations, GatedAnswers, GatedTransport } from './fault-events.ts'
import { faultKinds, type InjectedFault } from './fault-spec.ts'
import { Gate, onTrigger } from './fault-trigger.ts'
import { responseFate } from './fault-xen.ts'

/** To be called when the device is there and before anything happens. */
export function armFaults(world: FaultWorld, faults: readonly InjectedFault[]): void {
  const { sim } = world.host
  const gates = faults.map((fault, i) => new Gate(sim, fault, i))
  for (const gate of gates) arm(world, gate)
  const of = (test: (kind: string) => boolean) => gates.filter((one) => test(one.fault.kind))
  const transport = of((kind) => kind.endsWith('-interrupt') || kind === 'lost-kick')
  const answers = of((kind) => kind.startsWith('control-'))
  const allocations = of((kind) => kind === 'alloc-failure')
  const { host, kernel, virtio, xen } = world
  if (virtio !== null && transport.length > 0) {
    virtio.proxy.faults = new GatedTransport(host, kernel, transport)
  }
  if (virtio !== null && answers.length > 0) new GatedAnswers(host, virtio.device, answers)
  if (xen !== null) armXen(world, xen, transport, answers)
  if (allocations.length > 0) failAllocations(kernel, allocations)
}

function armXen(
  { host, kernel }: FaultWorld,
  { device, proxy }: XenParts,
  transport: readonly Gate[],
  answers: readonly Gate[],
): void {
  if (transport.length > 0) proxy.faults = new GatedTransport(host, kernel, transport)
  const fate: XenParts['device']['responseFate'] = (req) => responseFate(host, answers, req)
  if (answers.length > 0) device.responseFate = fate
}

function arm(world: FaultWorld, gate: Gate): void {
  const { fault } = gate
  const { sim } = world.host
  onTrigger(sim, fault, world.streamNames, () => {
    if (faultKinds[fault.kind].acts === 'on-events') gate.open()
    else if (gate.chance()) faultActions[fault.kind as keyof typeof faultActions](world, fault)
  })
}
