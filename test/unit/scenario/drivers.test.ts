/** Versions and variants of the driver as a scenario names them. */
import { describe, expect, it } from 'vitest'
import { driverVersionNames } from '../../../src/scenario/driver-kinds.ts'
import { runScenario } from '../../../src/scenario/run.ts'
import { faultsOf, minimal, specOf } from '../../support/scenario-text.ts'

function withDriver(driver: string): string {
  return minimal.replace('{kind: virtio-snd, version: v7}', driver)
}

describe('driver', () => {
  it.each(driverVersionNames)('%s probes and plays', (version) => {
    const spec = specOf(`${withDriver(`{version: ${version}}`)}duration: 100ms\n`)
    const { store, outcome } = runScenario(spec, 1)
    expect(outcome).toBe('completed')
    expect(store.length).toBeGreaterThan(100)
  })
  it('takes the variants of the review by their names', () => {
    const options = '{nonatomic: false, irqsave: false, freeInHwFree: true, resetWork: cancel}'
    expect(specOf(withDriver(`{version: v5, options: ${options}}`)).driver.variant).toEqual({
      atomic: true,
      plain_locks: true,
      free_always: true,
      reset_work: 'cancel',
    })
  })
  const unknown: readonly (readonly [string, string])[] = [
    ['v6', 'freeInHwFree: true'],
    ['v6', 'resetWork: cancel'],
    ['v7', 'nonatomic: false'],
    ['ack', 'irqsave: false'],
  ]
  it.each(unknown)('%s has no variant %s, and says where', (version, option) => {
    const lines = faultsOf(withDriver(`{version: ${version}, options: {${option}}}`))
    const name = option.split(':')[0]
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      new RegExp(`^a.yaml:3:\\d+: driver.options.${name}: the driver ${version} has no such`),
    )
  })
})
