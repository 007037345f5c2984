/**
 * A cost preset as text or JSON: every entry, its distribution in the scenario file's own notation,
 * so that a line can be copied into one, and where the number comes from.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import {
  COST_PRESETS,
  type CostPreset,
  costPresets,
  guestCostNames,
  hostCostNames,
} from '../scenario/costs.ts'
import { nearest } from '../scenario/near.ts'
import { formatDuration } from '../scenario/quantity.ts'

type Names = readonly (keyof (typeof COST_PRESETS)[CostPreset])[]

/** The presets that are asked for, the default one if none is; or what is wrong with the words. */
export function chosenPresets(words: readonly string[]): readonly CostPreset[] | string {
  const unknown = words.find((word) => !(costPresets as readonly string[]).includes(word))
  if (unknown === undefined) return words.length === 0 ? ['kvm-x86'] : (words as CostPreset[])
  const near = nearest(unknown, costPresets)
  const hint = near === undefined ? '' : `, did you mean '${near}'?`
  return `there is no cost preset '${unknown}'${hint}; allowed: ${costPresets.join(', ')}`
}

export function costsJson(presets: readonly CostPreset[]): object {
  const entries = (preset: CostPreset, names: Names) =>
    Object.fromEntries(names.map((name) => [name, COST_PRESETS[preset][name]]))
  return Object.fromEntries(
    presets.map((preset) => [
      preset,
      { guest: entries(preset, guestCostNames), host: entries(preset, hostCostNames) },
    ]),
  )
}

export function costsText(presets: readonly CostPreset[]): string {
  return presets.map(presetText).join('\n')
}

function presetText(preset: CostPreset): string {
  const part = (title: string, names: Names): string => {
    const lines = names.map((name) => {
      const { dist, source } = COST_PRESETS[preset][name]
      return `    ${name}: ${notation(dist)}  # ${source}\n`
    })
    return `${title}:\n  costs: # ${preset}\n${lines.join('')}`
  }
  return part('guest', guestCostNames) + part('host', hostCostNames)
}

/** As the scenario file writes it. */
export function notation(dist: DistributionSpec): string {
  const t = formatDuration
  switch (dist.kind) {
    case 'constant':
      return t(dist.ns)
    case 'uniform':
      return `{uniform: {min: ${t(dist.minNs)}, max: ${t(dist.maxNs)}}}`
    case 'normal':
      return `{normal: {mean: ${t(dist.meanNs)}, stddev: ${t(dist.stddevNs)}, ${limits(dist)}}}`
    case 'lognormal':
      return `{lognormal: {median: ${t(dist.medianNs)}, sigma: ${dist.sigma}, ${limits(dist)}}}`
    case 'exponential':
      return `{exponential: {mean: ${t(dist.meanNs)}, max: ${t(dist.maxNs)}}}`
    case 'pareto':
      return `{pareto: {min: ${t(dist.minNs)}, alpha: ${dist.alpha}, max: ${t(dist.maxNs)}}}`
    case 'quantiles':
      return `{quantiles: {${dist.points.map(([p, ns]) => `p${p * 100}: ${t(ns)}`).join(', ')}}}`
    case 'mixture': {
      const parts = dist.parts.map(({ weight, of }) => `{weight: ${weight}, of: ${notation(of)}}`)
      return `{mixture: [${parts.join(', ')}]}`
    }
  }
}

function limits({ minNs, maxNs }: { readonly minNs: number; readonly maxNs: number }): string {
  return `min: ${formatDuration(minNs)}, max: ${formatDuration(maxNs)}`
}
