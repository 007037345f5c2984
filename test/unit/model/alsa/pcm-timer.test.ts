/** The PCM timer and SIGIO at every period: domain/alsa-core.md §4.3. */
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_period_elapsed } from '../../../../src/model/alsa/pcm_lib.ts'
import { snd_pcm_fasync, snd_pcm_release } from '../../../../src/model/alsa/pcm_native.ts'
import { snd_pcm_pause_lock_irq } from '../../../../src/model/alsa/pcm_pause.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import * as timers from '../../../../src/model/alsa/pcm_timer.ts'
import {
  type SndTimerInstance,
  snd_timer_close,
  snd_timer_start,
  snd_timer_stop,
} from '../../../../src/model/alsa/timer.ts'
import { EAGAIN, EBUSY, EINVAL, ENODEV } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { currentTask } from '../../../../src/model/linux/preempt.ts'
import { clear_signal } from '../../../../src/model/linux/sched.ts'
import { advanceAppl, inTask, must, openStream, world } from './stream.ts'

const PERIOD = 480
const BUFFER = 1920

describe('the PCM timer', () => {
  test('ticks at every period_elapsed, also where the pointer did not move', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const tu = yield* timers.snd_timer_user_open(substream.timer)
      const ti = tu.ti as SndTimerInstance
      expect(substream.timer_running).toBe(false)
      expect(yield* snd_timer_start(ti, 0)).toBe(-EINVAL)
      must(yield* snd_timer_start(ti, 1))
      expect(yield* snd_timer_start(ti, 1)).toBe(-EBUSY)
      expect(substream.timer_running).toBe(true)
      advanceAppl(substream, BUFFER)
      must(yield* snd_pcm_start_lock_irq(substream))
      w.fake.pos = PERIOD
      yield* snd_pcm_period_elapsed(substream)
      yield* snd_pcm_period_elapsed(substream)
      expect(yield* timers.snd_timer_user_read(tu, true)).toBe(2)
      expect(tu.resolution).toBe(10 * NS_PER_MS)
      must(yield* snd_timer_stop(ti))
      expect(yield* snd_timer_stop(ti)).toBe(-EBUSY)
      expect(substream.timer_running).toBe(false)
      yield* snd_pcm_period_elapsed(substream)
      expect(yield* timers.snd_timer_user_read(tu, true)).toBe(-EAGAIN)
      yield* snd_timer_close(ti)
      expect(ti.timer.open_list).toEqual([])
    })
  })

  test('is silent when the period ends in an xrun, and while the stream does not run', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const tu = yield* timers.snd_timer_user_open(substream.timer)
      must(yield* snd_timer_start(tu.ti as SndTimerInstance, 1))
      advanceAppl(substream, BUFFER)
      yield* snd_pcm_period_elapsed(substream)
      must(yield* snd_pcm_start_lock_irq(substream))
      w.fake.pos = C.SNDRV_PCM_POS_XRUN
      yield* snd_pcm_period_elapsed(substream)
      expect(substream.runtime.state).toBe(C.SNDRV_PCM_STATE_XRUN)
      expect(tu.ticks).toBe(0)
    })
  })

  test('wakes a reader after its own number of ticks', () => {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      substream.runtime.stop_threshold = substream.runtime.boundary
      const tu = yield* timers.snd_timer_user_open(substream.timer)
      must(yield* snd_timer_start(tu.ti as SndTimerInstance, 3))
      w.fake.runClock(substream)
      must(yield* snd_pcm_start_lock_irq(substream))
      const startNs = w.sim.now
      expect(yield* timers.snd_timer_user_read(tu, false)).toBe(3)
      expect(w.sim.now - startNs).toBeGreaterThanOrEqual(30 * NS_PER_MS)
      expect(w.sim.now - startNs).toBeLessThan(40 * NS_PER_MS)
      expect(tu.qchange_sleep.entries).toEqual([])
    })
  })

  test('a single shot stops the timer, a dead card refuses it', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const tu = yield* timers.snd_timer_user_open(substream.timer)
      const ti = tu.ti as SndTimerInstance
      ti.auto = false
      must(yield* snd_timer_start(ti, 1))
      advanceAppl(substream, BUFFER)
      must(yield* snd_pcm_start_lock_irq(substream))
      yield* snd_pcm_period_elapsed(substream)
      expect(tu.ticks).toBe(1)
      expect(substream.timer_running).toBe(false)
      w.fake.card.shutdown = true
      expect(yield* snd_timer_start(ti, 1)).toBe(-ENODEV)
    })
  })

  test('tells of starts, pauses and stops', () => {
    const w = world()
    const events: number[] = []
    inTask(w, function* () {
      const file = yield* openStream(w)
      const { substream } = file
      const tu = yield* timers.snd_timer_user_open(substream.timer)
      ;(tu.ti as SndTimerInstance).ccallback = (event) => events.push(event)
      advanceAppl(substream, BUFFER)
      must(yield* snd_pcm_start_lock_irq(substream))
      must(yield* snd_pcm_pause_lock_irq(substream, true))
      must(yield* snd_pcm_pause_lock_irq(substream, false))
      must(yield* snd_pcm_release(file))
    })
    expect(events).toEqual([
      timers.SNDRV_TIMER_EVENT_MSTART,
      timers.SNDRV_TIMER_EVENT_MPAUSE,
      timers.SNDRV_TIMER_EVENT_MCONTINUE,
      timers.SNDRV_TIMER_EVENT_MSTOP,
    ])
  })
})

describe('SIGIO', () => {
  test('comes at every period_elapsed to who asked, moved or not, until it is turned off', () => {
    const w = world({ cpus: 2 })
    inTask(w, function* () {
      const file = yield* openStream(w)
      const { substream } = file
      const task = currentTask(w.k)
      function* isSignalled() {
        yield* snd_pcm_period_elapsed(substream)
        yield* sleepUntil(w.k, w.sim.now + NS_PER_MS)
        const { signalPending } = task
        clear_signal(task)
        return signalPending
      }
      expect(yield* isSignalled()).toBe(false)
      must(yield* snd_pcm_fasync(file, true))
      expect(yield* isSignalled()).toBe(true)
      advanceAppl(substream, BUFFER)
      must(yield* snd_pcm_start_lock_irq(substream))
      w.fake.pos = PERIOD
      expect(yield* isSignalled()).toBe(true)
      expect(yield* isSignalled()).toBe(true)
      must(yield* snd_pcm_fasync(file, false))
      expect(yield* isSignalled()).toBe(false)
    })
  })

  test('a signal that is still to be sent when the file is closed is not', () => {
    const w = world()
    inTask(w, function* () {
      const file = yield* openStream(w)
      must(yield* snd_pcm_fasync(file, true))
      yield* snd_pcm_period_elapsed(file.substream)
      must(yield* snd_pcm_release(file))
      yield* sleepUntil(w.k, w.sim.now + NS_PER_MS)
      expect(currentTask(w.k).signalPending).toBe(false)
    })
  })
})
