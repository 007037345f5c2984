/** The PCM timer and SIGIO at every period: domain/alsa-core.md §4.3. */
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_period_elapsed } from '../../../../src/model/alsa/pcm_lib.ts'
import { snd_pcm_fasync, snd_pcm_release } from '../../../../src/model/alsa/pcm_native.ts'
import { snd_pcm_pause_lock_irq } from '../../../../src/model/alsa/pcm_pause.ts'
import { EPOLLIN } from '../../../../src/model/alsa/pcm_poll.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import {
  SNDRV_TIMER_EVENT_MCONTINUE,
  SNDRV_TIMER_EVENT_MPAUSE,
  SNDRV_TIMER_EVENT_MSTART,
  SNDRV_TIMER_EVENT_MSTOP,
  type SndTimerInstance,
  snd_timer_close,
  snd_timer_continue,
  snd_timer_interrupt,
  snd_timer_notify,
  snd_timer_open,
  snd_timer_pause,
  snd_timer_start,
  snd_timer_stop,
} from '../../../../src/model/alsa/timer.ts'
import * as timers from '../../../../src/model/alsa/timer_user.ts'
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
      // What PARAMS sets with PSFLG_AUTO; else the first tick is the last.
      ti.auto = true
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
      expect(yield* timers.snd_timer_user_read(tu, true)).toMatchObject([
        { val: 2, resolution: 10 * NS_PER_MS },
      ])
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
      expect(tu.queue).toEqual([])
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
      expect(yield* timers.snd_timer_user_read(tu, false)).toMatchObject([{ val: 3 }])
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
      expect(ti.auto).toBe(false)
      must(yield* snd_timer_start(ti, 1))
      advanceAppl(substream, BUFFER)
      must(yield* snd_pcm_start_lock_irq(substream))
      yield* snd_pcm_period_elapsed(substream)
      expect(tu.queue).toMatchObject([{ val: 1 }])
      expect(substream.timer_running).toBe(false)
      w.fake.card.shutdown = true
      expect(yield* snd_timer_start(ti, 1)).toBe(-ENODEV)
    })
  })

  test('tells who runs of starts, pauses and stops', () => {
    const w = world()
    const events: number[] = []
    inTask(w, function* () {
      const file = yield* openStream(w)
      const { substream } = file
      const tu = yield* timers.snd_timer_user_open(substream.timer)
      const ti = tu.ti as SndTimerInstance
      ti.ccallback = function* (event) {
        events.push(event)
      }
      must(yield* snd_timer_start(ti, 1))
      advanceAppl(substream, BUFFER)
      must(yield* snd_pcm_start_lock_irq(substream))
      must(yield* snd_pcm_pause_lock_irq(substream, true))
      must(yield* snd_pcm_pause_lock_irq(substream, false))
      must(yield* snd_pcm_release(file))
    })
    const START = 2
    expect(events).toEqual([
      START,
      SNDRV_TIMER_EVENT_MSTART,
      SNDRV_TIMER_EVENT_MPAUSE,
      SNDRV_TIMER_EVENT_MCONTINUE,
      SNDRV_TIMER_EVENT_MSTOP,
    ])
  })
})

describe("a program's queue of time-stamped events", () => {
  const TICK = timers.SNDRV_TIMER_EVENT_TICK
  const PARAMS = { ticks: 1, queue_size: 0, filter: 0, auto: true, early: false }

  test('has the sizes that PARAMS allows, drops and counts what finds no room', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const tu = yield* timers.snd_timer_user_open(substream.timer, true)
      const filter = (1 << TICK) | (1 << SNDRV_TIMER_EVENT_MSTART) | (1 << SNDRV_TIMER_EVENT_MSTOP)
      const params = (queue_size: number) =>
        timers.snd_timer_user_params(tu, { ...PARAMS, filter, queue_size })
      expect(yield* params(31)).toBe(-EINVAL)
      expect(yield* params(1025)).toBe(-EINVAL)
      must(yield* params(32))
      must(yield* timers.snd_timer_user_start(tu))
      // A START of what runs stops it first.
      must(yield* timers.snd_timer_user_start(tu))
      for (let i = 0; i < 20; i++) {
        yield* snd_timer_notify(substream.timer, SNDRV_TIMER_EVENT_MSTART, i)
        yield* snd_timer_interrupt(substream.timer, 1)
        yield* snd_timer_interrupt(substream.timer, 1)
      }
      expect(tu.queue).toHaveLength(32)
      expect(tu.overrun).toBe(4)
      expect(tu.queue.slice(0, 2)).toMatchObject([
        { event: SNDRV_TIMER_EVENT_MSTART, val: 10 * NS_PER_MS, tstamp: 0 },
        { event: TICK, val: 2 },
      ])
      expect(yield* timers.snd_timer_user_poll(tu)).toBe(EPOLLIN)
      must(yield* timers.snd_timer_user_params(tu, PARAMS))
      expect(yield* timers.snd_timer_user_poll(tu)).toBe(0)
    })
  })
})

describe('one timer, several instances', () => {
  test('an instance that another callback stops or pauses is not called back', () => {
    for (const end of [snd_timer_stop, snd_timer_pause]) {
      const w = world()
      const called: string[] = []
      inTask(w, function* () {
        const { substream } = yield* openStream(w)
        const second: SndTimerInstance[] = []
        const first = yield* snd_timer_open(substream.timer, function* () {
          called.push('first')
          must(yield* end(second[0] as SndTimerInstance))
        })
        second.push(
          yield* snd_timer_open(substream.timer, function* () {
            called.push('second')
          }),
        )
        must(yield* snd_timer_start(first, 1))
        must(yield* snd_timer_start(second[0] as SndTimerInstance, 1))
        yield* snd_timer_interrupt(substream.timer, 1)
        expect(substream.timer.running).toBe(1)
      })
      expect(called).toEqual(['first'])
    }
  })

  test('a pause keeps the ticks left; a stop of a dead card answers 0 and stops nothing', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const ti = yield* snd_timer_open(substream.timer, function* () {})
      expect(yield* snd_timer_continue(ti)).toBe(-EINVAL)
      must(yield* snd_timer_start(ti, 5))
      yield* snd_timer_interrupt(substream.timer, 2)
      must(yield* snd_timer_pause(ti))
      expect([ti.cticks, ti.running, substream.timer_running]).toEqual([3, false, false])
      must(yield* snd_timer_continue(ti))
      expect([ti.cticks, ti.pticks]).toEqual([3, 0])
      w.fake.card.shutdown = true
      expect(yield* snd_timer_stop(ti)).toBe(0)
      expect(ti.running).toBe(true)
    })
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
