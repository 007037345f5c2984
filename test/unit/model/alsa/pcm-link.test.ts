/** Linked streams: domain/alsa-core.md §2, §3 (5), §5. */
import { expect, test } from 'vitest'
import { snd_card_new } from '../../../../src/model/alsa/core.ts'
import { type SndPcmOps, snd_pcm_new } from '../../../../src/model/alsa/pcm.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_drop } from '../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_hw_params } from '../../../../src/model/alsa/pcm_hw_params.ts'
import { snd_pcm_link, snd_pcm_unlink } from '../../../../src/model/alsa/pcm_link.ts'
import { SndPcmFile, snd_pcm_open, snd_pcm_release } from '../../../../src/model/alsa/pcm_native.ts'
import { snd_pcm_prepare } from '../../../../src/model/alsa/pcm_prepare.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { EALREADY, EBADFD, EINVAL, EIO } from '../../../../src/model/linux/errno.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { T } from '../../../../src/sim/trace.ts'
import { HARDWARE } from './fake-card.ts'
import { hwParams, inTask, must, recordsOf, world } from './stream.ts'

const TRIGGER_NS = 330_000

/** Two playback PCMs of one card, whose triggers take a third of a millisecond. */
function* pair(w: ReturnType<typeof world>, nonatomic: boolean, fails: Set<string>) {
  const card = snd_card_new(w.k)
  const files: SndPcmFile[] = []
  for (const device of [0, 1]) {
    const zero = function* (): Proc<number> {
      yield* chargeNs(w.k, 0)
      return 0
    }
    const trigger = function* (cmd: number): Proc<number> {
      yield* chargeNs(w.k, TRIGGER_NS)
      return fails.has(`${device}:${cmd}`) ? -EIO : 0
    }
    const ops: SndPcmOps = {
      open: zero,
      close: zero,
      prepare: zero,
      pointer: zero,
      trigger: (_substream, cmd) => trigger(cmd),
    }
    const pcm = snd_pcm_new(card, device, { nonatomic, playback: { ops, hardware: HARDWARE } })
    const file = yield* snd_pcm_open(pcm, C.SNDRV_PCM_STREAM_PLAYBACK, 0)
    if (!(file instanceof SndPcmFile)) throw new Error('open failed')
    must(yield* snd_pcm_hw_params(file.substream, hwParams()))
    files.push(file)
  }
  const [first, second] = files as [SndPcmFile, SndPcmFile]
  return { first, second, a: first.substream, b: second.substream }
}

for (const nonatomic of [true, false]) {
  test(`one start moves both, one trigger after the other (nonatomic ${nonatomic})`, () => {
    const w = world()
    inTask(w, function* () {
      const { a, b } = yield* pair(w, nonatomic, new Set())
      must(yield* snd_pcm_link(a, b))
      // prepare is a group action too.
      must(yield* snd_pcm_prepare(a, 0))
      expect(b.runtime.state).toBe(C.SNDRV_PCM_STATE_PREPARED)
      for (const { runtime } of [a, b]) runtime.control.appl_ptr = 1920
      must(yield* snd_pcm_start_lock_irq(b))
      expect([a, b].map((s) => s.runtime.state)).toEqual([3, 3])
      must(yield* snd_pcm_drop(a))
      expect([a, b].map((s) => s.runtime.state)).toEqual([1, 1])
    })
    const triggers = recordsOf(w.store, T.snd_pcm_trigger)
    expect(triggers.map((r) => r.b)).toEqual([1, 1, 0, 0])
    const [one, two] = triggers as [(typeof triggers)[0], (typeof triggers)[0]]
    expect(two.timeNs - one.timeNs).toBe(TRIGGER_NS)
    expect(two.a).not.toBe(one.a)
    expect(recordsOf(w.store, T.bug)).toEqual([])
  })

  test(`a start that fails is undone at the members before it (nonatomic ${nonatomic})`, () => {
    const w = world()
    inTask(w, function* () {
      const { a, b } = yield* pair(w, nonatomic, new Set(['0:1']))
      must(yield* snd_pcm_link(a, b))
      must(yield* snd_pcm_prepare(a, 0))
      for (const { runtime } of [a, b]) runtime.control.appl_ptr = 1920
      expect(yield* snd_pcm_start_lock_irq(a)).toBe(-EIO)
      expect([a, b].map((s) => s.runtime.state)).toEqual([2, 2])
      expect([a, b].map((s) => s.runtime.stop_operating)).toEqual([false, true])
    })
    // The member that was linked last starts first (list_move() in snd_pcm_group_assign()).
    const triggers = recordsOf(w.store, T.snd_pcm_trigger)
    const ids = triggers.map((r) => r.a)
    expect(triggers.map((r) => r.b)).toEqual([1, 1, 0])
    expect(ids[2]).toBe(ids[0])
  })
}

test('a driver that starts all at once marks the others done: one trigger, one time stamp', () => {
  const w = world()
  inTask(w, function* () {
    const { a, b } = yield* pair(w, true, new Set())
    must(yield* snd_pcm_link(a, b))
    must(yield* snd_pcm_prepare(a, 0))
    for (const one of [a, b]) {
      const { ops } = one
      one.runtime.control.appl_ptr = 1920
      // Kernel: snd_pcm_trigger_done() of each other member.
      one.ops = {
        ...ops,
        *trigger(substream, cmd) {
          for (const { runtime } of one.group.substreams) runtime.trigger_master = substream
          return yield* ops.trigger(substream, cmd)
        },
      }
    }
    must(yield* snd_pcm_start_lock_irq(a))
    expect([a, b].map((s) => s.runtime.state)).toEqual([3, 3])
    expect(a.runtime.trigger_tstamp).toBeGreaterThan(0)
    expect(a.runtime.trigger_tstamp).toBe(b.runtime.trigger_tstamp)
    must(yield* snd_pcm_drop(b))
  })
  expect(recordsOf(w.store, T.snd_pcm_trigger).map((r) => r.b)).toEqual([1, 0])
})

test('a member that may not start keeps all from starting', () => {
  const w = world()
  inTask(w, function* () {
    const { a, b } = yield* pair(w, true, new Set())
    must(yield* snd_pcm_link(a, b))
    must(yield* snd_pcm_prepare(a, 0))
    a.runtime.control.appl_ptr = 1920
    expect(yield* snd_pcm_start_lock_irq(a)).toBeLessThan(0)
  })
  expect(recordsOf(w.store, T.snd_pcm_trigger)).toEqual([])
})

test('what may not be linked', () => {
  const w = world()
  inTask(w, function* () {
    const { a, b, second } = yield* pair(w, true, new Set())
    expect(yield* snd_pcm_link(a, a)).toBe(-EINVAL)
    must(yield* snd_pcm_prepare(a, 0))
    expect(yield* snd_pcm_link(a, b)).toBe(-EBADFD)
    must(yield* snd_pcm_prepare(b, 0))
    must(yield* snd_pcm_link(a, b))
    expect(yield* snd_pcm_link(a, b)).toBe(-EALREADY)
    expect(a.group).toBe(b.group)
    expect(a.group.substreams).toEqual([b, a])
    // Closing one dissolves the pair.
    must(yield* snd_pcm_release(second))
    expect(a.group).toBe(a.self_group)
    expect(a.self_group.substreams).toEqual([a])
    expect(yield* snd_pcm_unlink(a)).toBe(-EALREADY)
  })
})

test('two group actions at once: the loser waits without its stream lock', () => {
  const w = world({ cpus: 2 })
  inTask(w, function* () {
    const { a, b } = yield* pair(w, true, new Set())
    must(yield* snd_pcm_link(a, b))
    must(yield* snd_pcm_prepare(a, 0))
    for (const { runtime } of [a, b]) runtime.control.appl_ptr = 1920
    const answers: number[] = []
    w.k.spawn('other', 'task', function* () {
      yield* chargeNs(w.k, 1)
      answers.push(yield* snd_pcm_start_lock_irq(b))
    })
    answers.push(yield* snd_pcm_start_lock_irq(a))
    yield* chargeNs(w.k, 10 * TRIGGER_NS)
    // One of them starts both; the other finds them running.
    expect([...answers].sort((x, y) => x - y)).toEqual([-EBADFD, 0])
  })
  expect(recordsOf(w.store, T.snd_pcm_trigger).map((r) => r.b)).toEqual([1, 1])
  expect(recordsOf(w.store, T.deadlock)).toEqual([])
})
