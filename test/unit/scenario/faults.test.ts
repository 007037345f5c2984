/** Each injected fault does what it says, and leaves a record that says so. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { faultKinds } from '../../../src/scenario/fault-spec.ts'
import { runScenario } from '../../../src/scenario/run.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { RECORDS, type RecordName } from '../../../src/sim/trace-kinds.ts'
import { faultsOf, specOf } from '../../support/scenario-text.ts'

interface Given {
  readonly version?: string
  readonly device?: string
  readonly stream?: string
  readonly duration?: string
}

function textOf(fault: string, given: Given = {}): string {
  const { version = 'v7', device = '{kind: qemu}', duration = '400ms' } = given
  const stream = given.stream ?? '{name: music, period_size: 480, periods: 4}'
  return `version: 1
name: faults
duration: ${duration}
driver: {kind: virtio-snd, version: ${version}}
device: ${device}
streams: [${stream}]
faults: [${fault}]
`
}

function played(fault: string, given: Given = {}) {
  const { store } = runScenario(specOf(textOf(fault, given)), 1)
  const all = (name: RecordName): readonly TraceRecord[] => {
    const found: TraceRecord[] = []
    store.replay({
      record: (r) => {
        if (r.kind === T[name]) found.push(Object.assign(new TraceRecord(), r))
      },
    })
    return found
  }
  const texts = (name: 'fault' | 'printk') => all(name).map((r) => store.symbols.name('text', r.a))
  const failed = () => all('syscall_exit').filter((r) => r.c < 0)
  const codes = () => all('virtsnd_ctl_done').map((r) => r.d)
  return { all, texts, failed, codes }
}

/** Notifications of the device that became no interrupt, and the other way round. */
function balance(run: ReturnType<typeof played>): number {
  const sent = run.all('virtio_notify').filter((r) => r.b === 1).length
  return run.all('irq_raise').length - sent
}

describe('interrupts and doorbells', () => {
  it('drop: one fewer is raised than sent', () => {
    const run = played('{kind: drop-interrupt, queue: tx, at: 100ms}')
    expect(balance(run)).toBe(-1)
    expect(run.texts('fault')).toEqual(['interrupt of tx lost'])
  })
  it('delay: the handler runs that much later', () => {
    const run = played('{kind: delay-interrupt, queue: tx, at: 100ms, by: 3ms}')
    const [fault] = run.all('fault')
    const next = run.all('irq_handler_entry').find((r) => r.timeNs > (fault?.timeNs ?? 0))
    expect((next?.timeNs ?? 0) - (fault?.timeNs ?? 0)).toBeGreaterThanOrEqual(3_000_000)
  })
  it('duplicate: the second finds nothing to do', () => {
    const run = played('{kind: duplicate-interrupt, queue: tx, at: 100ms, by: 1ms}')
    expect(run.all('irq_handler_exit').filter((r) => r.b === 0)).toHaveLength(1)
  })
  it('lost kick: no exit, the device does not see it', () => {
    const kicks = (fault: string) =>
      played(fault, { version: 'ack' })
        .all('kvm_exit')
        .filter((r) => r.a === 1).length
    const none = kicks('{kind: lost-kick, queue: event, at: 100ms}')
    const run = played('{kind: lost-kick, queue: tx, at: 100ms}', { version: 'ack' })
    expect(run.texts('fault')).toEqual(['doorbell of tx lost'])
    expect(kicks('{kind: lost-kick, queue: tx, at: 100ms}')).toBeLessThan(none)
  })
  it('are hit with a probability that the seed decides', () => {
    const fault = '{kind: drop-interrupt, queue: tx, probability: 0.2}'
    const hits = played(fault).all('fault').length
    expect(hits).toBeGreaterThan(0)
    expect(played(fault).all('fault').length).toBe(hits)
  })
  it('are hit within the time given', () => {
    const run = played('{kind: delay-interrupt, queue: tx, by: 1ms, at: 100ms, for: 50ms}')
    const times = run.all('fault').map((r) => r.timeNs)
    expect(times.length).toBeGreaterThan(1)
    expect(Math.max(...times)).toBeLessThan(150_000_000)
  })
})

describe('answers to control requests', () => {
  it('slow: the call lasts that long', () => {
    const run = played('{kind: control-slow, request: PREPARE, by: 50ms, at: 0ns}')
    const [sent] = run.all('virtsnd_ctl_send').filter((r) => r.a === 3)
    const [done] = run.all('virtsnd_ctl_done').filter((r) => r.a === 3)
    expect((done?.timeNs ?? 0) - (sent?.timeNs ?? 0)).toBeGreaterThanOrEqual(50_000_000)
  })
  it('missing: the driver times out', () => {
    const given = { duration: '2s' }
    const run = played('{kind: control-missing, request: PREPARE, at: 0ns}', given)
    expect(run.codes()).toContain(20)
    expect(run.texts('printk')).toContainEqual(expect.stringContaining('(0x00000102) timeout'))
  })
  it('error: the call fails with it', () => {
    const run = played('{kind: control-error, request: PREPARE, status: NOT_SUPP, at: 0ns}')
    expect(run.codes()).toContain(18)
    expect(run.failed()).toContainEqual(expect.objectContaining({ c: -95 }))
  })
  it('out of order: it comes after the next one', () => {
    const streams = '{name: a, period_size: 480}, {name: b, period_size: 480}'
    const fault = '{kind: control-reorder, request: SET_PARAMS, at: 0ns}'
    const run = played(fault, { stream: streams })
    const pushed = run.all('virtqueue_push').filter((r) => r.a === 0)
    const popped = run.all('virtqueue_pop').filter((r) => r.a === 0)
    expect(pushed.slice(1, 3).map((r) => r.b)).toEqual([popped[2]?.b, popped[1]?.b])
  })
})

describe('things done once', () => {
  it('device-stall: no completion meanwhile', () => {
    const run = played('{kind: device-stall, at: 100ms, for: 50ms}')
    const during = (r: TraceRecord) => r.timeNs > 100_100_000 && r.timeNs < 150_000_000
    expect(run.all('virtqueue_push').filter(during)).toEqual([])
    expect(run.texts('fault')).toHaveLength(1)
  })
  it('needs-reset: the driver of v5 binds anew', () => {
    const run = played('{kind: needs-reset, at: 100ms}', { version: 'v5', duration: '3s' })
    const probes = run.all('virtsnd_ctl_send').filter((r) => r.a === 1)
    expect(probes.length).toBe(2)
  })
  it('hot-remove: the client loses its device', () => {
    const run = played('{kind: hot-remove, at: 100ms}', { duration: '3s' })
    expect(run.failed().length).toBeGreaterThan(0)
    expect(run.all('snd_pcm_state').at(-1)?.c).toBe(8)
  })
  it('signal: the call of the client ends with EINTR', () => {
    const run = played('{kind: signal, stream: music, at: 105ms}')
    expect(run.failed()).toContainEqual(expect.objectContaining({ c: -4 }))
  })
  it('vm-pause: nothing runs in the guest', () => {
    const run = played('{kind: vm-pause, at: 100ms, for: 50ms}')
    const during = (r: TraceRecord) => r.timeNs > 100_100_000 && r.timeNs < 150_000_000
    expect(run.all('irq_handler_entry').filter(during)).toEqual([])
  })
  it('suspend: streams are suspended, user space stands still, all comes back', () => {
    const run = played('{kind: suspend, at: 100ms, for: 50ms}')
    expect(run.all('snd_pcm_state').map((r) => r.c)).toContain(7)
    const during = (r: TraceRecord) => r.timeNs > 103_000_000 && r.timeNs < 150_000_000
    expect(run.all('syscall_exit').filter(during)).toEqual([])
    expect(run.texts('fault').at(-1)).toBe('the system has resumed')
  })
  it('xrun-event: the event queue returns an element', () => {
    const run = played('{kind: xrun-event, stream: music, at: 105ms}')
    const got = run.all('virtqueue_get_buf').filter((r) => r.a === 1)
    expect(got).toHaveLength(1)
  })
  it('bad-used-id: the driver breaks the queue', () => {
    const run = played('{kind: bad-used-id, queue: tx, at: 105ms}')
    expect(run.texts('printk')).toContainEqual(expect.stringContaining('is not a head!'))
  })
})

describe('the rest', () => {
  it('alloc-failure: by kind of allocation', () => {
    const run = played('{kind: alloc-failure, gfp: GFP_KERNEL, at: 0ns, count: 1}')
    expect(run.texts('fault')).toEqual(['allocation with GFP_KERNEL fails'])
  })
  it('come at a record', () => {
    const when = '{event: virtio_snd:ctl_msg_send, args: {code: START}, after: 1ms}'
    const run = played(`{kind: device-stall, for: 20ms, when: ${when}}`)
    const [start] = run.all('virtsnd_ctl_send').filter((r) => r.a === 5)
    expect(run.all('fault')[0]?.timeNs).toBe((start?.timeNs ?? 0) + 1_000_000)
  })
  it('are the ones that the page lists, and records exist for the names of events', () => {
    const page = readFileSync(new URL('../../../docs/scenario.md', import.meta.url), 'utf8')
    for (const kind of Object.keys(faultKinds)) expect(page).toContain(`\`${kind}\``)
    expect(RECORDS.virtsnd_ctl_send[0]).toBe('virtio_snd:ctl_msg_send')
  })
})

describe('faults of the file', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{kind: lost-kik, at: 0ns}', /kind: 'lost-kik' is not known, did you mean 'lost-kick'/],
    ['{kind: lost-kick}', /faults\.0: says nothing of when it comes/],
    ['{kind: vm-pause, at: 1ms}', /faults\.0: vm-pause needs 'for'/],
    ['{kind: hot-remove, at: 1ms, by: 2ms}', /faults\.0\.by: hot-remove does not take this/],
    ['{kind: signal, at: 1ms, stream: musik}', /there is no stream 'musik', did you mean 'music'/],
    ['{kind: hot-remove, at: 9s}', /faults\.0\.at: the scenario ends at/],
    ['{kind: lost-kick, probability: 2}', /2 is not a probability/],
    ['{kind: hot-remove, when: {event: virtio:kick}}', /there is no record 'virtio:kick'/],
    [
      '{kind: hot-remove, when: {event: snd_pcm:xrun, args: {couse: ack}}}',
      /couse: the record has no such argument, did you mean 'cause'/,
    ],
  ]
  it.each(cases)('%s', (fault, expected) => {
    expect(faultsOf(textOf(fault)).join('\n')).toMatch(expected)
  })
  it('overlapping pauses', () => {
    const text = textOf('{kind: vm-pause, at: 1ms, for: 9ms}, {kind: suspend, at: 5ms, for: 1ms}')
    expect(faultsOf(text).join('\n')).toMatch(/faults\.1: overlaps faults\.0/)
  })
})
