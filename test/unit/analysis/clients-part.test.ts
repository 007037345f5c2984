/** What a client leaves itself, and what it is not told. */
import { expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../src/index.ts'

function musicOf(more: string, set: readonly string[] = []) {
  const text = `version: 1
name: part
duration: 400ms
driver: {kind: virtio-snd, version: v7}
streams: [{name: music, period_size: 480, periods: 4}]
${more}`
  const [spec] = loadScenario(text, { set })
  if (spec === undefined) throw new Error('no scenario')
  const { music } = runScenario(spec).result.streams
  if (music === undefined) throw new Error('no stream')
  return music
}

it('aplay fills the ring of 1920 frames, and is seldom a period and two ticks behind', () => {
  const { count, min, max } = musicOf('').writeSlackFrames
  expect(count).toBeGreaterThan(30)
  expect(max).toBe(1920)
  // The first chunk finds an empty ring; the least is what that leaves.
  expect(min).toBeGreaterThanOrEqual(480)
})

it('a client that sleeps leaves itself less, and nothing negative', () => {
  const { min } = musicOf('', ['streams.0.stalls=[{at: 200ms, for: 35ms}]']).writeSlackFrames
  const { min: never } = musicOf('').writeSlackFrames
  expect(min).toBeLessThanOrEqual(never)
  expect(min).toBeGreaterThanOrEqual(0)
})

it('a START that fails inside writei is not told to the client; the result names it', () => {
  const music = musicOf('faults: [{kind: control-error, request: START, at: 0ns, count: 1}]')
  const [first, ...others] = music.swallowedErrors
  expect(first).toMatchObject({ call: 'writei', trigger: 'START' })
  expect(first?.errno).toBeLessThan(0)
  expect(others).toEqual([])
  expect(musicOf('').swallowedErrors).toEqual([])
})
