/** Silencing of the ring: domain/alsa-core.md §4.4, both kernels where they differ. */
import { describe, expect, test } from 'vitest'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_update_hw_ptr } from '../../../../src/model/alsa/pcm_hw_ptr.ts'
import type { SndPcmRuntime } from '../../../../src/model/alsa/pcm_runtime.ts'
import { snd_pcm_start } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { currentSwParams, snd_pcm_sw_params } from '../../../../src/model/alsa/pcm_sw_params.ts'
import { Content } from '../../../../src/model/machine/guest-buffer.ts'
import { advanceAppl, inTask, must, openStream, type World, world } from './stream.ts'

const BUFFER = 1920

/** The ring as text: `d0+480` data from index 0, `s480` silence. */
function ringOf(runtime: SndPcmRuntime): string {
  const parts: string[] = []
  runtime.dma_area?.read(0, BUFFER, (first, frames, _atNs, kind) => {
    parts.push(kind === Content.silence ? `s${frames}` : `d${first}+${frames}`)
  })
  return parts.join(' ')
}

/** Runs a stream whose ring is all data, with silencing set, through positions of the device. */
function play(
  version: '6.1' | '6.12',
  silence: [threshold: number, size: number],
  steps: number[],
) {
  const w: World = world({ version })
  const rings: string[] = []
  inTask(w, function* () {
    const { substream } = yield* openStream(w)
    const { runtime } = substream
    const [threshold, size] = silence
    runtime.silence_threshold = threshold
    runtime.silence_size = size < 0 ? runtime.boundary : size
    runtime.stop_threshold = runtime.boundary
    runtime.dma_area?.write(0, BUFFER, 0, 0)
    advanceAppl(substream, 480)
    must(yield* snd_pcm_start(substream))
    rings.push(ringOf(runtime))
    for (const pos of steps) {
      w.fake.pos = pos
      yield* snd_pcm_update_hw_ptr(substream)
      rings.push(ringOf(runtime))
    }
  })
  return rings
}

describe('threshold mode', () => {
  test('keeps so many silent frames ahead of the device, 6.12', () => {
    // 480 queued, 960 wanted: at start 480 of silence behind the data, then as it is played.
    expect(play('6.12', [960, 960], [240, 480])).toEqual([
      'd0+480 s480 d960+960',
      'd0+480 s720 d1200+720',
      'd0+480 s960 d1440+480',
    ])
  })

  test('set while running, it counts from the present pointer, not from ULONG_MAX, 6.12', () => {
    const w = world({ version: '6.12' })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const { runtime } = substream
      runtime.dma_area?.write(0, BUFFER, 0, 0)
      advanceAppl(substream, 720)
      must(yield* snd_pcm_start(substream))
      w.fake.pos = 480
      yield* snd_pcm_update_hw_ptr(substream)
      const params = { ...currentSwParams(runtime), silence_threshold: 480, silence_size: 480 }
      must(yield* snd_pcm_sw_params(substream, params))
      // 240 are queued behind hw_ptr 480: 240 more make the threshold.
      expect(ringOf(runtime)).toBe('d0+720 s240 d960+960')
    })
  })

  test('6.1 counts from the pointer before the motion, and writes at silence_start', () => {
    expect(play('6.1', [960, 960], [240, 480])).toEqual([
      'd0+480 s480 d960+960',
      'd0+480 s480 d960+960',
      'd0+480 s480 d960+960',
    ])
  })
})

describe('free-run mode', () => {
  test.each(['6.1', '6.12'] as const)('silences what has been played, %s', (version) => {
    expect(play(version, [0, -1], [480, 960])).toEqual(['d0+480 s1440', 's1920', 's1920'])
  })
})

test('a driver may silence by itself, under the stream lock', () => {
  const w = world({ card: { fill_silence: true } })
  inTask(w, function* () {
    const { substream } = yield* openStream(w)
    const { runtime } = substream
    runtime.silence_size = runtime.boundary
    advanceAppl(substream, 480)
    must(yield* snd_pcm_start(substream))
  })
  expect(w.fake.calls).toContain('fill_silence')
  expect(C.Op.fill_silence).toBe(8)
})
