/** Nested interrupt-disabling locks: what irqsave saved comes back, whatever is nested in what. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Kernel } from '../../src/model/linux/kernel.ts'
import { local_irq_restore, local_irq_save } from '../../src/model/linux/preempt.ts'
import { in_atomic } from '../../src/model/linux/preempt-count.ts'
import {
  raw_spin_lock_init,
  SpinlockT,
  spin_lock,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irqrestore,
} from '../../src/model/linux/spinlock.ts'
import { IrqVector } from '../../src/model/machine/irq-vector.ts'
import { chargeNs } from '../../src/model/machine/machine.ts'
import type { Proc } from '../../src/sim/process.ts'
import { tinyKernel } from '../support/tiny-kernel.ts'

/** A section and what is inside it. */
interface Section {
  readonly kind: 'irqsave' | 'plain' | 'local'
  readonly ns: number
  readonly inside: readonly Section[]
}

function sections(depth: number): fc.Arbitrary<Section> {
  return fc.record({
    kind: fc.constantFrom('irqsave' as const, 'plain' as const, 'local' as const),
    ns: fc.integer({ min: 0, max: 2_000 }),
    inside: depth === 0 ? fc.constant([]) : fc.array(sections(depth - 1), { maxLength: 3 }),
  })
}

const section = sections(3)

/** Runs a section on a lock of its own; the state after it must be the state before it. */
function* enter(k: Kernel, one: Section, make: () => SpinlockT): Proc {
  const cpu = k.current.cpu
  const before = { off: cpu.irqsOff, atomic: in_atomic(k) }
  const lock = make()
  let flags = false
  if (one.kind === 'irqsave') flags = yield* spin_lock_irqsave(lock)
  else if (one.kind === 'plain') yield* spin_lock(lock)
  else flags = local_irq_save(k)
  const sleeps = lock.rt !== null
  if (one.kind !== 'plain') {
    expect(flags).toBe(before.off)
    expect(cpu.irqsOff).toBe(before.off || one.kind === 'local' || !sleeps)
  }
  yield* chargeNs(k, one.ns)
  for (const inner of one.inside) yield* enter(k, inner, make)
  if (one.kind === 'irqsave') yield* spin_unlock_irqrestore(lock, flags)
  else if (one.kind === 'plain') yield* spin_unlock(lock)
  else yield* local_irq_restore(k, flags)
  expect({ off: cpu.irqsOff, atomic: in_atomic(k) }).toEqual(before)
}

describe('nested irqsave', () => {
  for (const lock of ['spinlock', 'raw on RT'] as const) {
    it(`${lock}: restores exactly, and no interrupt comes inside`, () => {
      fc.assert(
        fc.property(fc.array(section, { minLength: 1, maxLength: 4 }), (list) => {
          const { k, sim } = tinyKernel({ preempt: lock === 'spinlock' ? 'voluntary' : 'rt' })
          const make = () =>
            lock === 'spinlock' ? new SpinlockT(k, '&l') : raw_spin_lock_init(k, '&l')
          let ended = false
          const task = k.spawn('t', 'task', function* () {
            for (const one of list) yield* enter(k, one, make)
            ended = true
          })
          const [cpu] = k.cpus as [(typeof k.cpus)[number]]
          let inside = 0
          const vector = new IrqVector(k, cpu, 'irq', function* () {
            yield* chargeNs(k, 10)
            if (task.irqsOffSaved) inside++
          })
          const storm = sim.timer(() => {
            cpu.raise(vector)
            if (!ended) storm.arm(sim.now + 300)
          })
          storm.arm(100)
          sim.run(1_000_000_000)
          expect(ended).toBe(true)
          expect(inside).toBe(0)
          expect(cpu.irqsOff).toBe(false)
        }),
        { numRuns: 200, seed: 41 },
      )
    })
  }

  it('on PREEMPT_RT irqsave of a spinlock leaves interrupts on', () => {
    const { k, sim } = tinyKernel({ preempt: 'rt' })
    const [cpu] = k.cpus as [(typeof k.cpus)[number]]
    const took: number[] = []
    k.spawn('t', 'task', function* () {
      const lock = new SpinlockT(k, '&l')
      const flags = yield* spin_lock_irqsave(lock)
      yield* chargeNs(k, 10_000)
      yield* spin_unlock_irqrestore(lock, flags)
    })
    const vector = new IrqVector(k, cpu, 'irq', function* () {
      took.push(sim.now)
    })
    sim.timer(() => cpu.raise(vector)).arm(4_000)
    sim.run(1_000_000)
    expect(took).toEqual([4_000])
  })
})
