/**
 * `guest.revert`: a kernel without one of its commits. What is refused, and what the kernel then
 * does. Commits, their order and the names in the reports are the kernel's.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { reportHead } from '../../../src/app/report-head.ts'
import { runScenario } from '../../../src/index.ts'
import { factsOf, kernelCommitIds } from '../../../src/model/linux/kernel-commits.ts'
import { buildWorld } from '../../../src/scenario/build.ts'
import { faultsOf, specOf, withLines } from '../../support/scenario-text.ts'

function refused(guest: string, set: readonly string[] = []): string {
  return faultsOf(withLines(`guest: ${guest}`), set).join('\n')
}

describe('guest.revert', () => {
  it('reaches the kernel, and stands in the report', () => {
    const spec = specOf(withLines('guest: {revert: [3c7df2e27346]}'))
    expect([...buildWorld(spec, 1).kernel.reverted]).toEqual(['3c7df2e27346'])
    expect(reportHead(spec, spec.seed)).toContain('Linux 6.1 without 3c7df2e27346, HZ=250')
    expect(buildWorld(specOf(withLines('')), 1).kernel.reverted.size).toBe(0)
  })

  it('the documentation has every commit, in the words of the list', () => {
    const page = readFileSync(new URL('../../../docs/scenario.md', import.meta.url), 'utf8')
    for (const id of kernelCommitIds) expect(page).toContain(`| \`${id}\` | ${factsOf(id).without}`)
  })

  it('refuses a commit that is not modelled', () => {
    const text = refused('{revert: [3c7df2e27364]}')
    expect(text).toContain('a.yaml:5:')
    expect(text).toContain('guest.revert')
    expect(text).toContain("'3c7df2e27364' is not known, did you mean '3c7df2e27346'?")
  })

  it('refuses a commit twice', () => {
    const text = refused('{revert: [3c7df2e27346, 3c7df2e27346]}')
    expect(text).toContain('guest.revert.1: 3c7df2e27346 is reverted already')
  })

  it('refuses to take out a commit from under another', () => {
    const text = refused('{revert: [67ec1072b053]}')
    expect(text).toContain(
      'guest.revert.0: f57f3df03a8e stands on 67ec1072b053, and is not reverted',
    )
    expect(text).toContain('with f57f3df03a8e beside it')
    expect(refused('{revert: [67ec1072b053, f57f3df03a8e]}')).toBe('')
  })

  it('refuses the locks of 5.0 on a realtime kernel', () => {
    const text = refused('{preempt: rt, revert: [f57f3df03a8e]}')
    expect(text).toContain('guest.revert.0: the locks before f57f3df03a8e are not modelled')
  })

  it.each(['v5', 'v6'])('refuses to take out of %s what came after it', (version) => {
    const text = refused('{revert: [3c7df2e27346]}', [`driver.version=${version}`])
    expect(text).toContain(`guest.revert.0: the driver ${version} never had 3c7df2e27346`)
    expect(text).toContain('with version v7 or ack')
  })

  it('refuses a commit of a driver that is not there', () => {
    const text = refused('{revert: [3c7df2e27346]}', ['driver.version=ack', 'driver.kind=ideal'])
    expect(text).toContain("guest.revert.0: the driver 'ideal' never had 3c7df2e27346")
    expect(text).toContain('with driver.kind virtio-snd')
    const aloop = refused('{revert: [67a01afaf3d3]}')
    expect(aloop).toContain("the driver 'virtio-snd' never had 67a01afaf3d3")
    expect(aloop).toContain('with driver.kind aloop')
  })
})

/** Probe asks for the streams; the device answers with an error. */
const refusedInfo = (guest: string, version: string) =>
  specOf(
    withLines(
      guest,
      'device: {kind: generic}',
      'faults: [{kind: control-error, request: PCM_INFO, status: IO_ERR, at: 0ns}]',
      'duration: 50ms',
    ).replace('[{}]', '[{name: a, start_at: 20ms}, {name: b, start_at: 20ms}]'),
    [`driver.version=${version}`],
  )

describe.each(['v7', 'ack'])('3c7df2e27346 and the driver %s', (version) => {
  it('without it remove() cancels work items that were only zeroed', () => {
    const { result } = runScenario(refusedInfo('guest: {revert: [3c7df2e27346]}', version))
    // WARN_ON(), not WARN_ON_ONCE(): for each stream of the device, two of either direction.
    expect(result.warnings.map((one) => one.kind)).toEqual(Array(4).fill('warning'))
    expect(result.log.filter(({ text }) => text.includes('__flush_work'))).toHaveLength(4)
    expect(result.log.map(({ text }) => text).join('\n')).toContain('probe failed with error -5')
  })

  it('with it probe fails in silence', () => {
    const { result } = runScenario(refusedInfo('', version))
    expect(result.warnings).toEqual([])
    expect(result.log.map(({ text }) => text).join('\n')).toContain('probe failed with error -5')
  })

  it('without it a probe that succeeds says nothing either', () => {
    const text = withLines('guest: {revert: [3c7df2e27346]}', 'duration: 100ms')
    expect(runScenario(specOf(text, [`driver.version=${version}`])).result.warnings).toEqual([])
  })
})
