/** Where 6.1 and 6.12 differ, and what ends a waiting call from outside. */
import { describe, expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { UserFrames } from '../../../../src/model/alsa/pcm_copy.ts'
import { snd_card_disconnect } from '../../../../src/model/alsa/pcm_disconnect.ts'
import {
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_lock_irqsave,
  snd_pcm_stream_unlock_irq,
  snd_pcm_stream_unlock_irqrestore,
} from '../../../../src/model/alsa/pcm_locking.ts'
import { snd_pcm_mmap_data } from '../../../../src/model/alsa/pcm_mmap.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { snd_pcm_suspend_all } from '../../../../src/model/alsa/pcm_suspend.ts'
import { snd_pcm_xrun } from '../../../../src/model/alsa/pcm_sync_ptr.ts'
import { EBADFD, EBUSY, EINTR, EPIPE, ESTRPIPE } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { currentTask } from '../../../../src/model/linux/preempt.ts'
import { send_sig } from '../../../../src/model/linux/sched.ts'
import { sys_drain, sys_writei } from '../../../../src/model/user/syscall.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { T } from '../../../../src/sim/trace.ts'
import { advanceAppl, inTask, must, openStream, recordsOf, type World, world } from './stream.ts'

const BUFFER = 1920

describe('6.1 and 6.12', () => {
  test('a start while parameters change is refused by 6.1 only', () => {
    for (const [version, expected] of [
      ['6.1', -EBADFD],
      ['6.12', 0],
    ] as const) {
      const w = world({ version })
      inTask(w, function* () {
        const { substream } = yield* openStream(w)
        advanceAppl(substream, BUFFER)
        substream.runtime.buffer_accessing = -1
        expect(yield* snd_pcm_start_lock_irq(substream)).toBe(expected)
        substream.runtime.buffer_accessing = 0
      })
    }
  })

  test('EPIPE of a START leaves PREPARED on 6.1, XRUN on 6.12', () => {
    for (const [version, state] of [
      ['6.1', 2],
      ['6.12', 4],
    ] as const) {
      const w = world({ version })
      inTask(w, function* () {
        const { substream } = yield* openStream(w)
        advanceAppl(substream, BUFFER)
        w.fake.returns.set('trigger 1', -EPIPE)
        expect(yield* snd_pcm_start_lock_irq(substream)).toBe(-EPIPE)
        expect(substream.runtime.state).toBe(state)
      })
      const causes = recordsOf(w.store, T.snd_pcm_xrun).map((r) => r.d)
      expect(causes).toEqual(version === '6.1' ? [] : [C.XrunCause.start])
    }
  })

  test('a playback without data does not start, unless it may run free', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      expect(yield* snd_pcm_start_lock_irq(substream)).toBe(-EPIPE)
      substream.runtime.stop_threshold = substream.runtime.boundary
      must(yield* snd_pcm_start_lock_irq(substream))
    })
  })

  test('on PREEMPT_RT 6.12 turns bottom halves off with the irq lock of an atomic PCM', () => {
    for (const [version, nonatomic, expected] of [
      ['6.12', false, true],
      ['6.12', true, false],
      ['6.1', false, false],
    ] as const) {
      const w = world({ version, preempt: 'rt', cpus: 2, card: { nonatomic } })
      inTask(w, function* () {
        const { substream } = yield* openStream(w)
        const task = currentTask(w.k)
        yield* snd_pcm_stream_lock_irq(substream)
        expect(w.k.softirqs.isDisabled(task.cpu)).toBe(expected)
        expect(task.migrationDisabled).toBe(expected ? 1 : 0)
        yield* snd_pcm_stream_unlock_irq(substream)
        expect(w.k.softirqs.isDisabled(task.cpu)).toBe(false)
        const flags = yield* snd_pcm_stream_lock_irqsave(substream)
        expect(w.k.softirqs.isDisabled(task.cpu)).toBe(false)
        yield* snd_pcm_stream_unlock_irqrestore(substream, flags)
      })
    }
  })

  test('6.12 counts the xruns of an open stream', () => {
    for (const [version, count] of [
      ['6.1', 0],
      ['6.12', 1],
    ] as const) {
      const w = world({ version })
      inTask(w, function* () {
        const { substream } = yield* openStream(w)
        advanceAppl(substream, BUFFER)
        must(yield* snd_pcm_start_lock_irq(substream))
        must(yield* snd_pcm_xrun(substream))
        expect(substream.runtime.xrun_counter).toBe(count)
      })
    }
  })

  test('6.1 does not map the data while parameters change', () => {
    for (const [version, expected] of [
      ['6.1', -EBUSY],
      ['6.12', 0],
    ] as const) {
      const w = world({ version })
      inTask(w, function* () {
        const access = C.SNDRV_PCM_ACCESS_MMAP_INTERLEAVED
        const { substream } = yield* openStream(w, 'setup', { access })
        substream.runtime.buffer_accessing = -1
        expect(snd_pcm_mmap_data(substream)).toBe(expected)
        substream.runtime.buffer_accessing = 0
      })
    }
  })
})

/** What a writer of a full, running ring gets when `what` happens after 20 ms. */
function interrupted(what: (w: World) => Proc<unknown>): number {
  const w = world({ cpus: 2, card: { withSyncStop: true } })
  return inTask(w, function* () {
    const file = yield* openStream(w)
    advanceAppl(file.substream, BUFFER)
    must(yield* snd_pcm_start_lock_irq(file.substream))
    w.k.spawn('other', 'task', function* () {
      yield* sleepUntil(w.k, 20 * NS_PER_MS)
      yield* what(w)
    })
    const user = new UserFrames(w.k, file.substream.id)
    const ret = yield* sys_writei(file, user, 480)
    expect(w.sim.now).toBeGreaterThanOrEqual(20 * NS_PER_MS)
    expect(file.substream.tsleep.entries).toEqual([])
    return ret
  })
}

describe('a waiting call ends', () => {
  test('with EBADFD when the card is disconnected', () => {
    expect(interrupted((w) => snd_card_disconnect(w.fake.card))).toBe(-EBADFD)
  })

  test('with ESTRPIPE when the system is suspended', () => {
    expect(interrupted((w) => snd_pcm_suspend_all(w.fake.pcm))).toBe(-ESTRPIPE)
  })

  test('with EINTR on a signal, a write as well as a drain', () => {
    for (const drain of [false, true]) {
      const w = world({ cpus: 2 })
      inTask(w, function* () {
        const file = yield* openStream(w)
        advanceAppl(file.substream, BUFFER)
        must(yield* snd_pcm_start_lock_irq(file.substream))
        const task = currentTask(w.k)
        w.k.spawn('killer', 'task', function* () {
          yield* sleepUntil(w.k, 20 * NS_PER_MS)
          send_sig(w.k, task)
        })
        const user = new UserFrames(w.k, file.substream.id)
        const ret = yield* drain ? sys_drain(file) : sys_writei(file, user, 480)
        expect(ret).toBe(-EINTR)
        const expected = drain ? C.SNDRV_PCM_STATE_DRAINING : C.SNDRV_PCM_STATE_RUNNING
        expect(file.substream.runtime.state).toBe(expected)
      })
    }
  })
})
