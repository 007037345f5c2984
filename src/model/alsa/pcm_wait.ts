/**
 * Sleeping inside a read or write until there is room or data. Mirrors wait_for_avail() of
 * sound/core/pcm_lib.c, the same in 6.1 and 6.12. Sizes are frames, time-outs jiffies.
 */
import { type Proc, Req } from '../../sim/process.ts'
import { EBADFD, EIO, EPIPE, ERESTARTSYS, ESTRPIPE } from '../linux/errno.ts'
import { currentTask } from '../linux/preempt.ts'
import {
  MAX_SCHEDULE_TIMEOUT,
  msecs_to_jiffies,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  timeoutBegins,
  timeoutEnds,
} from '../linux/sched.ts'
import { add_wait_queue, remove_wait_queue, WaitQueueEntry } from '../linux/wait.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_PAUSED,
  SNDRV_PCM_STATE_SETUP,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
} from './pcm_constants.ts'
import {
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_unlock_irq,
  transfer_lock,
  transfer_unlock,
} from './pcm_locking.ts'
import { pcm_dbg } from './pcm_log.ts'
import { type SndPcmRuntime, snd_pcm_avail } from './pcm_runtime.ts'

/** Shortest wait of the core, in ms; a longer buffer makes it 1.1 buffers. */
const WAIT_MS_MIN = 100
const WAIT_MS_PER_BUFFER = 1100

/** How long 1.1 buffers last, at least 100 ms, in jiffies. Also the time-out of a drain. */
export function bufferTimeout(substream: SndPcmSubstream): number {
  const { runtime, k } = substream
  if (runtime.no_period_wakeup) return MAX_SCHEDULE_TIMEOUT
  const ms = Math.floor((runtime.buffer_size * WAIT_MS_PER_BUFFER) / runtime.rate)
  return msecs_to_jiffies(k, ms > WAIT_MS_MIN ? ms : WAIT_MS_MIN)
}

function waitTime(substream: SndPcmSubstream): number {
  const { wait_time, k } = substream
  if (substream.runtime.no_period_wakeup || wait_time === 0) return bufferTimeout(substream)
  return msecs_to_jiffies(k, wait_time)
}

const GO_ON = 1
const DRAINED_CAPTURE = 2

/** What the state says after a sleep. Return: -errno, 0 to look at the time-out, or a code. */
function stateAfterSleep(runtime: SndPcmRuntime, playback: boolean): number {
  switch (runtime.state) {
    case SNDRV_PCM_STATE_SUSPENDED:
      return -ESTRPIPE
    case SNDRV_PCM_STATE_XRUN:
      return -EPIPE
    case SNDRV_PCM_STATE_DRAINING:
      return playback ? -EPIPE : DRAINED_CAPTURE
    case SNDRV_PCM_STATE_OPEN:
    case SNDRV_PCM_STATE_SETUP:
    case SNDRV_PCM_STATE_DISCONNECTED:
      return -EBADFD
    case SNDRV_PCM_STATE_PAUSED:
      // A paused stream is waited for without limit.
      return GO_ON
    default:
      return 0
  }
}

/**
 * Waits until at least runtime.twake frames are there. Avail is looked at before the first sleep.
 *
 * Kernel: wait_for_avail(). Context: process, stream lock held, dropped while asleep. Return: avail
 * (0 for a draining capture), or -ERESTARTSYS, -ESTRPIPE, -EPIPE, -EBADFD, -EIO on a time-out.
 */
export function* wait_for_avail(substream: SndPcmSubstream): Proc<number> {
  const { runtime, k } = substream
  const playback = substream.stream === SNDRV_PCM_STREAM_PLAYBACK
  const task = currentTask(k)
  const entry = new WaitQueueEntry(task)
  const timeout = waitTime(substream)
  let result = 0
  task.state = TASK_INTERRUPTIBLE
  yield* add_wait_queue(runtime.tsleep, entry)
  for (;;) {
    if (task.signalPending) {
      result = -ERESTARTSYS
      break
    }
    result = snd_pcm_avail(substream)
    if (result >= runtime.twake) break
    yield* snd_pcm_stream_unlock_irq(substream)
    yield* transfer_unlock(substream)
    if (task.state !== TASK_RUNNING) task.waitingOn = runtime.tsleep
    const expire = timeoutBegins(k, timeout)
    yield Req.BLOCK
    const left = timeoutEnds(k, expire)
    yield* transfer_lock(substream)
    yield* snd_pcm_stream_lock_irq(substream)
    task.state = TASK_INTERRUPTIBLE
    result = stateAfterSleep(runtime, playback)
    if (result === GO_ON) continue
    if (result === DRAINED_CAPTURE) result = 0
    else if (result === 0) {
      if (left > 0) continue
      const what = playback ? 'playback write' : 'capture read'
      yield* pcm_dbg(substream, `${what} timeout (DMA or IRQ trouble?)`)
      result = -EIO
    }
    break
  }
  task.state = TASK_RUNNING
  yield* remove_wait_queue(runtime.tsleep, entry)
  return result
}
