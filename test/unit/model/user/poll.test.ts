/** poll() and snd_pcm_wait(): domain/alsa-core.md §7.5, domain/userspace.md §1. */
import { expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_period_elapsed } from '../../../../src/model/alsa/pcm_lib.ts'
import { EPOLLERR, EPOLLOUT } from '../../../../src/model/alsa/pcm_poll.ts'
import { EINTR, EPIPE } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { currentTask } from '../../../../src/model/linux/preempt.ts'
import { send_sig } from '../../../../src/model/linux/sched.ts'
import { PollSet, snd_pcm_wait, sys_poll } from '../../../../src/model/user/poll.ts'
import { sys_start } from '../../../../src/model/user/syscall.ts'
import { advanceAppl, inTask, must, openStream, type World, world } from '../alsa/stream.ts'

function* fullAndRunning(w: World) {
  const file = yield* openStream(w)
  advanceAppl(file.substream, 1920)
  must(yield* sys_start(file))
  return file
}

/** The device has moved to `pos` and says so, at a time. */
function elapseAt(w: World, atNs: number, pos: number): void {
  w.k.spawn('irq', 'task', function* () {
    yield* sleepUntil(w.k, atNs)
    w.fake.pos = pos
    yield* snd_pcm_period_elapsed(w.fake.stream)
  })
}

test('sleeps until avail_min frames are free', () => {
  const w = world({ cpus: 2 })
  inTask(w, function* () {
    const set = new PollSet([yield* fullAndRunning(w)])
    elapseAt(w, 5 * NS_PER_MS, 479)
    elapseAt(w, 10 * NS_PER_MS, 480)
    expect(yield* sys_poll(set, -1)).toBe(1)
    expect(set.revents).toEqual([EPOLLOUT])
    expect(w.sim.now).toBeGreaterThanOrEqual(10 * NS_PER_MS)
    expect(w.fake.stream.sleep.entries).toEqual([])
  })
})

test('a lost notification leaves the poller asleep though data moved', () => {
  const w = world({ cpus: 2 })
  inTask(w, function* () {
    const set = new PollSet([yield* fullAndRunning(w)])
    w.fake.pos = 960
    expect(yield* sys_poll(set, 20 * NS_PER_MS)).toBe(0)
    expect(w.sim.now).toBeGreaterThanOrEqual(20 * NS_PER_MS)
    expect(w.sim.now).toBeLessThan(21 * NS_PER_MS)
  })
})

test('an xrun wakes with POLLERR, and the library makes EPIPE of it', () => {
  const w = world({ cpus: 2 })
  inTask(w, function* () {
    const set = new PollSet([yield* fullAndRunning(w)])
    elapseAt(w, 5 * NS_PER_MS, C.SNDRV_PCM_POS_XRUN)
    expect(yield* snd_pcm_wait(set, 100 * NS_PER_MS)).toBe(-EPIPE)
    expect(set.revents).toEqual([EPOLLOUT | EPOLLERR])
  })
})

test('a signal ends it with EINTR', () => {
  const w = world({ cpus: 2 })
  inTask(w, function* () {
    const set = new PollSet([yield* fullAndRunning(w)])
    const task = currentTask(w.k)
    w.k.spawn('killer', 'task', function* () {
      yield* sleepUntil(w.k, 5 * NS_PER_MS)
      send_sig(w.k, task)
    })
    expect(yield* sys_poll(set, -1)).toBe(-EINTR)
    expect(task.signalPending).toBe(false)
  })
})
