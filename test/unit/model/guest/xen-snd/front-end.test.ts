/** The Xen front end as domain/xen-sndif.md says: requests, rules, ops, locks. */
import { describe, expect, it } from 'vitest'
import { CODES } from '../../../../../src/sim/trace-kinds.ts'
import { FREE, type XenRun, xenRun } from './xen-run.ts'

const WORDS = CODES['xensnd'] as readonly string[]
const word = (code: number | undefined): string => WORDS[code ?? -1] ?? ''
const ops = (run: XenRun): string[] => run.rows('xensnd_request').map((r) => word(r.args[0]))

/** A scripted client on an otherwise usual card. */
function scripted(calls: readonly string[], more = '', costs = FREE): XenRun {
  return xenRun(`duration: 9s
${costs}driver: {kind: xen-snd}
streams:
  - name: s
    client: scripted
    period_size: 480
    periods: 4
    options: {script: [${calls.map((one) => `{${one}}`).join(', ')}]}
${more}`)
}

const LIFE = [
  'call: open',
  'call: hw_params',
  'call: sw_params, start_threshold: 1920',
  'call: prepare',
  'call: writei, frames: 1920',
  'call: sleep, for: 55ms',
  'call: drop',
  'call: close',
]

describe('requests', () => {
  const run = scripted(LIFE)

  it('come in the order of a life; a second prepare sends none', () => {
    const seen = ops(run).filter((one) => one !== 'HW_PARAM_QUERY')
    expect(seen).toEqual(['OPEN', 'WRITE', 'START', 'STOP', 'CLOSE'])
    const twice = scripted([...LIFE.slice(0, 7), 'call: prepare', 'call: close'])
    expect(ops(twice).filter((one) => one === 'OPEN')).toHaveLength(1)
  })

  it('one at a time: each is answered before the next', () => {
    const both = [...run.rows('xensnd_request'), ...run.rows('xensnd_request_done')]
    const order = both.toSorted((a, b) => a.timeNs - b.timeNs || a.args.length - b.args.length)
    expect(run.rows('xensnd_request')).toHaveLength(run.rows('xensnd_request_done').length)
    const ends = run.rows('xensnd_request_done').map((r) => r.timeNs)
    run.rows('xensnd_request').forEach((r, i) => {
      if (i > 0) expect(r.timeNs).toBeGreaterThanOrEqual(ends[i - 1] as number)
    })
    expect(order.length).toBe(2 * ends.length)
  })

  it('ids begin at 0 with open and with hw_params; those of events go on', () => {
    const first = run.rows('xensnd_request').map((r) => [word(r.args[0]), r.args[2]])
    expect(first[0]).toEqual(['HW_PARAM_QUERY', 0])
    expect(first.find(([op]) => op === 'OPEN')).toEqual(['OPEN', 0])
    const again = scripted([...LIFE, ...LIFE])
    const events = again.rows('xensnd_event').map((r) => [r.args[1], r.args[2]])
    expect(events).toHaveLength(8)
    for (const [i, [id, expected]] of events.entries()) expect([id, expected]).toEqual([i, i])
  })

  it('a back end that numbers events anew with OPEN is not heard any more', () => {
    const again = scripted([...LIFE, ...LIFE], 'device: {event_ids: restart}\n')
    const events = again.rows('xensnd_event')
    const second = events.filter((r) => r.args[1] !== r.args[2])
    expect(second.length).toBeGreaterThanOrEqual(4)
    const { silentFailures } = again.result.streams['s']!
    expect(silentFailures.map((f) => f.kind)).toContain('lost-event')
  })
})

describe('hw_params', () => {
  it('asks the back end 5 to 15 times in the one ioctl, once for each evaluation of a rule', () => {
    const run = scripted(LIFE, '', '')
    const HW_PARAMS = (CODES['call'] as readonly string[]).indexOf('hw_params')
    const [enter] = run.rows('syscall_enter').filter((r) => r.args[1] === HW_PARAMS)
    const [exit] = run.rows('syscall_exit').filter((r) => r.args[1] === HW_PARAMS)
    const asked = run
      .rows('xensnd_request')
      .filter((r) => r.timeNs >= enter!.timeNs && r.timeNs <= exit!.timeNs)
    expect(new Set(asked.map((r) => word(r.args[0])))).toEqual(new Set(['HW_PARAM_QUERY']))
    expect(asked.length).toBeGreaterThanOrEqual(5)
    expect(asked.length).toBeLessThanOrEqual(15)
  })
})

describe('ops', () => {
  it('refuse mmap and pause, which the hardware flags do not offer', () => {
    const paused = scripted([...LIFE.slice(0, 5), 'call: pause', 'call: close'])
    expect(paused.log).toContain('pause() = -ENOSYS')
    const mapped = scripted(['call: open', 'call: hw_params, mmap: true'])
    expect(mapped.log.join()).toContain('hw_params() = -EINVAL')
  })

  it('hw_params again frees the buffer that the back end still has mapped', () => {
    const calls = [...LIFE.slice(0, 4), 'call: hw_params', 'call: close']
    expect(scripted(calls).log.join()).toContain('deferring g.e. 0x')
    expect(scripted(LIFE).log.join()).not.toContain('deferring')
  })

  it('hw_params without memory is -ENOMEM, and nothing is left behind', () => {
    const run = scripted(LIFE.slice(0, 3), 'faults: [{kind: alloc-failure, at: 0ns}]\n')
    expect(run.log).toContain('hw_params() = -ENOMEM')
    expect(run.log).toContain('vsnd: Failed to allocate buffers for stream with index 0')
    expect(run.result.memory).toEqual([])
  })

  it('capture reads first and copies then: frames come in order', () => {
    const run = xenRun(`duration: 500ms
driver: {kind: xen-snd, options: {periodTest: '>='}}
streams: [{name: s, client: arecord, period_size: 480, periods: 4}]
`)
    expect(ops(run)).toContain('READ')
    const parts = run.rows('snd_pcm_transfer')
    expect(parts.length).toBeGreaterThan(30)
    let next = parts[0]!.args[1] as number
    for (const { args } of parts) {
      expect(args[1]).toBe(next)
      next = (args[1] as number) + (args[2] as number)
    }
  })

  it('a request on a disconnected channel is -EIO, and its slot is filled again', () => {
    const run = xenRun(`duration: 9s
driver: {kind: xen-snd}
streams: [{name: s, client: aplay, period_size: 480, periods: 4}]
faults: [{kind: backend-close, at: 100ms}]
`)
    const done = run.rows('xensnd_request_done').map((r) => [word(r.args[0]), r.args[3]])
    // STOP by the disconnection, CLOSE by the client's close: 3 s each, nobody is there.
    expect(done.slice(-2)).toEqual([
      ['STOP', -110],
      ['CLOSE', -110],
    ])
  })
})

describe('a timed out request', () => {
  it('is given up after 3 s, and its late answer is dropped by its id', () => {
    const fault = 'faults: [{kind: control-slow, request: OPEN, by: 3100ms, at: 0ns}]\n'
    const run = scripted([...LIFE.slice(0, 4), 'call: close'], fault)
    const done = run.rows('xensnd_request_done').filter((r) => word(r.args[0]) === 'OPEN')
    expect(done.map((r) => r.args[3])).toEqual([-110])
    // 750 jiffies of HZ=250, plus the granule of the timer wheel's level.
    const asked = run.rows('xensnd_request').filter((r) => word(r.args[0]) === 'OPEN')
    const waited = (done[0]!.timeNs - asked[0]!.timeNs) / 1e9
    expect(waited).toBeGreaterThanOrEqual(3)
    expect(waited).toBeLessThan(3.3)
    const answers = run.rows('xensnd_response').filter((r) => r.args[1] === done[0]!.args[1])
    const late = answers.find((r) => word(r.args[0]) === 'OPEN')!
    expect(late.args[2]).not.toBe(late.args[4])
  })
})

describe('an event of the last life', () => {
  it('between open and hw_params divides by a frame of no bits: the thread dies', () => {
    const again = [...LIFE, 'call: open', 'call: sleep, for: 20ms', 'call: hw_params']
    const run = scripted(again, 'device: {events_after_stop: go-on}\n')
    expect(run.result.warnings.map((one) => one.text).join()).toContain('divide error')
    // With the ring's lock held, so that hw_params waits for ever.
    expect(run.log.filter((line) => line.startsWith('hw_params()'))).toHaveLength(1)
  })
})

describe('a slow STOP', () => {
  const run = xenRun(`duration: 3s
driver: {kind: xen-snd, options: {periodTest: '>='}}
streams:
  - {name: s, client: aplay, period_size: 480, periods: 4, stalls: [{at: 300ms, for: 60ms}]}
faults: [{kind: control-slow, request: STOP, by: 2s, at: 0ns}]
`)
  const stop = run.rows('xensnd_request').find((r) => word(r.args[0]) === 'STOP')!
  const done = run.rows('xensnd_request_done').find((r) => word(r.args[0]) === 'STOP')!
  const held = run.rows('device_event').filter((r) => {
    return r.timeNs > stop.timeNs && r.timeNs < done.timeNs
  })

  it('fills the page: 63 entries, the event that waits is one; others are lost', () => {
    expect(held.filter((r) => r.args[2] === 1)).toHaveLength(62)
    expect(held.filter((r) => r.args[2] === 0).length).toBeGreaterThan(100)
  })
  it('is waited for in the thread of the event channel, which reads nothing meanwhile', () => {
    expect(stop.context).toContain('vsnd-evt-ring-ref0')
    const read = run.rows('xensnd_event').filter((r) => {
      return r.timeNs > stop.timeNs && r.timeNs < done.timeNs
    })
    expect(read).toEqual([])
    expect((done.timeNs - stop.timeNs) / 1e9).toBeCloseTo(2, 2)
  })
})

describe('locks', () => {
  const text = (client: string): string => `duration: 1s
driver: {kind: xen-snd, options: {periodTest: '>='}}
streams: [{name: s, ${client}, period_size: 480, periods: 4}]
`
  const run = xenRun(text('client: aplay'))
  const late = xenRun(text('client: aplay, stalls: [{at: 300ms, for: 60ms}]'))

  it('the order is stream mutex, req_io_lock, ring_io_lock; events the other way round', () => {
    const edges = new Set(run.result.locks.edges.map((e) => `${e.before} -> ${e.after}`))
    expect(edges).toContain('&group->mutex -> &channel->u.req.req_io_lock')
    expect(edges).toContain('&channel->u.req.req_io_lock -> &channel->ring_io_lock')
    expect(edges).toContain('&channel->ring_io_lock -> &group->mutex')
  })

  it('circular on &channel->ring_io_lock, a false positive: no cycle of instances', () => {
    const { predicted, actual } = run.result.locks
    expect(predicted.map((one) => one.kind)).toEqual(['circular'])
    expect(new Set(predicted[0]!.classes)).toEqual(
      new Set(['&channel->ring_io_lock', '&group->mutex', '&channel->u.req.req_io_lock']),
    )
    expect(predicted[0]!.text).toContain('only the classes form it')
    expect(actual).toEqual([])
    expect(run.result.outcome).toBe('completed')
  })

  it('recursive when an event finds an xrun: evt.ring_io_lock held, req.ring_io_lock taken', () => {
    expect(late.result.streams['s']!.xruns).toHaveLength(1)
    const found = late.result.locks.predicted
    expect(found.map((one) => one.kind)).toContain('recursive')
    const recursive = found.find((one) => one.kind === 'recursive')!
    expect(recursive.classes).toEqual(['&channel->ring_io_lock'])
    expect(recursive.text).toContain('evt[0].ring_io_lock')
    expect(recursive.text).toContain('req[0].ring_io_lock')
    for (const one of found) expect(one.text).toContain('only the classes form it')
    expect(late.result.locks.actual).toEqual([])
  })
})
