/**
 * Faults that only a comparison of keys can tell come together with those of single keys; but none
 * comes that is only the consequence of a key that could not be read.
 */
import { describe, expect, it } from 'vitest'
import { faultsOf, withLines, withStream } from '../../support/scenario-text.ts'

function pathsOf(text: string): readonly string[] {
  return faultsOf(text).map((line) => line.split(': ')[1] as string)
}

const disagree = 'period_size: 480, periods: 4, buffer_size: 1000'

describe('cross-key faults beside others', () => {
  it('sizes that disagree, two streams of one name, a stream that expect does not know', () => {
    const text = `version: 1
name: x y
driver: {kind: virtio-snd, version: v7, verson: v7}
duration: 10
streams:
  - {name: a, ${disagree}}
  - {name: a, chanels: 2}
expect: {streams: {zzz: {xruns: 0}}, xrun: 0}
`
    expect(pathsOf(text)).toEqual([
      'name',
      'driver.verson',
      'duration',
      'streams.0.buffer_size',
      'streams.1.name',
      'streams.1.chanels',
      'expect.streams.zzz',
      'expect.xrun',
    ])
  })
  it('sizes that disagree beside a fault of the same stream, the driver, or the name', () => {
    const both = ['streams.0.buffer_size', 'streams.0.chanels']
    expect(pathsOf(withStream(`{${disagree}, chanels: 1}`))).toEqual(both)
    const bad = withStream(`{${disagree}}`)
    expect(pathsOf(bad.replace('virtio-snd', 'virtio'))).toContain('streams.0.buffer_size')
    expect(pathsOf(bad.replace('name: minimal', 'nam: minimal'))).toContain('streams.0.buffer_size')
    expect(pathsOf(`${bad}tags: [1]\n`)).toContain('streams.0.buffer_size')
    expect(pathsOf(withStream(`3, {${disagree}}`))).toEqual(['streams.0', 'streams.1.buffer_size'])
  })
  it('of every variant', () => {
    const text = withLines(
      'duration: 10',
      'variants:',
      `  - {name: a, set: {streams.0.periods: 4, streams.0.buffer_size: 1001}}`,
    )
    expect(pathsOf(text)).toContain('streams.0.buffer_size')
  })
})

describe('consequences of an unreadable key are not said', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [withStream('{period_size: ten, periods: 4, buffer_size: 1000}'), ['streams.0.period_size']],
    [withStream('{perod_size: 250, periods: 4, buffer_size: 1000}'), ['streams.0.perod_size']],
    [withStream('{client: pipewre, options: {quantum: 64}}'), ['streams.0.client']],
    [withStream('{on_xrun: ignore, client: pol}'), ['streams.0.client']],
    [withStream('{start_at: 8s}').concat('duration: 10\n'), ['duration']],
    [
      withStream('{nam: music}').concat('expect: {streams: {music: {xruns: 0}}}\n'),
      ['streams.0.nam'],
    ],
    [withLines('streams: 3').replace('streams: [{}]\n', ''), ['streams']],
    [withStream('{stalls: [{at: 9s}]}'), ['streams.0.stalls.0.for']],
  ]
  for (const [text, paths] of cases) {
    it(paths.join(), () => expect(pathsOf(text)).toEqual(paths))
  }
  it('nor anything else of a file that is no scenario at all', () => {
    expect(pathsOf('a: 1\n')).toEqual(['a', 'version', 'name', 'driver', 'streams'])
  })
})
