/**
 * Other work on a machine: tasks that take processor time in a pattern, on the guest or the host.
 * A pattern says when a burst is due and how long it runs; one that cannot run is late, not lost.
 */

import { type Distribution, type DistributionSpec, distribution } from '../../base/distribution.ts'
import type { Prng } from '../../base/prng.ts'
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { Priority } from '../../sim/scheduler.ts'
import type { Machine } from './machine.ts'
import { type Task, type TaskOptions, TaskState } from './task.ts'

export type LoadPattern =
  /** A burst of `runNs` every `periodNs`, from `offsetNs` on. */
  | { readonly kind: 'periodic'; readonly periodNs: Ns; readonly runNs: Ns; readonly offsetNs: Ns }
  /** Gaps and runs drawn from distributions: bursty and heavy-tailed loads. */
  | { readonly kind: 'random'; readonly gap: DistributionSpec; readonly run: DistributionSpec }
  /** Bursts as recorded: (time, length), times ascending. */
  | { readonly kind: 'recorded'; readonly bursts: readonly (readonly [atNs: Ns, runNs: Ns])[] }
  /** Never sleeps. */
  | { readonly kind: 'busy' }

export interface LoadSpec extends TaskOptions {
  readonly name: string
  readonly pattern: LoadPattern
}

interface Burst {
  /** Due at. */
  atNs: Ns
  runNs: Ns
}

interface Bursts {
  /** The burst that follows at `nowNs`; null when there are no more. */
  next(nowNs: Ns): Burst | null
  /** Draws again what is not seen yet of a wait since `sinceNs`; absent: nothing is random. */
  redrawWait?(burst: Burst, sinceNs: Ns, nowNs: Ns): void
  /** The same of a burst of which `restNs` is left; returns the new rest. */
  redrawRest?(burst: Burst, restNs: Ns): Ns
}

const BUSY_SLICE_NS = 10_000_000

/** Adds a load task to a machine. */
export function addLoad(machine: Machine, spec: LoadSpec): Task {
  const { pattern } = spec
  const body =
    pattern.kind === 'busy' ? busy(machine) : bursts(machine, burstsOf(machine, spec.name, pattern))
  return machine.spawn(spec.name, machine.name === 'host' ? 'host' : 'task', () => body, spec)
}

function* busy(machine: Machine): Proc {
  machine.current.userMode = true
  for (;;) if (!machine.tryChargeNs(BUSY_SLICE_NS)) yield Req.CHARGE
}

function* bursts(machine: Machine, source: Bursts): Proc {
  const { sim } = machine
  const task = machine.current as Task
  task.userMode = true
  const alarm = sim.timer(() => machine.wake(task), Priority.clock)
  let burst: Burst | null = null
  let sinceNs = sim.now
  let begun = false
  sim.onReseed(() => {
    const now = burst
    if (now === null) return
    if (begun) task.cpu.recharge(task, (restNs) => source.redrawRest?.(now, restNs) ?? restNs)
    else {
      // A burst that is due already is no longer waited for; its length is still open.
      source.redrawWait?.(now, alarm.armed ? sinceNs : -1, sim.now)
      if (alarm.armed) alarm.arm(now.atNs)
    }
  })
  for (;;) {
    begun = false
    sinceNs = sim.now
    burst = source.next(sim.now)
    if (burst === null) return
    while (sim.now < burst.atNs) {
      alarm.arm(burst.atNs)
      task.state = TaskState.INTERRUPTIBLE
      yield Req.BLOCK
    }
    begun = true
    if (!machine.tryChargeNs(burst.runNs)) yield Req.CHARGE
  }
}

function burstsOf(machine: Machine, name: string, pattern: LoadPattern): Bursts {
  switch (pattern.kind) {
    case 'periodic':
      return periodic(pattern.periodNs, pattern.runNs, pattern.offsetNs)
    case 'random':
      return new RandomBursts(
        machine.sim.stream(`${machine.name}/load/${name}`),
        distribution(pattern.gap),
        distribution(pattern.run),
      )
    case 'recorded':
      return recorded(pattern.bursts)
    case 'busy':
      return { next: () => null }
  }
}

function periodic(periodNs: Ns, runNs: Ns, offsetNs: Ns): Bursts {
  let atNs = offsetNs
  return {
    next: () => {
      const burst = { atNs, runNs }
      atNs += periodNs
      return burst
    },
  }
}

class RandomBursts implements Bursts {
  private readonly stream: Prng
  private readonly gap: Distribution
  private readonly run: Distribution

  constructor(stream: Prng, gap: Distribution, run: Distribution) {
    this.stream = stream
    this.gap = gap
    this.run = run
  }

  next(nowNs: Ns): Burst {
    const atNs = nowNs + this.gap.draw(this.stream)
    return { atNs, runNs: atLeastOne(this.run.draw(this.stream)) }
  }

  redrawWait(burst: Burst, sinceNs: Ns, nowNs: Ns): void {
    burst.runNs = atLeastOne(this.run.draw(this.stream))
    if (sinceNs < 0) return
    burst.atNs = sinceNs + this.drawAgain(this.gap, nowNs - sinceNs, burst.atNs - sinceNs)
  }

  /** A charge in progress may hold a task switch beside the burst: that stays. */
  redrawRest(burst: Burst, restNs: Ns): Ns {
    const ranNs = Math.max(0, burst.runNs - restNs)
    const runNs = this.drawAgain(this.run, ranNs + 1, burst.runNs)
    const rest = restNs + runNs - burst.runNs
    burst.runNs = runNs
    return rest
  }

  /** A value under the condition that it is not below `leastNs`; as it was if none is met with. */
  private drawAgain(of: Distribution, leastNs: Ns, wasNs: Ns): Ns {
    for (let tries = 0; tries < REDRAW_TRIES; tries++) {
      const ns = of.draw(this.stream)
      if (ns >= leastNs) return ns
    }
    return wasNs
  }
}

/** Far in the tail of a distribution the condition is met too seldom to be waited for. */
const REDRAW_TRIES = 1_000

/** A burst of no time would let a pattern without gaps go on for ever at one instant. */
function atLeastOne(ns: Ns): Ns {
  return ns < 1 ? 1 : ns
}

function recorded(list: readonly (readonly [Ns, Ns])[]): Bursts {
  let at = 0
  return {
    next: () => {
      const burst = list[at++]
      return burst === undefined ? null : { atNs: burst[0], runNs: burst[1] }
    },
  }
}
