/**
 * One case of the kernel's PCM self-test: sets parameters, moves four seconds, drains, and looks at
 * the clock. A refused parameter is a skip, a wrong time a failure. What is printed of it is
 * scenario/ktap.ts. Sizes are frames.
 *
 * Kernel: tools/testing/selftests/alsa/pcm-test.c, test_pcm_time(), v6.12.
 */
import { type Frames, NS_PER_MS, NS_PER_SEC, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import {
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import { snd_pcm_format_value } from '../alsa/pcm_format.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import * as P from '../alsa/pcm_params.ts'
import { setHwParamExactly, setHwParamNear } from './hw-params.ts'
import { snd_strerror } from './strerror.ts'
import { setSwParams } from './sw-params.ts'
import * as S from './syscall.ts'

const DURATION_S = 4
const MARGIN_MS = 100

/** What the configuration says of a case. */
export interface PcmTimeTest {
  readonly format: string
  readonly altFormats: readonly string[]
  readonly rate: number
  readonly channels: number
  readonly period_size: Frames
  readonly buffer_size: Frames
}

/** How a case came out, in the test's own words. */
export class PcmTimeResult {
  skip = true
  pass = false
  /** What went wrong; empty if nothing did. */
  message = ''
  /** `S16_LE -> S32_LE`, once for each fall back. */
  readonly formatChanges: string[] = []
  /** `RW_INTERLEAVED.S16_LE.48000.2.512.4096`, and the start threshold, if it got that far. */
  hwParams = ''
  startThreshold: Frames = 0
}

/** Runs one case on a substream, and closes it. Context: a client's process. */
export function* pcmTimeTest(
  pcm: SndPcm,
  stream: number,
  subdevice: number,
  test: PcmTimeTest,
): Proc<PcmTimeResult> {
  const result = new PcmTimeResult()
  // Differs: the library asks the control device for a substream by number; here the ones before
  // it are kept open meanwhile, as the first free one is given.
  const others: SndPcmFile[] = []
  for (let i = 0; i < subdevice; i++) {
    const other = yield* S.sys_open(pcm, stream, 0)
    if (typeof other !== 'number') others.push(other)
  }
  const file = yield* S.sys_open(pcm, stream, 0)
  if (typeof file === 'number') {
    result.message = `Failed to get pcm handle: ${snd_strerror(file)}`
  } else {
    const failed = yield* setParams(file, test, result)
    if (failed === '') {
      result.skip = false
      result.message = yield* transfer(file, test)
      result.pass = result.message === ''
    } else result.message = failed
    yield* S.sys_close(file)
  }
  for (const other of others) yield* S.sys_close(other)
  return result
}

type Step = readonly [text: string, step: Proc<number>]

/** Everything up to sw_params. Return: what was refused, or ''. */
function* setParams(file: SndPcmFile, test: PcmTimeTest, result: PcmTimeResult): Proc<string> {
  const params = new P.SndPcmHwParams()
  const refused = yield* chooseParams(file, params, test, result)
  if (refused !== '') return refused
  const period = P.params_period_size(params)
  const buffer = P.params_buffer_size(params)
  let err = yield* S.sys_hw_params(file, params)
  if (err >= 0) err = yield* S.sys_prepare(file)
  if (err < 0) return `snd_pcm_hw_params: ${snd_strerror(err)}`
  const playback = file.substream.stream === SNDRV_PCM_STREAM_PLAYBACK
  const start_threshold = playback ? Math.floor(buffer / period) * period : period
  err = yield* setSwParams(file, { start_threshold, avail_min: period })
  if (err < 0) return `snd_pcm_sw_params: ${snd_strerror(err)}`
  result.hwParams += `.${test.rate}.${test.channels}.${period}.${buffer}`
  result.startThreshold = start_threshold
  return ''
}

/** Narrows the parameters in the test's order. Return: what was refused, or ''. */
function* chooseParams(
  file: SndPcmFile,
  params: P.SndPcmHwParams,
  test: PcmTimeTest,
  result: PcmTimeResult,
): Proc<string> {
  const { substream } = file
  const exactly = (v: number, value: number) => setHwParamExactly(substream, params, v, value)
  const near = (v: number, value: number) => setHwParamNear(substream, params, v, value)
  const access = yield* exactly(P.SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED)
  if (access < 0) return `snd_pcm_hw_params_set_access RW_INTERLEAVED: ${snd_strerror(access)}`
  const format = yield* chooseFormat(test, result, exactly)
  if (format !== '') return format
  const { channels, rate: wanted, period_size, buffer_size } = test
  const steps: readonly Step[] = [
    [`channels ${channels}`, exactly(P.SNDRV_PCM_HW_PARAM_CHANNELS, channels)],
    [`rate ${wanted}`, near(P.SNDRV_PCM_HW_PARAM_RATE, wanted)],
    [`period_size ${period_size}`, near(P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE, period_size)],
    [`buffer_size ${buffer_size}`, near(P.SNDRV_PCM_HW_PARAM_BUFFER_SIZE, buffer_size)],
  ]
  for (const [what, step] of steps) {
    const value = yield* step
    if (value < 0) return `snd_pcm_hw_params_set_${what}: ${snd_strerror(value)}`
    const rate = P.hwParamValue(params, P.SNDRV_PCM_HW_PARAM_RATE)
    if (what.startsWith('rate') && rate !== test.rate) {
      return `rate mismatch ${test.rate} != ${rate}`
    }
  }
  return ''
}

/** The format, or the first of the others that the card has. */
function* chooseFormat(
  test: PcmTimeTest,
  result: PcmTimeResult,
  exactly: (v: number, value: number) => Proc<number>,
): Proc<string> {
  let name = test.format
  for (const next of [...test.altFormats, null]) {
    const err = yield* exactly(P.SNDRV_PCM_HW_PARAM_FORMAT, snd_pcm_format_value(name))
    if (err >= 0) {
      result.hwParams = `RW_INTERLEAVED.${name}`
      return ''
    }
    if (next === null || snd_pcm_format_value(next) < 0) {
      return `snd_pcm_hw_params_set_format ${name}: ${snd_strerror(err)}`
    }
    result.formatChanges.push(`${name} -> ${next}`)
    name = next
  }
  return ''
}

/** Four transfers of a second each, a drain, the time that took. Return: '' or what is wrong. */
function* transfer(file: SndPcmFile, { rate }: PcmTimeTest): Proc<string> {
  const { k, id, stream } = file.substream
  const user = new UserFrames(k, id)
  const playback = stream === SNDRV_PCM_STREAM_PLAYBACK
  const startNs = k.sim.now
  for (let i = 0; i < DURATION_S; i++) {
    user.first_index = i * rate
    const frames = playback
      ? yield* S.sys_writei(file, user, rate)
      : yield* S.sys_readi(file, user, rate)
    if (frames < 0 && playback) return `Write failed: expected ${rate}, wrote ${frames}`
    if (frames < rate) return `expected ${rate}, wrote ${frames}`
  }
  yield* S.sys_drain(file)
  const ms = elapsedMs(k.sim.now - startNs)
  const wanted = DURATION_S * 1000
  const good = ms >= wanted - MARGIN_MS && ms <= wanted + MARGIN_MS
  return good ? '' : `time mismatch: expected ${wanted}ms got ${ms}`
}

/** Kernel: timestamp_diff_ms(): the part below a second is rounded. */
function elapsedMs(ns: Ns): number {
  const seconds = Math.floor(ns / NS_PER_SEC)
  const rest = ns - seconds * NS_PER_SEC
  return seconds * 1000 + Math.floor((rest + NS_PER_MS / 2) / NS_PER_MS)
}
