/**
 * Priority inheritance: a task that wants a lock waits for critical sections only, however long the
 * tasks between it and the owner run; without inheritance the wait grows with them.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mutex, mutex_lock, mutex_unlock } from '../../src/model/linux/mutex.ts'
import { SpinlockT, spin_lock, spin_unlock } from '../../src/model/linux/spinlock.ts'
import { chargeNs } from '../../src/model/machine/machine.ts'
import type { Proc } from '../../src/sim/process.ts'
import { tinyKernel } from '../support/tiny-kernel.ts'

interface Case {
  readonly sectionNs: number
  readonly askNs: number
  readonly hogs: readonly { readonly atNs: number; readonly runNs: number }[]
  readonly nested: boolean
}

/** How long the high task waits for a lock of the low one, with hogs of middle priority. */
function waitNs(preempt: 'full' | 'rt', lockKind: 'mutex' | 'spinlock', one: Case): number {
  const { k, sim } = tinyKernel({ preempt, rtRuntimeNs: -1 })
  const make = (name: string) =>
    lockKind === 'mutex' ? new Mutex(k, name) : new SpinlockT(k, name)
  const take = (lock: Mutex | SpinlockT): Proc =>
    lock instanceof Mutex ? mutex_lock(lock) : spin_lock(lock)
  const give = (lock: Mutex | SpinlockT): Proc =>
    lock instanceof Mutex ? mutex_unlock(lock) : spin_unlock(lock)
  const [a, b] = [make('&a'), make('&b')]
  let waited = -1
  const start = (atNs: number, name: string, priority: number, body: () => Proc): void => {
    const options = { policy: 'fifo', priority } as const
    sim.timer(() => k.spawn(name, 'task', body, options)).arm(atNs)
  }
  start(0, 'low', 1, function* () {
    yield* take(a)
    yield* chargeNs(k, one.sectionNs)
    yield* give(a)
  })
  // A chain: the middle owner holds b and waits for a; high wants b.
  if (one.nested) {
    start(1, 'link', 2, function* () {
      yield* take(b)
      yield* take(a)
      yield* give(a)
      yield* give(b)
    })
  }
  start(one.askNs, 'high', 90, function* () {
    const from = sim.now
    yield* take(one.nested ? b : a)
    waited = sim.now - from
    yield* give(one.nested ? b : a)
  })
  one.hogs.forEach(({ atNs, runNs }, i) => {
    start(one.askNs + atNs, `hog${i}`, 50, function* () {
      yield* chargeNs(k, runNs)
    })
  })
  sim.run(10_000_000_000)
  return waited
}

const cases = fc.record({
  sectionNs: fc.integer({ min: 20_000, max: 1_000_000 }),
  askNs: fc.integer({ min: 2, max: 9_000 }),
  hogs: fc.array(
    fc.record({
      atNs: fc.integer({ min: 1, max: 5_000 }),
      runNs: fc.integer({ min: 1_000_000, max: 50_000_000 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  nested: fc.boolean(),
})

describe('priority inheritance', () => {
  it('PREEMPT_RT: the wait is what is left of the critical section, through chains too', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom('mutex' as const, 'spinlock' as const), (one, kind) => {
        expect(waitNs('rt', kind, one)).toBe(one.sectionNs - one.askNs)
      }),
      { numRuns: 150, seed: 31 },
    )
  })

  it('without it the wait grows by all that the hogs run', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const one = { ...given, nested: false }
        const hogsNs = one.hogs.reduce((sum, { runNs }) => sum + runNs, 0)
        expect(waitNs('full', 'mutex', one)).toBe(one.sectionNs - one.askNs + hogsNs)
      }),
      { numRuns: 80, seed: 32 },
    )
  })
})
