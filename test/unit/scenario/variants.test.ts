import { describe, expect, it } from 'vitest'
import { loadScenario } from '../../../src/index.ts'
import { faultsOf, minimal, specOf, specsOf, withLines } from '../../support/scenario-text.ts'

const two = withLines(
  'expect: {xruns: 0}',
  'variants:',
  '  - {name: slow, set: {guest.hz: 100, streams.0.rate: 8000}, expect: {xruns: ">= 1"}}',
  '  - {name: nested, guest: {hz: 1000}, driver: {options: {pcm_buffer_ms: 200}}}',
)

describe('variants', () => {
  it('give one scenario each, with paths and nested keys applied', () => {
    const [slow, nested] = specsOf(two)
    expect(slow).toMatchObject({ variant: 'slow', guest: { hz: 100 }, streams: [{ rate: 8_000 }] })
    expect(nested).toMatchObject({ variant: 'nested', guest: { hz: 1_000, kernel: '6.1' } })
    expect(nested?.driver.options).toMatchObject({ pcm_buffer_ms: 200, pcm_periods_max: 16 })
  })
  it('replace the verdicts or inherit them', () => {
    const [slow, nested] = specsOf(two)
    expect(slow?.expect[0]?.check).toEqual({ kind: 'range', range: { min: 1, unit: 'count' } })
    expect(nested?.expect[0]?.check).toMatchObject({ range: { min: 0, max: 0 } })
  })
  it('are validated where they land, and point at the override', () => {
    const text = withLines(
      'variants:',
      '  - {name: a, set: {guest.hz: 99}}',
      '  - {name: b, set: {streams.5.rate: 8000}}',
      '  - {name: c, set: {guest.hertz: 100}}',
      '  - {name: c, driver: {version: v9}}',
    )
    expect(faultsOf(text).map((line) => line.replace(/,.*/, ''))).toEqual([
      'a.yaml:6:31: guest.hz: 99 is not known',
      'a.yaml:7:21: variants.1.set.streams.5.rate: streams has no entry 5',
      'a.yaml:8:21: guest.hertz: unknown key',
      "a.yaml:9:12: variants.3.name: 'c' is also the name of variants.2",
      "a.yaml:9:33: driver.version: 'v9' is not known",
    ])
  })
  it('may supply what the file leaves out, but say a fault of the file once', () => {
    const partial = minimal.replace(/^driver.*\n/m, '')
    const text = `${partial}variants:\n  - {name: a, driver: {version: v7}}\n`
    expect(specsOf(text)).toHaveLength(1)
    expect(faultsOf(`${two}guest: {hzz: 1}\n`)).toHaveLength(1)
  })
  it('of the wrong shape are faults', () => {
    expect(faultsOf(withLines('variants: 3'))).toHaveLength(1)
    expect(faultsOf(withLines('variants: [3]'))).toHaveLength(1)
    expect(faultsOf(withLines('variants: [{set: {seed: 2}}]')).join()).toMatch(/name: is missing/)
    expect(faultsOf(withLines('variants: [{name: a, sett: {}}]')).join()).toMatch(/mean 'set'/)
  })
})

describe('--set', () => {
  it('wins over the file and over variants', () => {
    expect(specOf(minimal, ['streams.0.period_size=256f']).streams[0]?.period_size).toBe(256)
    expect(specOf(two, ['guest.hz=300']).guest.hz).toBe(300)
    expect(specOf(minimal, ['host.halt_poll=0ns', 'host.cpus=4']).host.cpus).toBe(4)
    expect(specOf(minimal, ['tags=[a, b]']).tags).toEqual(['a', 'b'])
  })
  it('is validated like the file, and named in the fault', () => {
    expect(faultsOf(minimal, ['streams.0.perod_size=1'])[0]).toMatch(
      /^--set streams\.0\.perod_size=1: streams\.0\.perod_size: unknown key, did you mean/,
    )
    expect(faultsOf(minimal, ['streams.1.rate=1'])[0]).toMatch(/streams has no entry 1/)
    expect(faultsOf(minimal, ['name.x=1'])[0]).toMatch(/name is not a mapping/)
    expect(faultsOf(minimal, ['__proto__.x=1'])[0]).toMatch(/not a key/)
  })
  it('changes the chosen variants alone, which alone have to bear it', () => {
    const text = withLines(
      'variants:',
      '  - {name: old, driver: {version: v5}}',
      '  - {name: new, driver: {version: v7}}',
    )
    const set = ['driver.options.highpriWork=true']
    expect(faultsOf(text, set).join()).toMatch(/highpriWork/)
    const [old, made] = loadScenario(text, { set, filter: '/new' })
    expect(JSON.stringify(old?.driver)).not.toContain('"highpri_work":true')
    expect(JSON.stringify(made?.driver)).toContain('"highpri_work":true')
  })
})
