/** Scenario texts for tests, and the loading of them without a file system. */
import { loadText, parseOverride } from '../../src/app/Load.ts'
import type { ScenarioSpec } from '../../src/scenario/spec.ts'
import type { Override } from '../../src/scenario/variants.ts'

export const minimal = `version: 1
name: minimal
driver: {kind: virtio-snd, version: v7}
streams: [{}]
`

/** The smallest scenario with more lines below it. */
export function withLines(...lines: readonly string[]): string {
  return `${minimal}${lines.join('\n')}\n`
}

/** The smallest scenario with this one stream. */
export function withStream(stream: string): string {
  return minimal.replace('[{}]', `[${stream}]`)
}

export function faultsOf(text: string, set: readonly string[] = []): readonly string[] {
  return loadText({ name: 'a.yaml', text }, overrides(set)).lines
}

export function specsOf(text: string, set: readonly string[] = []): readonly ScenarioSpec[] {
  const loaded = loadText({ name: 'a.yaml', text }, overrides(set))
  if (loaded.specs === null) throw new Error(loaded.lines.join('\n'))
  return loaded.specs
}

export function specOf(text: string, set: readonly string[] = []): ScenarioSpec {
  return specsOf(text, set)[0] as ScenarioSpec
}

function overrides(set: readonly string[]): readonly Override[] {
  return set.map((one) => {
    const parsed = parseOverride(one)
    if (typeof parsed === 'string') throw new Error(parsed)
    return parsed
  })
}
