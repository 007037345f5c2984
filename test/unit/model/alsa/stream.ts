/** Running code of the core in a task of a tiny kernel, on a stream that is set up. */
import { NS_PER_SEC } from '../../../../src/base/units.ts'
import type { SndPcmSubstream } from '../../../../src/model/alsa/pcm.ts'
import {
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_STREAM_CAPTURE,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../../../../src/model/alsa/pcm_constants.ts'
import { SNDRV_PCM_FORMATS } from '../../../../src/model/alsa/pcm_format.ts'
import { snd_pcm_hw_params } from '../../../../src/model/alsa/pcm_hw_params.ts'
import { SndPcmFile, snd_pcm_open } from '../../../../src/model/alsa/pcm_native.ts'
import * as P from '../../../../src/model/alsa/pcm_params.ts'
import { snd_pcm_prepare } from '../../../../src/model/alsa/pcm_prepare.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { T, TraceRecord } from '../../../../src/sim/trace.ts'
import type { TraceStore } from '../../../../src/sim/trace-store.ts'
import { type TinyOptions, tinyKernel } from '../../../support/tiny-kernel.ts'
import { FakeCard, type FakeOptions } from './fake-card.ts'

export interface WorldOptions extends TinyOptions {
  readonly card?: FakeOptions
}

export type World = ReturnType<typeof world>

/** A kernel with a fake card. */
export function world(options: WorldOptions = {}) {
  const tiny = tinyKernel({ hz: 250, ...options })
  const fake = new FakeCard(tiny.k, options.card)
  return { ...tiny, fake }
}

/** Runs a body in a task to its end, at most a simulated minute, and returns what it returns. */
export function inTask<R>(w: Pick<World, 'k' | 'sim'>, body: () => Proc<R>): R {
  let result: { value: R } | null = null
  w.k.spawn('test', 'client', function* () {
    result = { value: yield* body() }
    w.sim.stop()
  })
  w.sim.run(w.sim.now + 60 * NS_PER_SEC)
  if (result === null) throw new Error('the task did not come to its end')
  return (result as { value: R }).value
}

/** Parameters as one value each. */
export function hwParams(period_size = 480, buffer_size = 1920, access = 3): P.SndPcmHwParams {
  const params = new P.SndPcmHwParams()
  P.setHwParam(params, P.SNDRV_PCM_HW_PARAM_ACCESS, access)
  P.setHwParam(params, P.SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMATS.S16_LE)
  P.setHwParam(params, P.SNDRV_PCM_HW_PARAM_CHANNELS, 2)
  P.setHwParam(params, P.SNDRV_PCM_HW_PARAM_RATE, 48_000)
  P.setHwParam(params, P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE, period_size)
  P.setHwParam(params, P.SNDRV_PCM_HW_PARAM_BUFFER_SIZE, buffer_size)
  return params
}

export interface StreamOptions {
  readonly capture?: boolean
  readonly period_size?: number
  readonly buffer_size?: number
  readonly access?: number
}

/** Opens a stream; with `upTo`, sets parameters and prepares it. */
export function* openStream(
  w: World,
  upTo: 'open' | 'setup' | 'prepared' = 'prepared',
  options: StreamOptions = {},
): Proc<SndPcmFile> {
  const direction = options.capture === true ? SNDRV_PCM_STREAM_CAPTURE : SNDRV_PCM_STREAM_PLAYBACK
  const file = yield* snd_pcm_open(w.fake.pcm, direction, 0)
  if (!(file instanceof SndPcmFile)) throw new Error(`open failed: ${file}`)
  if (upTo === 'open') return file
  const access = options.access ?? SNDRV_PCM_ACCESS_RW_INTERLEAVED
  const params = hwParams(options.period_size, options.buffer_size, access)
  must(yield* snd_pcm_hw_params(file.substream, params))
  if (upTo === 'prepared') must(yield* snd_pcm_prepare(file.substream, 0))
  return file
}

export function must(err: number): void {
  if (err < 0) throw new Error(`unexpected error ${err}`)
}

/** Pretends that the application has written or read so many frames. */
export function advanceAppl(substream: SndPcmSubstream, frames: number): void {
  const { control, boundary } = substream.runtime
  control.appl_ptr = (control.appl_ptr + frames) % boundary
}

/** Copies of all records of a kind. */
export function recordsOf(store: TraceStore, kind: number): TraceRecord[] {
  const found: TraceRecord[] = []
  store.replay({
    record: (r) => {
      if (r.kind === kind) found.push(Object.assign(new TraceRecord(), r))
    },
  })
  return found
}

/** Lines of the kernel log. */
export function logOf(w: Pick<World, 'store' | 'sim'>): string[] {
  return recordsOf(w.store, T.printk).map((r) => w.sim.trace.symbols.name('text', r.a))
}
