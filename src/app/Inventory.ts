/**
 * What exists in this release: drivers, devices, clients, cost tables, presets. Made from the
 * tables that the decoder uses, so the list cannot promise what a scenario may not say.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import { factsOf, kernelCommitIds } from '../model/linux/kernel-commits.ts'
import { clientKinds } from '../scenario/client-defaults.ts'
import { COST_PRESETS, costPresets, guestCostNames, hostCostNames } from '../scenario/costs.ts'
import {
  type DeviceKind,
  deviceBackends,
  deviceKinds,
  deviceTexts,
} from '../scenario/device-spec.ts'
import { driverKinds, driverNames, driverVersions, isVersion } from '../scenario/driver-kinds.ts'
import { type FaultKind, faultKinds } from '../scenario/fault-spec.ts'
import { pcmFormats, pcmRates } from '../scenario/pcm-limits.ts'
import { formatDuration } from '../scenario/quantity.ts'
import type { ClientKind } from '../scenario/spec.ts'

export { didYouMean } from '../scenario/near.ts'

export interface InventoryItem {
  readonly name: string
  readonly text: string
}

export type Inventory = Readonly<Record<string, readonly InventoryItem[]>>

const presetText = {
  'kvm-x86': 'estimates for a 3 GHz x86 host with KVM; the default',
  'kvm-arm': 'estimates for an arm64 server with KVM',
  tcg: 'emulated processors, as in the captured runs',
  'embedded-hypervisor': 'a partitioning hypervisor on an automotive SoC',
  ideal: 'every step is free',
} as const

const clientText: Readonly<Record<ClientKind, string>> = {
  aplay: 'blocking writer, four periods of a 500 ms buffer',
  arecord: 'blocking reader, the same buffer',
  poll: 'non-blocking, around poll(), with the usual mistakes as options',
  jack: 'mapped, a cycle every period, playback always full, optionally duplex',
  pulse: 'mapped, 4 x 25 ms by interrupt as in a VM; or timer-based',
  pipewire: 'mapped, a quantum at a time by timer and delay-locked loop; or by interrupt',
  mmap: 'mapped free-running writer, as a dmix server',
  duplex: 'what is recorded is played again, handles linked or not',
  scripted: 'a list of calls with times',
}

export const inventory: Inventory = {
  drivers: driverNames.map((name) =>
    isVersion(name)
      ? { name: `virtio-snd ${name}`, text: driverVersions[name].text }
      : { name, text: driverKinds[name].text },
  ),
  devices: deviceKinds.map((name) => ({ name, text: deviceText(name) })),
  faults: (Object.keys(faultKinds) as FaultKind[]).map((name) => {
    return { name, text: faultKinds[name].text }
  }),
  clients: clientKinds.map((name) => ({ name, text: clientText[name] })),
  kernels: [
    { name: '6.1', text: 'ALSA core of Linux 6.1' },
    { name: '6.12', text: 'ALSA core of Linux 6.12' },
  ],
  reverts: kernelCommitIds.map((name) => ({ name, text: factsOf(name).without })),
  formats: pcmFormats.map((name) => ({ name, text: '' })),
  rates: pcmRates.map((rate) => ({ name: String(rate), text: '' })),
  'cost-presets': costPresets.map((name) => ({ name, text: presetText[name] })),
  'guest-costs': costItems(guestCostNames),
  'host-costs': costItems(hostCostNames),
}

function deviceText(kind: DeviceKind): string {
  const backends: readonly string[] = deviceBackends[kind]
  return `${deviceTexts[kind]}${backends.length === 0 ? '' : `; back ends: ${backends.join(', ')}`}`
}

export function inventoryText(kinds: readonly string[]): string {
  const lines = kinds.flatMap((kind) => [
    `${kind}:`,
    ...(inventory[kind] ?? []).map(({ name, text }) => `  ${name.padEnd(24)}${text}`.trimEnd()),
  ])
  return `${lines.join('\n')}\n`
}

/** Entries of the default preset: what each costs and where the number comes from. */
function costItems(names: readonly (keyof (typeof COST_PRESETS)['kvm-x86'])[]) {
  return names.map((name) => {
    const { dist, source } = COST_PRESETS['kvm-x86'][name]
    return { name, text: `${typical(dist).padEnd(10)} ${source}` }
  })
}

function typical(dist: DistributionSpec): string {
  if (dist.kind === 'constant') return formatDuration(dist.ns)
  if (dist.kind === 'lognormal') return `~${formatDuration(dist.medianNs)}`
  if (dist.kind === 'mixture' && dist.parts[0] !== undefined) return typical(dist.parts[0].of)
  return dist.kind
}
