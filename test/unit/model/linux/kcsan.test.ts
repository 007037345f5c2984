/**
 * Order between contexts by the kernel's own primitives: two accesses of a shared variable on two
 * processors, one before and one behind, race without the primitive and do not with it.
 */
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../../src/analysis/fold.ts'
import { RaceFold } from '../../../../src/analysis/races/race-fold.ts'
import {
  Completion,
  complete,
  wait_for_completion,
} from '../../../../src/model/linux/completion.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { IRQ_HANDLED, request_irq } from '../../../../src/model/linux/irq.ts'
import {
  data_race,
  declareShared,
  READ_ONCE,
  WRITE_ONCE,
} from '../../../../src/model/linux/kcsan.ts'
import type { Kernel } from '../../../../src/model/linux/kernel.ts'
import {
  SpinlockT,
  spin_lock_irqsave,
  spin_unlock_irqrestore,
} from '../../../../src/model/linux/spinlock.ts'
import { TimerList } from '../../../../src/model/linux/timer.ts'
import { WaitQueueHead, wait_event, wake_up } from '../../../../src/model/linux/wait.ts'
import { flush_work, schedule_work, WorkStruct } from '../../../../src/model/linux/workqueue.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { tinyKernel } from '../../../support/tiny-kernel.ts'

interface Shared {
  value: number
}

const MS = 1_000_000

/** Two tasks on two processors, the second a millisecond later; sorts of races on `value`. */
function races(parts: (k: Kernel, shared: Shared) => readonly [() => Proc, () => Proc]): string[] {
  const { k, sim, store } = tinyKernel({ cpus: 2 })
  sim.trace.accesses = true
  const shared: Shared = { value: 0 }
  declareShared(k, shared, 'shared', ['value'])
  for (const [cpu, part] of parts(k, shared).entries()) {
    const body = function* (): Proc {
      yield* sleepUntil(k, (1 + cpu) * MS)
      yield* part()
    }
    k.spawn(`task${cpu}`, 'task', body, { affinity: [cpu] })
  }
  sim.run(1_000 * MS)
  return foldStore(store, new RaceFold(store.symbols), 0).races.map((one) => one.kcsan)
}

function set(shared: Shared): void {
  shared.value = 1
}

/** A plain part: no generator of its own. */
const plainly = (what: () => void) =>
  function* (): Proc {
    what()
  }

describe('what puts two tasks in order', () => {
  it('nothing, if there is nothing', () => {
    const pair = (_: Kernel, shared: Shared) =>
      [plainly(() => set(shared)), plainly(() => void shared.value)] as const
    expect(races(pair)).toEqual(['default'])
  })
  it('a completion, also one that was complete before', () => {
    for (const delayMs of [0, 5]) {
      const found = races((k, shared) => {
        const done = new Completion(k)
        const first = function* (): Proc {
          yield* sleepUntil(k, (1 + delayMs) * MS)
          shared.value = 1
          yield* complete(done)
        }
        const second = function* (): Proc {
          yield* wait_for_completion(done)
          shared.value++
        }
        return [first, second]
      })
      expect(found).toEqual([])
    }
  })
  it('a wake-up, a work item and a flush of it, also when it is over', () => {
    const found = races((k, shared) => {
      const queue = new WaitQueueHead(k, '&queue')
      let ready = false
      const work = new WorkStruct(
        k,
        '&work',
        plainly(() => void shared.value++),
        'work_fn',
      )
      const first = function* (): Proc {
        yield* sleepUntil(k, 5 * MS)
        shared.value = 1
        yield* schedule_work(work)
        yield* sleepUntil(k, 10 * MS)
        yield* flush_work(work)
        shared.value++
        ready = true
        yield* wake_up(queue)
      }
      const second = function* (): Proc {
        yield* wait_event(queue, () => ready)
        shared.value++
      }
      return [first, second]
    })
    expect(found).toEqual([])
  })
  it('a timer and its function', () => {
    const found = races((k, shared) => {
      const timer = new TimerList(plainly(() => void shared.value++))
      const first = function* (): Proc {
        shared.value = 1
        k.timers.mod_timer(timer, k.jiffies + 3)
      }
      return [first, plainly(() => {})]
    })
    expect(found).toEqual([])
  })
  it.each([
    [0, 0],
    [1, 1],
  ])('interrupts off: a handler of processor %i leaves %i races', (cpu, count) => {
    const found = races((k, shared) => {
      const lock = new SpinlockT(k, '&lock')
      const handler = function* (): Proc<number> {
        shared.value++
        return IRQ_HANDLED
      }
      const line = request_irq(k, 'card', handler, { cpu })
      const first = function* (): Proc {
        const flags = yield* spin_lock_irqsave(lock)
        shared.value = 1
        yield* spin_unlock_irqrestore(lock, flags)
      }
      // Raised by hardware that knows nothing of the task.
      const later = function* (): Proc {
        yield* sleepUntil(k, 5 * MS)
        line.raise()
      }
      return [first, later]
    })
    expect(found.length > 0 ? 1 : 0).toBe(count)
  })
})

describe('marks of single accesses', () => {
  it('READ_ONCE and WRITE_ONCE on both sides, data_race on one', () => {
    const pair = (write: (k: Kernel, s: Shared) => void, read: (k: Kernel, s: Shared) => void) =>
      races((k, shared) => [plainly(() => write(k, shared)), plainly(() => read(k, shared))])
    const once = (k: Kernel, s: Shared) => WRITE_ONCE(k, s, 'value', 1)
    const plain = (_: Kernel, s: Shared) => set(s)
    const readOnce = (k: Kernel, s: Shared) => void READ_ONCE(k, s, 'value')
    const read = (_: Kernel, s: Shared) => void s.value
    const meant = (k: Kernel, s: Shared) => void data_race(k, () => s.value)
    expect(pair(once, readOnce)).toEqual([])
    expect(pair(once, read)).toEqual(['default'])
    expect(pair(plain, readOnce)).toEqual(['strict'])
    expect(pair(plain, meant)).toEqual([])
  })
})
