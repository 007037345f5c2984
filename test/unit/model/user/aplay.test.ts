import { expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import { SNDRV_PCM_FORMATS } from '../../../../src/model/alsa/pcm_format.ts'
import { Aplay, type AplayOptions } from '../../../../src/model/user/aplay.ts'
import { T, TraceRecord } from '../../../../src/sim/trace.ts'
import { tinyKernel } from '../../../support/tiny-kernel.ts'
import { FakeCard } from '../alsa/fake-card.ts'

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

function records(store: ReturnType<typeof play>['store'], kind: number) {
  const found: TraceRecord[] = []
  store.replay({
    record: (r) => {
      if (r.kind === kind) found.push(Object.assign(new TraceRecord(), r))
    },
  })
  return found
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
  const elapsed = records(store, T.snd_pcm_period_elapsed)
  expect(elapsed.length).toBe(100)
  const last = elapsed[99] as TraceRecord
  const start = records(store, T.snd_pcm_trigger)[0] as TraceRecord
  expect(last.timeNs - start.timeNs).toBeGreaterThanOrEqual(1_000_000_000)
  expect(last.timeNs - start.timeNs).toBeLessThan(1_000_200_000)
  expect(records(store, T.deadlock)).toEqual([])
  expect(sim.trace.symbols.entries('text')).toEqual([])
})
