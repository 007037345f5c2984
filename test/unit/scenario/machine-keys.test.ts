/** The machine's keys: what they mean to the world, and what is refused, with positions. */
import { describe, expect, it } from 'vitest'
import { buildWorld } from '../../../src/scenario/build.ts'
import { T, type TraceRecord } from '../../../src/sim/trace.ts'
import { faultsOf, specOf, withLines } from '../../support/scenario-text.ts'

describe('machine keys', () => {
  it('reach the model', () => {
    const spec = specOf(
      withLines(
        'guest: {cpus: 2, fair: eevdf, rt_runtime: unlimited, threadirqs: true, hz: 1000,',
        '  irq_affinity: {virtio0-virtqueues: 1},',
        '  tasks: [{name: hog, nice: 5, cpus: 1, busy: true}]}',
        'host: {cpus: 2, hz: 100, fair: cfs, kick: userspace, irq_route: irqfd,',
        '  vcpus: [{pin: 1, policy: fifo, priority: 3}],',
        '  tasks: [{name: noise, policy: rr, cpus: [0, 1], periodic: {period: 5ms, run: 1ms}}]}',
        'device: {clock: 20ppm, clock_wander: {ppm: 3ppm, period: 60s}, vectors: shared}',
        'duration: 60ms',
      ),
    )
    const { kernel, host, hypervisor, sim, store } = buildWorld(spec, 1)
    expect(kernel.fairTuning.flavour).toBe('eevdf')
    expect(kernel.config).toMatchObject({ rtRuntimeNs: -1, threadirqs: true, hz: 1000 })
    expect(host.fairTuning.flavour).toBe('cfs')
    expect(hypervisor.vcpus.map((one) => [one.task.policy, one.task.affinity])).toEqual(
      [
        ['fifo', [1]],
        ['fair', [0, 1]],
      ].map(([policy, list], i) => (i === 0 ? [policy, list] : [policy, null])),
    )
    sim.run(spec.durationNs)
    const names = store.symbols.entries('ctx').map((one) => `${one.group}/${one.name}`)
    expect(names).toEqual(expect.arrayContaining(['guest/hog', 'host/noise']))
    expect(names.some((name) => /^guest\/irq\/\d+-virtio0-virtqueues$/.test(name))).toBe(true)
    const exits = new Set<number>()
    const irqCpus = new Set<number>()
    store.replay({
      record: (r: TraceRecord) => {
        if (r.kind === T.kvm_exit) exits.add(r.a)
        const name = r.kind === T.irq_handler_entry ? store.symbols.name('irq', r.a) : ''
        if (name === 'virtio0-virtqueues') irqCpus.add(r.cpu)
      },
    })
    // A doorbell is an emulated register (2), never an ioeventfd (1).
    expect([...exits]).toContain(2)
    expect([...exits]).not.toContain(1)
    expect([...irqCpus]).toEqual([1])
  })

  it('a VM pause stops every vCPU and says so', () => {
    const spec = specOf(
      withLines('faults: [{kind: vm-pause, at: 20ms, for: 30ms}]', 'duration: 80ms'),
    )
    const { sim, store } = buildWorld(spec, 1)
    sim.run(spec.durationNs)
    const texts: string[] = []
    let ran = 0
    store.replay({
      record: (r: TraceRecord) => {
        if (r.kind === T.fault) texts.push(`${r.timeNs} ${store.symbols.name('text', r.a)}`)
        const guest = store.symbols.entry('ctx', r.context).group === 'guest'
        if (guest && r.timeNs > 20_100_000 && r.timeNs < 50_000_000) ran++
      },
    })
    expect(texts).toEqual(['20000000 the VM is paused for 30ms', '50000000 the VM goes on'])
    expect(ran).toBe(0)
  })

  it.each([
    ['host: {tasks: [{name: x}]}', 'a.yaml:5:16: host.tasks.0: says nothing of when it runs'],
    ['host: {tasks: [{name: x, busy: true, random: {gap: 1ms, run: 1ms}}]}', 'has random and busy'],
    ['host: {tasks: [{name: x, busy: false}]}', 'host.tasks.0.busy: must be true'],
    ['host: {tasks: [{name: x, priority: 3, busy: true}]}', 'the fair class has no priorities'],
    ['host: {tasks: [{name: x, policy: rr, nice: 3, busy: true}]}', 'rr tasks have no nice level'],
    ['host: {tasks: [{name: x, cpus: 5, busy: true}]}', 'there is no CPU 5'],
    ['guest: {tasks: [{name: x, polcy: rr, busy: true}]}', "did you mean 'policy'?"],
    ['host: {tasks: [{name: x, periodic: {period: 1ms}}]}', 'periodic.run: is missing'],
    ['host: {tasks: [{name: x, random: {gap: 1, run: 1ms}}]}', 'host.tasks.0.random.gap'],
    [
      'host: {tasks: [{name: x, recorded: [{at: 2ms, run: 1ms}, {at: 1ms, run: 1ms}]}]}',
      'ascending',
    ],
    ['host: {vcpus: [{}, {}, {}]}', '3 entries, but the guest has 2 CPUs'],
    ['host: {vcpus: [{pin: 2}]}', 'host.vcpus.0.pin: there is no CPU 2'],
    ['guest: {irq_affinity: {virtio0-virtqueue: 1}}', "did you mean 'virtio0-virtqueues'?"],
    ['guest: {rt_runtime: 2s}', 'guest.rt_runtime: more than the period'],
    ['guest: {threadirqs: yes}', "'yes' is not true or false"],
    ['device: {clock_wander: {ppm: 3ppm}}', 'device.clock_wander.period: is missing'],
    ['faults: [{kind: vm-pause, at: 9s, for: 1s}]', 'faults.0.at: the scenario ends at 5s'],
  ])('%s is refused', (line, fault) => {
    expect(faultsOf(withLines(line)).join('\n')).toContain(fault)
  })
})
