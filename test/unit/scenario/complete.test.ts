import { describe, expect, it } from 'vitest'
import { faultsOf, minimal, specOf, withLines, withStream } from '../../support/scenario-text.ts'

function streamOf(stream: string) {
  return specOf(withStream(stream)).streams[0]
}

describe('defaults', () => {
  it('make a scenario of a name, a driver and a stream', () => {
    const spec = specOf(minimal)
    expect(spec.durationNs).toBe(5_000_000_000)
    expect(spec.guest).toMatchObject({ kernel: '6.1', hz: 250, preempt: 'voluntary' })
    expect(spec.host.haltPollNs).toBe(200_000)
    expect(spec.device).toMatchObject({ kind: 'qemu', backend: 'none', timerPeriodNs: 10_000_000 })
  })
  it('are those of aplay: four periods of 500 ms', () => {
    expect(streamOf('{}')).toMatchObject({
      name: 'playback0',
      rate: 48_000,
      period_size: 6_000,
      periods: 4,
      buffer_size: 24_000,
      start_threshold: 24_000,
      stop_threshold: 24_000,
      avail_min: 6_000,
      onXrun: 'recover',
    })
  })
  it('follow from what is given', () => {
    expect(streamOf('{period_size: 480}')).toMatchObject({ periods: 4, buffer_size: 1_920 })
    expect(streamOf('{period_size: 10ms, buffer_size: 30ms}')).toMatchObject({ periods: 3 })
    expect(streamOf('{buffer_size: 2000, periods: 5}')).toMatchObject({ period_size: 400 })
    expect(streamOf('{rate: 44100, period_size: 10ms}')).toMatchObject({ period_size: 441 })
    expect(streamOf('{stop_threshold: boundary}')).toMatchObject({ stop_threshold: 'boundary' })
    expect(streamOf('{length: 2s}')).toMatchObject({ frames: 96_000 })
  })
  it('take costs from a preset and single overrides', () => {
    const spec = specOf(
      withLines(
        'guest: {costs: {preset: ideal, syscall_entry: 1us,',
        '  printk: {uniform: {min: 1us, max: 2us}}}}',
        'host: {costs: ideal}',
      ),
    )
    expect(spec.guest.costs.syscall_entry).toEqual({ kind: 'constant', ns: 1_000 })
    expect(spec.guest.costs.printk).toEqual({ kind: 'uniform', minNs: 1_000, maxNs: 2_000 })
    expect(spec.guest.costs.mutex_lock).toEqual({ kind: 'constant', ns: 0 })
    expect(spec.host.costs.vm_exit).toEqual({ kind: 'constant', ns: 0 })
  })
})

describe('cross checks', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      '{period_size: 480, periods: 4, buffer_size: 1000}',
      /buffer_size: 1000 frames are not period/,
    ],
    ['{period_size: 480, periods: 0}', /periods: 0 periods are not possible.*2\.\.16/],
    ['{period_size: 480, periods: 1}', /periods: 1 periods are not possible/],
    ['{period_size: 480, periods: 17}', /periods: 17 periods are not possible/],
    ['{period_size: 0, periods: 4}', /period_size: a period of 0 frames/],
    ['{period_size: 1, periods: 4}', /period_size: a period of 1 frames/],
    ['{period_size: 40000, periods: 16}', /buffer_size: a buffer of 640000 frames is larger/],
    ['{avail_min: 0}', /avail_min: must not be 0/],
    ['{silence_size: 7}', /silence_size: 7 frames are more than silence_threshold/],
    ['{period_size: 480, silence_threshold: 99999}', /silence_threshold: 99999 frames are more/],
    ['{silence_size: boundary, silence_threshold: 1}', /silence_threshold: must be 0/],
    ['{start_at: 5s}', /start_at: the scenario ends at 5s/],
    ['{stalls: [{at: 9s, for: 1ms}]}', /stalls\.0\.at: the scenario ends at 5s/],
    ['{frames: 1, length: 1s}', /length: frames and length say the same/],
  ]
  for (const [stream, pattern] of cases) {
    it(`refuse ${stream}`, () => {
      expect(faultsOf(withStream(stream)).join('\n')).toMatch(pattern)
    })
  }
  it('point at the key that is at fault', () => {
    const [line] = faultsOf(withStream('{period_size: 480, periods: 4, buffer_size: 1000}'))
    expect(line).toMatch(/^a\.yaml:4:55: streams\.0\.buffer_size: /)
  })
  it('refuse impossible module parameters and streams of one name', () => {
    expect(
      faultsOf(withLines('duration: 2s').replace('v7}', 'v7, options: {pcm_buffer_ms: 1}}')),
    ).toHaveLength(1)
    expect(faultsOf(withStream('{name: a}, {name: a}')).join()).toMatch(
      /also the name of streams\.0/,
    )
    expect(faultsOf(minimal.replace('[{}]', '[]')).join()).toMatch(/0 streams/)
  })
  it('refuse a verdict on a stream that there is not', () => {
    const lines = faultsOf(withLines('expect: {streams: {playbak0: {xruns: 0, errors: 0}}}'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/there is no stream 'playbak0', did you mean 'playback0'/)
  })
})
