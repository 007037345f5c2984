/** Devices as a scenario names them: each plays, and takes its own keys only. */
import { describe, expect, it } from 'vitest'
import { buildResult } from '../../../src/analysis/result.ts'
import { runScenario } from '../../../src/scenario/run.ts'
import { faultsOf, minimal, specOf } from '../../support/scenario-text.ts'

function withDevice(device: string, stream = '{}'): string {
  return `${minimal.replace('[{}]', `[${stream}]`)}device: ${device}\nduration: 500ms\n`
}

function played(device: string, stream: string) {
  const spec = specOf(withDevice(device, stream))
  const { store, outcome, virtualTimeNs, streamNames } = runScenario(spec, 1)
  const meta = { scenario: '', variant: null, seed: 1, virtualTimeNs, outcome, fingerprint: '' }
  return buildResult(store, { ...meta, streamNames })
}

const large = '{name: music, period_size: 2400, periods: 5}'

describe('devices', () => {
  const all: readonly (readonly [string])[] = [
    ['{kind: qemu, backend: none}'],
    ['{kind: qemu, backend: wav}'],
    ['{kind: qemu, backend: alsa}'],
    ['{kind: qemu, backend: pipewire}'],
    ['{kind: qemu, backend: pulse, vectors: per-queue}'],
    ['{kind: vhost-user, backend: pipewire}'],
    ['{kind: vhost-user, backend: pipewire, threads: 3}'],
    ['{kind: crosvm}'],
    ['{kind: generic}'],
    ['{kind: generic, pacing: {kind: timer-bucket, tick: 5ms, bucket: 1024}}'],
  ]
  it.each(all)('%s plays at the rate', (device) => {
    const { streams, warnings, locks } = played(device, large)
    expect(streams.music?.frames.played).toBeGreaterThan(12_000)
    expect(streams.music?.frames.played).toBeLessThan(27_000)
    expect(warnings).toEqual([])
    expect(locks.actual).toEqual([])
  })
  it('the null back end drops everything at once', () => {
    const { streams } = played('{kind: vhost-user, backend: null}', large)
    expect(streams.music?.frames.played).toBeGreaterThan(48_000)
  })
  it('control answers take the time of the distribution', () => {
    const slow = '{kind: generic, control_latency: {uniform: {min: 20ms, max: 30ms}}}'
    const late = played(slow, large).streams.music?.frames.played ?? 0
    const prompt = played('{kind: generic}', large).streams.music?.frames.played ?? 0
    expect(late).toBeLessThan(prompt - 48 * 40)
  })
})

describe('faults of the file', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{kind: qemo}', /device\.kind: 'qemo' is not known, did you mean 'qemu'/],
    ['{kind: qemu, copy: on-arrival}', /device\.copy: the device 'qemu' does not take this/],
    [
      '{kind: generic, host_queue: {depth: 4}}',
      /device\.host_queue: the device 'generic' does not take this/,
    ],
    ['{kind: semu, host_queue: {mutex: free}}', /device\.host_queue\.mutex: .*released, held/],
    ['{kind: crosvm, threads: 3}', /device\.threads: the device 'crosvm' does not take this/],
    ['{kind: qemu, backend: "null"}', /device\.backend: 'qemu' has no back end 'null'/],
    ['{kind: vhost-user, backend: wav}', /'vhost-user' has no back end 'wav', allowed: alsa/],
    ['{kind: generic, pacing: {kind: pull}}', /device\.pacing: pacing 'pull' needs 'quantum'/],
    ['{kind: generic, pacing: {kind: exact, tick: 1ms}}', /pacing 'exact' does not take this/],
    ['{kind: generic, copy: sometimes}', /device\.copy: 'sometimes' is not known/],
  ]
  it.each(cases)('%s', (device, expected) => {
    expect(faultsOf(withDevice(device)).join('\n')).toMatch(expected)
  })
})
