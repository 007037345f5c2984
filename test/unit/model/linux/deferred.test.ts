/** Work queues, timers, softirqs: one small scenario and one number each. */
import { describe, expect, it } from 'vitest'
import {
  Completion,
  complete,
  wait_for_completion_timeout,
} from '../../../../src/model/linux/completion.ts'
import {
  Hrtimer,
  hrtimer_cancel,
  hrtimer_forward,
  hrtimer_start,
  sleepUntil,
} from '../../../../src/model/linux/hrtimer.ts'
import type { Kernel } from '../../../../src/model/linux/kernel.ts'
import { might_sleep } from '../../../../src/model/linux/preempt.ts'
import {
  msecs_to_jiffies,
  schedule_timeout,
  send_sig,
  set_current_state,
  TASK_INTERRUPTIBLE,
} from '../../../../src/model/linux/sched.ts'
import { TASKLET_SOFTIRQ } from '../../../../src/model/linux/softirq.ts'
import { Tasklet, tasklet_kill, tasklet_schedule } from '../../../../src/model/linux/tasklet.ts'
import { timer_setup, wheelExpiry } from '../../../../src/model/linux/timer.ts'
import {
  WaitQueueHead,
  wait_event_interruptible_timeout,
  wake_up,
} from '../../../../src/model/linux/wait.ts'
import {
  cancel_work_sync,
  schedule_work,
  WorkStruct,
} from '../../../../src/model/linux/workqueue.ts'
import { IrqVector } from '../../../../src/model/machine/irq-vector.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import { T } from '../../../../src/sim/trace.ts'
import { tinyKernel } from '../../../support/tiny-kernel.ts'

type World = ReturnType<typeof tinyKernel>

function countOf({ store }: World, kind: number): number {
  let count = 0
  store.replay({ record: (r) => void (r.kind === kind && count++) })
  return count
}

function logOf({ store }: World): string[] {
  const lines: string[] = []
  store.replay({
    record: (r) => void (r.kind === T.printk && lines.push(store.symbols.name('text', r.a))),
  })
  return lines
}

const cpu0 = (k: Kernel) => k.cpus[0] as (typeof k.cpus)[number]

describe('work queue', () => {
  it('an item scheduled while pending runs once, while running runs once more', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const runs: number[] = []
    const work: WorkStruct = new WorkStruct(
      k,
      '&w',
      function* () {
        runs.push(sim.now)
        yield* chargeNs(k, 10_000)
        if (runs.length === 1) yield* schedule_work(work)
      },
      'w_fn',
    )
    k.spawn('t', 'task', function* () {
      expect(yield* schedule_work(work)).toBe(true)
      expect(yield* schedule_work(work)).toBe(false)
      expect(yield* schedule_work(work)).toBe(false)
    })
    sim.run(10_000_000)
    expect(runs).toHaveLength(2)
    expect(countOf(world, T.workqueue_execute_start)).toBe(2)
  })

  it('a blocked worker lets another one run, a busy one does not', () => {
    for (const sleeps of [true, false]) {
      const { k, sim } = tinyKernel()
      let second = 0
      const slow = new WorkStruct(
        k,
        '&slow',
        function* () {
          if (sleeps) yield* sleepUntil(k, sim.now + 1_000_000)
          else yield* chargeNs(k, 1_000_000)
        },
        'slow',
      )
      const quick = new WorkStruct(
        k,
        '&quick',
        function* () {
          second = sim.now
          yield* chargeNs(k, 1)
        },
        'quick',
      )
      k.spawn('t', 'task', function* () {
        yield* schedule_work(slow)
        yield* schedule_work(quick)
      })
      sim.run(10_000_000)
      expect(second).toBe(sleeps ? 0 : 1_000_000)
    }
  })

  it('items queued before the woken worker runs wake no second one: it runs them in turn', () => {
    const { k, sim } = tinyKernel()
    const by: string[] = []
    const item = (name: string) =>
      new WorkStruct(
        k,
        name,
        function* () {
          by.push(k.current.name)
          yield* chargeNs(k, 1000)
        },
        name,
      )
    const works = ['a', 'b', 'c'].map(item)
    k.spawn('t', 'task', function* () {
      for (let round = 0; round < 3; round++) {
        for (const work of works) yield* schedule_work(work)
        yield* sleepUntil(k, sim.now + 1_000_000)
      }
    })
    sim.run(10_000_000)
    expect(by).toEqual(new Array(9).fill('kworker/0:0'))
  })

  it('an item queued behind a running one runs as soon as that one sleeps', () => {
    const { k, sim } = tinyKernel()
    let second = 0
    const behind = new WorkStruct(
      k,
      '&behind',
      function* () {
        second = sim.now
        yield* chargeNs(k, 1)
      },
      'behind',
    )
    const first = new WorkStruct(
      k,
      '&first',
      function* () {
        yield* schedule_work(behind)
        yield* chargeNs(k, 50_000)
        yield* sleepUntil(k, sim.now + 1_000_000)
      },
      'first',
    )
    k.spawn('t', 'task', () => schedule_work(first))
    sim.run(10_000_000)
    expect(second).toBe(50_000)
  })

  it('cancel_work_sync waits for the running instance', () => {
    const { k, sim } = tinyKernel({ cpus: 2 })
    let cancelled = 0
    const work = new WorkStruct(
      k,
      '&w',
      function* () {
        yield* chargeNs(k, 500_000)
      },
      'w_fn',
    )
    k.spawn('t', 'task', function* () {
      yield* schedule_work(work)
      yield* sleepUntil(k, 100_000)
      expect(yield* cancel_work_sync(work)).toBe(false)
      cancelled = sim.now
    })
    sim.run(10_000_000)
    expect(cancelled).toBe(500_000)
  })

  it('an item that cancels itself waits for ever, and the run says so', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const work: WorkStruct = new WorkStruct(
      k,
      '&snd->reset_work',
      function* () {
        yield* cancel_work_sync(work)
      },
      'reset_fn',
    )
    k.spawn('t', 'task', function* () {
      yield* schedule_work(work)
    })
    sim.run(10_000_000)
    expect(countOf(world, T.deadlock)).toBe(1)
  })

  it('leaving atomic state behind is reported', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const work = new WorkStruct(
      k,
      '&w',
      function* () {
        yield* chargeNs(k, 10)
        k.current.preemptCount++
      },
      'w_fn',
    )
    k.spawn('t', 'task', function* () {
      yield* schedule_work(work)
    })
    sim.run(10_000_000)
    expect(logOf(world)[0]).toMatch(
      /^BUG: workqueue leaked lock or atomic: kworker\/0:0\/0x00000001\//,
    )
  })

  it('a FIFO client starves the worker, up to the throttle at 950 ms', () => {
    const { k, sim } = tinyKernel()
    let ran = 0
    const work = new WorkStruct(
      k,
      '&vss->elapsed_period',
      function* () {
        ran = sim.now
        yield* chargeNs(k, 100)
      },
      'virtsnd_pcm_period_elapsed',
    )
    k.spawn('t', 'task', function* () {
      yield* schedule_work(work)
    })
    const spin = function* () {
      k.current.userMode = true
      for (;;) yield* chargeNs(k, 1_000_000)
    }
    k.spawn('fifo', 'client', spin, { policy: 'fifo', priority: 10 })
    sim.run(3_000_000_000)
    // The throttle is noticed at a tick, 4 ms at HZ=250.
    expect(ran).toBeGreaterThanOrEqual(950_000_000)
    expect(ran).toBeLessThanOrEqual(954_000_001)
  })
})

describe('timers', () => {
  it('msecs_to_jiffies rounds up', () => {
    const { k } = tinyKernel({ hz: 250 })
    expect([1, 4, 5, 1000].map((ms) => msecs_to_jiffies(k, ms))).toEqual([1, 1, 2, 250])
    expect(msecs_to_jiffies(k, -1)).toBe(Number.POSITIVE_INFINITY)
  })

  it('the wheel is late by at most an eighth and never early', () => {
    for (let delta = 1; delta < 100_000; delta += delta < 700 ? 1 : 97) {
      for (const clk of [10_000, 10_007, 10_063]) {
        const late = wheelExpiry(clk + delta, clk) - (clk + delta)
        expect(late).toBeGreaterThan(0)
        expect(late).toBeLessThanOrEqual(delta < 63 ? 1 : Math.ceil(delta * 0.1271))
      }
    }
  })

  it('1000 ms at HZ=250 fires up to 8 jiffies late, 100 ms between 100 and 104 ms', () => {
    for (const [ms, least, most] of [
      [1000, 1000, 1036],
      [100, 100, 104.1],
    ] as const) {
      for (const phaseNs of [0, 1_000_000, 3_999_999]) {
        const { k, sim } = tinyKernel({ hz: 250 })
        let tookNs = 0
        k.spawn('t', 'task', function* () {
          yield* sleepUntil(k, 8_000_000 + phaseNs)
          const startNs = sim.now
          set_current_state(k, TASK_INTERRUPTIBLE)
          yield* schedule_timeout(k, msecs_to_jiffies(k, ms))
          tookNs = sim.now - startNs
        })
        sim.run(3_000_000_000)
        expect(tookNs).toBeGreaterThanOrEqual((least - 4) * 1e6)
        expect(tookNs).toBeLessThanOrEqual(most * 1e6)
      }
    }
  })

  it('a nice-0 sleeper gets 50 us of slack, a FIFO one none', () => {
    for (const policy of ['fair', 'fifo'] as const) {
      const { k, sim } = tinyKernel()
      let woke = 0
      const body = function* () {
        yield* sleepUntil(k, 1_000_000)
        woke = sim.now
      }
      k.spawn('t', 'task', body, { policy, priority: 10 })
      sim.run(10_000_000)
      expect(woke).toBe(policy === 'fair' ? 1_050_000 : 1_000_000)
    }
  })
})

describe('waiting', () => {
  it('returns 0 on time-out, the rest in time, -ERESTARTSYS on a signal', () => {
    const outcomes: number[] = []
    for (const what of ['timeout', 'wake', 'signal']) {
      const { k, sim } = tinyKernel()
      const wq = new WaitQueueHead(k, '&wq')
      let ready = false
      const task = k.spawn('t', 'task', function* () {
        outcomes.push(yield* wait_event_interruptible_timeout(wq, () => ready, 5))
      })
      if (what === 'signal') sim.timer(() => send_sig(k, task)).arm(6_000_000)
      if (what === 'wake') {
        k.spawn('w', 'task', function* () {
          yield* sleepUntil(k, 6_000_000)
          ready = true
          yield* wake_up(wq)
        })
      }
      sim.run(100_000_000)
    }
    expect(outcomes).toEqual([0, 4, -512])
  })

  it('a completion counts: complete before wait is kept', () => {
    const { k, sim } = tinyKernel()
    const done = new Completion(k)
    let left = -1
    k.spawn('t', 'task', function* () {
      yield* complete(done)
      left = yield* wait_for_completion_timeout(done, 10)
    })
    sim.run(10_000_000)
    expect(left).toBe(10)
    expect(done.done).toBe(0)
  })

  it('might_sleep speaks at most once a second', () => {
    const world = tinyKernel()
    const { k, sim } = world
    k.spawn('t', 'task', function* () {
      k.current.preemptCount++
      for (let i = 0; i < 30; i++) {
        yield* might_sleep(k, 'x.c:1')
        yield* chargeNs(k, 100_000_000)
      }
      k.current.preemptCount--
    })
    sim.run(4_000_000_000)
    expect(logOf(world).filter((line) => line.startsWith('BUG'))).toHaveLength(3)
  })
})

describe('softirq', () => {
  it('runs on interrupt exit; after ten rounds ksoftirqd takes over', () => {
    const { k, sim } = tinyKernel()
    const byContext = new Map<string, number>()
    k.softirqs.open(TASKLET_SOFTIRQ, function* (cpu) {
      const who = k.current.name
      byContext.set(who, (byContext.get(who) ?? 0) + 1)
      yield* chargeNs(k, 10_000)
      let rounds = 0
      for (const count of byContext.values()) rounds += count
      if (rounds < 25) k.softirqs.raise(cpu, TASKLET_SOFTIRQ)
    })
    const vector = new IrqVector(k, cpu0(k), 'irq', function* () {
      yield* chargeNs(k, 100)
      k.softirqs.raise(cpu0(k), TASKLET_SOFTIRQ)
    })
    sim.timer(() => cpu0(k).raise(vector)).arm(1000)
    sim.run(10_000_000)
    expect([...byContext]).toEqual([
      ['softirq/0', 10],
      ['ksoftirqd/0', 15],
    ])
  })

  it('a round of more than 2 ms ends the serving at once', () => {
    const { k, sim } = tinyKernel()
    const byContext = new Map<string, number>()
    k.softirqs.open(TASKLET_SOFTIRQ, function* (cpu) {
      const who = k.current.name
      byContext.set(who, (byContext.get(who) ?? 0) + 1)
      yield* chargeNs(k, 900_000)
      if ((byContext.get('softirq/0') ?? 0) < 9) k.softirqs.raise(cpu, TASKLET_SOFTIRQ)
      if (who === 'ksoftirqd/0') byContext.set('softirq/0', 9)
    })
    const vector = new IrqVector(k, cpu0(k), 'irq', function* () {
      yield* chargeNs(k, 100)
      k.softirqs.raise(cpu0(k), TASKLET_SOFTIRQ)
    })
    sim.timer(() => cpu0(k).raise(vector)).arm(1000)
    let served = 0
    sim
      .timer(() => {
        served = byContext.get('softirq/0') ?? 0
      })
      .arm(2_950_000)
    sim.run(30_000_000)
    expect(served).toBe(3)
  })
})

describe('timer of a driver', () => {
  /** Its function runs from 8 ms on (one jiffy and one) for 3 ms, on processor 0. */
  function running(preempt: 'voluntary' | 'rt' = 'voluntary') {
    const world = tinyKernel({ cpus: 2, preempt })
    const { k, sim } = world
    const ended: number[] = []
    const timer = timer_setup(k, '&t', function* () {
      yield* chargeNs(k, 3_000_000)
      ended.push(sim.now)
    })
    const start = { affinity: [0] }
    k.spawn(
      'starts',
      'task',
      function* () {
        k.timers.mod_timer(timer, k.jiffies + 1)
      },
      start,
    )
    return { ...world, timer, ended }
  }

  it.each(['voluntary', 'rt'] as const)(
    '%s: del_timer_sync() waits for the function, del_timer() does not',
    (preempt) => {
      const { k, sim, timer, ended } = running(preempt)
      const seen: [boolean, number][] = []
      k.spawn(
        'stops',
        'task',
        function* () {
          yield* sleepUntil(k, 9_000_000)
          seen.push([k.timers.timer_delete(timer), ended.length])
          seen.push([yield* k.timers.timer_delete_sync(timer), ended.length])
        },
        { affinity: [1] },
      )
      sim.run(20_000_000)
      expect(seen).toEqual([
        [false, 0],
        [false, 1],
      ])
    },
  )
  it('del_timer_sync() takes off one that is pending', () => {
    const { k, sim, timer, ended } = running()
    const seen: boolean[] = []
    k.spawn(
      'stops',
      'task',
      function* () {
        yield* sleepUntil(k, 1_000_000)
        seen.push(yield* k.timers.timer_delete_sync(timer))
      },
      { affinity: [1] },
    )
    sim.run(20_000_000)
    expect(seen).toEqual([true])
    expect(ended).toEqual([])
  })
  it('del_timer_sync() in the function itself waits for ever', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const timer = timer_setup(k, '&t', function* () {
      yield* k.timers.timer_delete_sync(timer)
    })
    k.spawn('starts', 'task', function* () {
      k.timers.mod_timer(timer, k.jiffies + 1)
    })
    sim.run(20_000_000)
    expect(countOf(world, T.deadlock)).toBe(1)
  })
})

describe('high-resolution timer of a driver', () => {
  it.each(['unlocked', 'irqsafe', 'softirq'] as const)('%s: goes on at each interval', (mode) => {
    const { k, sim } = tinyKernel()
    const seen: [number, string][] = []
    const timer: Hrtimer = new Hrtimer(k, mode, function* () {
      seen.push([sim.now, k.current.kind])
      yield* chargeNs(k, 10_000)
      hrtimer_forward(timer, sim.now, 100_000)
      return seen.length < 3
    })
    k.spawn('starts', 'task', function* () {
      yield* hrtimer_start(timer, 50_000)
    })
    sim.run(1_000_000)
    expect(seen.map(([at]) => at)).toEqual([50_000, 150_000, 250_000])
    const kind = mode === 'softirq' ? 'softirq' : 'hardirq'
    expect(new Set(seen.map(([, one]) => one))).toEqual(new Set([kind]))
  })
  it('leaves out the intervals that it was late for', () => {
    const { k, sim } = tinyKernel()
    const seen: number[] = []
    const timer: Hrtimer = new Hrtimer(k, 'unlocked', function* () {
      seen.push(sim.now)
      yield* chargeNs(k, seen.length === 1 ? 250_000 : 0)
      hrtimer_forward(timer, sim.now, 100_000)
      return seen.length < 3
    })
    k.spawn('starts', 'task', function* () {
      yield* hrtimer_start(timer, 0)
    })
    sim.run(1_000_000)
    expect(seen).toEqual([0, 300_000, 400_000])
  })
  it('moves to the processor that starts it, and a cancel waits for its function', () => {
    const { k, sim } = tinyKernel({ cpus: 2 })
    const seen: [number, number][] = []
    const timer: Hrtimer = new Hrtimer(k, 'unlocked', function* () {
      seen.push([sim.now, k.current.cpu.index])
      yield* chargeNs(k, 500_000)
      hrtimer_forward(timer, sim.now, 100_000)
      return true
    })
    let ended: [boolean, number] | null = null
    const on = (cpu: number) => ({ affinity: [cpu] })
    k.spawn('starts', 'task', () => hrtimer_start(timer, 900_000), on(0))
    k.spawn(
      'again',
      'task',
      function* () {
        yield* sleepUntil(k, 100_000)
        yield* hrtimer_start(timer, 400_000)
      },
      on(1),
    )
    k.spawn(
      'cancels',
      'task',
      function* () {
        yield* sleepUntil(k, 600_000)
        ended = [yield* hrtimer_cancel(timer), sim.now]
      },
      on(0),
    )
    sim.run(3_000_000)
    // A fair task sleeps up to 50 us longer.
    expect(seen.length).toBe(1)
    expect(seen[0]?.[1]).toBe(1)
    expect(ended).toEqual([true, (seen[0]?.[0] as number) + 500_000])
  })
})

describe('tasklet', () => {
  it('runs once however often it is scheduled before, and tasklet_kill() waits for it', () => {
    const { k, sim } = tinyKernel({ cpus: 2 })
    const runs: number[] = []
    const tasklet = new Tasklet(k, 't', function* () {
      runs.push(sim.now)
      yield* chargeNs(k, 300_000)
    })
    const timer = new Hrtimer(k, 'unlocked', function* () {
      tasklet_schedule(tasklet)
      tasklet_schedule(tasklet)
      return false
    })
    k.spawn('starts', 'task', () => hrtimer_start(timer, 100_000), { affinity: [0] })
    let killed = -1
    k.spawn(
      'kills',
      'task',
      function* () {
        yield* sleepUntil(k, 150_000)
        yield* tasklet_kill(tasklet)
        killed = sim.now
      },
      { affinity: [1] },
    )
    sim.run(2_000_000)
    expect(runs).toEqual([100_000])
    expect(killed).toBe(400_000)
  })
})
