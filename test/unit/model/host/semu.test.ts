/**
 * semu's device: the vCPU's thread counts kicks under a mutex that the tx thread holds while it
 * waits for room in the host queue (sysprog21/semu#130), or does not (#132).
 */
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'

interface Setup {
  readonly version?: string
  readonly mutex?: string
  readonly depth?: number
  readonly periods?: number
  readonly more?: string
  readonly client?: string
}

function play(setup: Setup) {
  const { version = 'ack', mutex = 'held', depth = 1, periods = 4, more = '' } = setup
  const { client = 'client: aplay, length: 200ms' } = setup
  const [spec] = loadScenario(
    [
      'version: 1',
      'name: semu',
      'duration: 1500ms',
      'guest: {cpus: 1}',
      `driver: {kind: virtio-snd, version: ${version}, options: {msg_timeout: 300ms}}`,
      `device: {kind: semu, host_queue: {depth: ${depth}, mutex: ${mutex}}}`,
      `streams: [{name: s, period_size: 480, periods: ${periods}, ${client}}]`,
      more,
    ].join('\n'),
  )
  const { result } = runScenario(spec!)
  return { result, stream: result.streams.s! }
}

describe('the mutex held over the hand-over', () => {
  it('stops the guest: the cycle of who waits for whom is told', () => {
    const { result } = play({})
    expect(result.outcome).toBe('deadlock')
    expect(result.locks.actual).toHaveLength(1)
    const [report] = result.locks.actual
    expect(report?.text).toContain('vcpu0 waits for virtio_snd_mutex held by semu-tx')
    expect(report?.text).toContain('semu-tx waits for room in the host queue from semu-audio')
    expect(report?.text).toContain('semu-audio waits for START from vcpu0')
  })

  // Before START the driver kicks once a period. The message behind a full queue puts the tx thread
  // to sleep, the kick after it the vCPU: so it takes depth + 2 periods. (One more makes it sure: a
  // tx thread that is late finds the last two together.)
  it.each([
    [4, 1],
    [4, 2],
    [6, 3],
    [8, 5],
  ])('ring of %i periods, queue of %i: never starts', (periods, depth) => {
    const { result, stream } = play({ periods, depth })
    expect(result.outcome).toBe('deadlock')
    expect(stream.frames.written).toBeLessThan(periods * 480)
    expect(stream.finalState).toBe('PREPARED')
  })

  it.each([
    [2, 1],
    [4, 3],
    [6, 5],
  ])('ring of %i periods, queue of %i: starts', (periods, depth) => {
    const { stream } = play({ periods, depth })
    expect(stream.frames.written).toBeGreaterThanOrEqual(periods * 480)
    expect(stream.frames.played).toBeGreaterThan(0)
  })

  it('is taken by the tx thread alone where the doorbell is an ioeventfd', () => {
    const { result } = play({ more: 'host: {kick: ioeventfd}' })
    expect(result.outcome).toBe('completed')
    expect(result.locks.actual).toEqual([])
  })

  it('does not stop the merged driver, which kicks once before START', () => {
    expect(play({ version: 'v7' }).result.outcome).toBe('completed')
  })
})

describe('the mutex released before the hand-over', () => {
  it.each([1, 2, 3])('a queue of %i plays', (depth) => {
    const { result, stream } = play({ mutex: 'released', depth })
    expect(result.outcome).toBe('completed')
    expect(result.locks.actual).toEqual([])
    expect(stream.errors).toEqual([])
    expect(stream.frames.written).toBeGreaterThanOrEqual(9600)
  })
})

describe('RELEASE while the tx thread waits for room', () => {
  const script = [
    '{call: open}',
    '{call: hw_params}',
    '{call: sw_params, start_threshold: 960}',
    '{call: prepare}',
    '{call: writei, frames: 960}',
    '{call: drop, at: 15ms}',
    '{call: hw_free}',
    '{call: close}',
  ]
  const client = `client: scripted, options: {script: [${script.join(', ')}]}`

  it('ends the wait where the mutex is released', () => {
    const { result, stream } = play({ version: 'v7', mutex: 'released', client })
    expect(stream.errors).toEqual([])
    expect(result.log.filter(({ text }) => text.includes('failed to flush'))).toEqual([])
  })

  it('does not before: the driver waits for its messages in vain', () => {
    const { result } = play({ version: 'v7', client })
    expect(result.log.filter(({ text }) => text.includes('failed to flush'))).toHaveLength(1)
  })
})
