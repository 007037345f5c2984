import { expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import { SNDRV_PCM_FORMATS } from '../../../../src/model/alsa/pcm_format.ts'
import { Aplay, type AplayOptions } from '../../../../src/model/user/aplay.ts'
import { Call } from '../../../../src/model/user/syscall.ts'
import { T } from '../../../../src/sim/trace.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import { tinyKernel } from '../../../support/tiny-kernel.ts'
import { FakeCard } from '../alsa/fake-card.ts'
import { recordsOf } from '../alsa/stream.ts'

const REQUEST: AplayOptions = {
  name: 'aplay',
  format: SNDRV_PCM_FORMATS.S16_LE,
  rate: 48_000,
  channels: 2,
  period_size: 480,
  buffer_size: 1920,
  frames: 48_000,
}

function play(options: Partial<AplayOptions> = {}, untilMs = 3000) {
  const world = tinyKernel({ cpus: 2, prices: { copy_base: 50, syscall_entry: 100 } })
  const fake = new FakeCard(world.k, { nonatomic: true, withSyncStop: true })
  fake.runClock(fake.stream)
  const client = new Aplay(fake.pcm, { ...REQUEST, ...options })
  client.start()
  const stop = world.sim.run(untilMs * NS_PER_MS)
  return { ...world, fake, client, stop }
}

function messages({ store, sim }: Pick<ReturnType<typeof play>, 'store' | 'sim'>): string[] {
  return recordsOf(store, T.client_log).map((r) => sim.trace.symbols.name('text', r.b))
}

test('plays a second and drains without an xrun', () => {
  const { client, fake, store, sim } = play()
  expect(client.result).toMatchObject({ done: true, error: 0, xruns: 0, framesWritten: 48_000 })
  expect(fake.calls).toEqual([
    'open',
    'hw_params',
    'prepare',
    'trigger 1',
    'trigger 0',
    'sync_stop',
    'hw_free',
    'close',
  ])
  const elapsed = recordsOf(store, T.snd_pcm_period_elapsed)
  expect(elapsed.length).toBe(100)
  const last = elapsed[99] as { timeNs: number }
  const start = recordsOf(store, T.snd_pcm_trigger)[0] as { timeNs: number }
  expect(last.timeNs - start.timeNs).toBeGreaterThanOrEqual(1_000_000_000)
  expect(last.timeNs - start.timeNs).toBeLessThan(1_000_200_000)
  expect(recordsOf(store, T.deadlock)).toEqual([])
  expect(recordsOf(store, T.printk)).toEqual([])
  expect(messages({ store, sim })).toEqual([])
})

test('a stall beyond the buffer underruns; the chunk is written again after a prepare', () => {
  const run = play({ stalls: [{ atNs: 300 * NS_PER_MS, forNs: 100 * NS_PER_MS }] })
  const { client, store, fake } = run
  expect(client.result).toMatchObject({ done: true, error: 0, xruns: 1, framesWritten: 48_000 })
  const [xrun] = recordsOf(store, T.snd_pcm_xrun)
  const [log] = recordsOf(store, T.client_log)
  const lastedMs = ((log?.timeNs as number) - (xrun?.timeNs as number)) / NS_PER_MS
  const [text] = messages(run)
  const told = Number(/^underrun!!! \(at least (\d+\.\d{3}) ms long\)$/.exec(text as string)?.[1])
  expect(told).toBeGreaterThan(50)
  expect(told).toBeCloseTo(lastedMs, 1)
  expect(fake.calls.slice(3, 8)).toEqual([
    'trigger 1',
    'trigger 0',
    'sync_stop',
    'prepare',
    'trigger 1',
  ])
  // No index is skipped: what the failed write carried comes again.
  let next = 0
  for (const { b: first, c: frames } of recordsOf(store, T.snd_pcm_transfer)) {
    expect(first).toBe(next)
    next += frames
  }
  expect(next).toBe(48_000)
})

test('a client that gives up ends with the error', () => {
  const stalls = [{ atNs: 300 * NS_PER_MS, forNs: 100 * NS_PER_MS }]
  const run = play({ stalls, onXrun: 'stop' })
  expect(run.client.result).toMatchObject({ done: true, error: -32 })
  expect(messages(run)).toEqual(['write error: -EPIPE'])
})

test('a shorter stall is heard by nobody', () => {
  const { client } = play({ stalls: [{ atNs: 300 * NS_PER_MS, forNs: 25 * NS_PER_MS }] })
  expect(client.result).toMatchObject({ done: true, xruns: 0 })
})

test('the last chunk is padded with silence, unless told otherwise', () => {
  const padded = play({ frames: 1000 })
  const transfers = recordsOf(padded.store, T.snd_pcm_transfer).map((r) => [r.b, r.c])
  expect(transfers).toEqual([
    [0, 480],
    [480, 480],
    [960, 40],
    [-1, 440],
  ])
  expect(padded.client.result.framesWritten).toBe(1000)
  const plain = play({ frames: 1000, padLastChunk: false })
  expect(recordsOf(plain.store, T.snd_pcm_transfer).length).toBe(3)
  expect(plain.client.result).toMatchObject({ done: true, error: 0 })
})

test('without sizes it takes half a second in four periods', () => {
  const { period_size: _p, buffer_size: _b, ...rest } = REQUEST
  const world = tinyKernel({ cpus: 2 })
  const fake = new FakeCard(world.k)
  fake.runClock(fake.stream)
  const client = new Aplay(fake.pcm, { ...rest, frames: 48_000 })
  client.start()
  world.sim.run(3000 * NS_PER_MS)
  const [params] = recordsOf(world.store, T.snd_pcm_hw_params)
  expect([params?.e, params?.f]).toEqual([6000, 24_000])
  expect(client.result.done).toBe(true)
})

test('what the card cannot do is refused', () => {
  const run = play({ rate: 96_000 })
  expect(run.client.result).toMatchObject({ done: true, error: -22 })
  expect(messages(run)).toEqual(['Unable to install hw params: -EINVAL'])
})

test('calls are numbered as in the trace', () => {
  expect(Object.keys(Call)).toEqual(CODES.call)
  expect(Object.values(Call)).toEqual((CODES.call as string[]).map((_, i) => i))
})
