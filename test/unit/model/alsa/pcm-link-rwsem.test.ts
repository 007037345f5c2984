/**
 * The link semaphore of Linux 5.0 and before (f57f3df03a8e reverted), and its writer before
 * 67ec1072b053. Facts: sound/core/pcm_native.c of 4.12 and 5.0, the messages of both commits, and
 * domain/lockdep.md §2 for what the validator sees: a read lock with a subclass of its own is
 * another class, so a second read is no recursion to it.
 */
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../../src/analysis/fold.ts'
import { LockdepFold } from '../../../../src/analysis/lockdep/trace-fold.ts'
import { UserFrames } from '../../../../src/model/alsa/pcm_copy.ts'
import { snd_pcm_drain, snd_pcm_drop } from '../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_link, snd_pcm_unlink } from '../../../../src/model/alsa/pcm_link.ts'
import { snd_pcm_prepare } from '../../../../src/model/alsa/pcm_prepare.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { EALREADY } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import type { KernelCommit } from '../../../../src/model/linux/kernel-commits.ts'
import { sys_writei } from '../../../../src/model/user/syscall.ts'
import { T } from '../../../../src/sim/trace.ts'
import { inTask, must, openStream, recordsOf, type World, world } from './stream.ts'

const UP_TO_5_0: readonly KernelCommit[] = ['f57f3df03a8e']
const BEFORE_FIX: readonly KernelCommit[] = ['f57f3df03a8e', '67ec1072b053']
const MS = 1_000_000
const PREPARE_NS = 5 * MS

function kernel(reverted: readonly KernelCommit[], nonatomic = true): World {
  return world({ cpus: 2, reverted, card: { nonatomic, capture: true, substreams: 2 } })
}

function deadlocks(w: World): string[] {
  const texts = recordsOf(w.store, T.deadlock).map((r) => w.sim.trace.symbols.name('text', r.a))
  // Without the numbers of the locks.
  return texts.map((text) => text.replaceAll(/@\d+/g, ''))
}

function locks(w: World) {
  const { edges, reports } = foldStore(w.store, new LockdepFold(w.sim.trace.symbols), w.sim.now)
  return { edges: edges.map(({ before, after }) => `${before} -> ${after}`), predicted: reports }
}

/** One task prepares a stream, whose driver sleeps; another links two more meanwhile. */
function prepareWhileLinking(reverted: readonly KernelCommit[]) {
  const w = kernel(reverted)
  const answers: { what: string; err: number; atNs: number }[] = []
  const { k, sim } = w
  k.spawn('player', 'task', function* () {
    const { substream } = yield* openStream(w, 'setup')
    substream.ops = {
      ...substream.ops,
      *prepare() {
        yield* sleepUntil(k, sim.now + PREPARE_NS)
        return 0
      },
    }
    yield* sleepUntil(k, 10 * MS)
    answers.push({ what: 'prepare', err: yield* snd_pcm_prepare(substream, 0), atNs: sim.now })
  })
  k.spawn('linker', 'task', function* () {
    const second = yield* openStream(w, 'setup')
    const third = yield* openStream(w, 'setup', { capture: true })
    yield* sleepUntil(k, 12 * MS)
    const err = yield* snd_pcm_link(second.substream, third.substream)
    answers.push({ what: 'link', err, atNs: sim.now })
  })
  sim.run(100 * MS)
  return { w, answers }
}

describe('prepare of a nonatomic stream and a link of others', () => {
  it('up to 67ec1072b053: the second read lock waits behind the writer, for ever', () => {
    const { w, answers } = prepareWhileLinking(BEFORE_FIX)
    expect(answers).toEqual([])
    expect(deadlocks(w)).toEqual([
      'player waits for snd_pcm_link_rwsem behind linker; ' +
        'linker waits for snd_pcm_link_rwsem held by player',
    ])
    // The subclass that keeps the validator from calling it a recursion also hides this.
    expect(locks(w).predicted).toEqual([])
  })

  it('up to 5.0: the writer tries again each millisecond and lets readers pass', () => {
    const { w, answers } = prepareWhileLinking(UP_TO_5_0)
    expect(answers.map(({ what, err }) => `${what} ${err}`)).toEqual(['prepare 0', 'link 0'])
    const [prepare, link] = answers.map(({ atNs }) => atNs) as [number, number]
    expect(prepare).toBeGreaterThanOrEqual(10 * MS + PREPARE_NS)
    // It tried at 12 ms. msleep(1) is two jiffies of 4 ms, and the timer wheel adds up to one.
    expect(link).toBeGreaterThanOrEqual(12 * MS + 8 * MS)
    expect(link).toBeLessThanOrEqual(12 * MS + 13 * MS)
    expect(deadlocks(w)).toEqual([])
    expect(locks(w).predicted).toEqual([])
  })

  it('since f57f3df03a8e there is one read lock, and the writer may queue', () => {
    const { w, answers } = prepareWhileLinking([])
    expect(answers.map(({ what, err }) => `${what} ${err}`)).toEqual(['prepare 0', 'link 0'])
    expect(deadlocks(w)).toEqual([])
  })
})

describe.each([
  [true, 'snd_pcm_link_rwsem/1', '&group->mutex'],
  [false, 'snd_pcm_link_rwlock', '&group->lock'],
] as const)('up to 5.0, nonatomic %s', (nonatomic, links, stream) => {
  it('a stream lock takes the lock of all links first', () => {
    const w = kernel(UP_TO_5_0, nonatomic)
    inTask(w, function* () {
      const file = yield* openStream(w)
      w.fake.runClock(file.substream)
      must(yield* sys_writei(file, new UserFrames(w.k, file.substream.id), 960))
      must(yield* snd_pcm_drain(file.substream, false))
    })
    const { edges, predicted } = locks(w)
    expect(edges).toContain(`${links} -> ${stream}`)
    // Prepare and drain have the semaphore, for whatever PCM; prepare the buffer's mutex as well.
    expect(edges).toContain('snd_pcm_link_rwsem -> &runtime->buffer_mutex')
    expect(edges).toContain(`&runtime->buffer_mutex -> ${links}`)
    expect(edges).toContain(`${stream} -> &runtime->sleep`)
    expect(predicted).toEqual([])
    expect(deadlocks(w)).toEqual([])
    expect(recordsOf(w.store, T.bug)).toEqual([])
  })

  it('linked streams start and stop together, the first one linked first', () => {
    const w = kernel(UP_TO_5_0, nonatomic)
    inTask(w, function* () {
      const { substream: a } = yield* openStream(w, 'setup')
      const { substream: b } = yield* openStream(w, 'setup', { capture: true })
      const { substream: c } = yield* openStream(w, 'setup')
      must(yield* snd_pcm_link(a, b))
      expect(yield* snd_pcm_link(a, b)).toBe(-EALREADY)
      must(yield* snd_pcm_link(b, c))
      expect(a.group.substreams).toEqual([a, b, c])
      must(yield* snd_pcm_unlink(b))
      expect(a.group.substreams).toEqual([a, c])
      must(yield* snd_pcm_prepare(c, 0))
      for (const { runtime } of [a, c]) runtime.control.appl_ptr = 480
      must(yield* snd_pcm_start_lock_irq(c))
      must(yield* snd_pcm_drop(a))
      must(yield* snd_pcm_unlink(a))
      expect([a.group, b.group, c.group]).toEqual([a.self_group, b.self_group, c.self_group])
      expect(c.self_group.substreams).toEqual([c])
      expect(yield* snd_pcm_unlink(c)).toBe(-EALREADY)
      const triggers = recordsOf(w.store, T.snd_pcm_trigger)
      expect(triggers.map((r) => [r.a, r.b])).toEqual([
        [a.id, 1],
        [c.id, 1],
        [a.id, 0],
        [c.id, 0],
      ])
    })
    expect(deadlocks(w)).toEqual([])
    expect(locks(w).predicted).toEqual([])
    expect(recordsOf(w.store, T.bug)).toEqual([])
  })
})
