import { expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { currentTask } from '../../../../src/model/linux/preempt.ts'
import { schedule_timeout, TASK_INTERRUPTIBLE } from '../../../../src/model/linux/sched.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import { tinyKernel } from '../../../support/tiny-kernel.ts'

test('preempted between set_current_state and schedule_timeout', () => {
  const { sim, k } = tinyKernel({ preempt: 'full' })
  let endedNs = -1
  k.spawn('sleeper', 'task', function* () {
    const task = currentTask(k)
    task.state = TASK_INTERRUPTIBLE
    yield* chargeNs(k, 5 * NS_PER_MS)
    yield* schedule_timeout(k, 10)
    endedNs = sim.now
  })
  k.spawn(
    'rt',
    'task',
    function* () {
      yield* sleepUntil(k, 1 * NS_PER_MS)
      yield* chargeNs(k, 1 * NS_PER_MS)
    },
    { policy: 'fifo', priority: 50 },
  )
  sim.run(1000 * NS_PER_MS)
  expect(endedNs).toBeGreaterThan(0)
})
