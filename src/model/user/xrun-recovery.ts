/**
 * What alsa-utils programs do about an error of a transfer: say how long an xrun lasted at least,
 * and prepare; resume after a suspend, or else prepare. Modelled on aplay.c, xrun() and suspend()
 * (domain/userspace.md §2.1, §4). Times are ns.
 */
import { NS_PER_MS } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import {
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../alsa/pcm_constants.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { SndPcmStatus } from '../alsa/pcm_status.ts'
import { EAGAIN, EPIPE, ESTRPIPE } from '../linux/errno.ts'
import { type ClientResult, clientLog, fail } from './client.ts'
import { sys_prepare, sys_resume, sys_sleep_until, sys_status } from './syscall.ts'

/** Between two attempts to resume. */
const RESUME_RETRY_NS = 1000 * NS_PER_MS
const US_PER_MS = 1000
const NS_PER_US = 1000

/** Time since the stream stopped, in ms with three digits, as the programs print it. */
function sinceTrigger(file: SndPcmFile, trigger_tstamp: number): string {
  const { k } = file.substream
  const us = Math.floor((k.sim.now - trigger_tstamp) / NS_PER_US)
  return (us / US_PER_MS).toFixed(3)
}

/** Return: 0 to try the transfer again, or -errno, which ends the program. */
export function* recoverTransfer(file: SndPcmFile, result: ClientResult, r: number): Proc<number> {
  if (r === -EPIPE) return yield* xrun(file, result)
  if (r === -ESTRPIPE) return yield* suspend(file, result)
  return transferFailed(file, result, r)
}

/** Reports the error that no recovery is for. */
export function transferFailed(file: SndPcmFile, result: ClientResult, r: number): number {
  const playback = file.substream.stream === SNDRV_PCM_STREAM_PLAYBACK
  fail(file.substream.k, file.substream.id, result, playback ? 'write error' : 'read error', r)
  return r
}

/** aplay: xrun(). Reports how long it lasted at least, and prepares. */
function* xrun(file: SndPcmFile, result: ClientResult): Proc<number> {
  const { k, id, stream } = file.substream
  const status = new SndPcmStatus()
  let err = yield* sys_status(file, status)
  if (err >= 0 && status.state === SNDRV_PCM_STATE_XRUN) {
    result.xruns++
    const word = stream === SNDRV_PCM_STREAM_PLAYBACK ? 'underrun' : 'overrun'
    clientLog(k, id, `${word}!!! (at least ${sinceTrigger(file, status.trigger_tstamp)} ms long)`)
    err = yield* sys_prepare(file)
    if (err >= 0) return 0
    fail(k, id, result, 'xrun: prepare error', err)
    return err
  }
  if (err >= 0 && status.state === SNDRV_PCM_STATE_DRAINING) {
    const playback = stream === SNDRV_PCM_STREAM_PLAYBACK
    if (!playback) clientLog(k, id, 'capture stream format change? attempting recover...')
    err = yield* sys_prepare(file)
    if (err >= 0 && !playback) return 0
  }
  if (err >= 0) err = -EPIPE
  fail(k, id, result, 'read/write error', err)
  return err
}

/** aplay: suspend(). Resumes, or else prepares. */
function* suspend(file: SndPcmFile, result: ClientResult): Proc<number> {
  const { k, id } = file.substream
  clientLog(k, id, 'Suspended. Trying resume.')
  let err = yield* sys_resume(file)
  while (err === -EAGAIN) {
    yield* sys_sleep_until(k, id, k.sim.now + RESUME_RETRY_NS)
    err = yield* sys_resume(file)
  }
  if (err >= 0) return 0
  clientLog(k, id, 'Failed. Restarting stream.')
  err = yield* sys_prepare(file)
  if (err < 0) fail(k, id, result, 'suspend: prepare error', err)
  return err < 0 ? err : 0
}
