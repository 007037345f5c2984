/**
 * Cost tables of a scenario: a preset with entries overridden. The names are the model's
 * (model/machine/cost.ts), the prices are in cost-presets.ts.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import { GUEST_COSTS, type GuestCost, HOST_COSTS, type HostCost } from '../model/machine/cost.ts'
import { COST_PRESETS, type CostPreset } from './cost-presets.ts'

export type { GuestCost, HostCost } from '../model/machine/cost.ts'
export { COST_PRESETS, type CostPreset } from './cost-presets.ts'

export type CostDist = DistributionSpec
export type GuestCosts = Readonly<Record<GuestCost, CostDist>>
export type HostCosts = Readonly<Record<HostCost, CostDist>>
export type CostOverrides<Name extends string> = Readonly<Partial<Record<Name, CostDist>>>

export const costPresets = Object.keys(COST_PRESETS) as readonly CostPreset[]
export const guestCostNames: readonly GuestCost[] = GUEST_COSTS
export const hostCostNames: readonly HostCost[] = HOST_COSTS

function table<Name extends GuestCost | HostCost>(
  names: readonly Name[],
  preset: CostPreset,
  overrides: CostOverrides<Name>,
): Readonly<Record<Name, CostDist>> {
  const prices = COST_PRESETS[preset]
  const entries = names.map((name) => [name, overrides[name] ?? prices[name].dist])
  return Object.fromEntries(entries) as Record<Name, CostDist>
}

export function guestCosts(preset: CostPreset, overrides: CostOverrides<GuestCost>): GuestCosts {
  return table(guestCostNames, preset, overrides)
}

export function hostCosts(preset: CostPreset, overrides: CostOverrides<HostCost>): HostCosts {
  return table(hostCostNames, preset, overrides)
}
