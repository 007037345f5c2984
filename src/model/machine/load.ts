/**
 * Other work on a machine: tasks that take processor time in a pattern, on the guest or the host.
 * A pattern says when a burst is due and how long it runs; one that cannot run is late, not lost.
 */

import { type Distribution, type DistributionSpec, distribution } from '../../base/distribution.ts'
import { Prng } from '../../base/prng.ts'
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

/** When the next burst is due and how long it runs; null when there are no more. */
type NextBurst = (nowNs: Ns) => { readonly atNs: Ns; readonly runNs: Ns } | null

const BUSY_SLICE_NS = 10_000_000

/** Adds a load task to a machine. */
export function addLoad(machine: Machine, spec: LoadSpec): Task {
  const { pattern } = spec
  const body =
    pattern.kind === 'busy'
      ? busy(machine)
      : bursts(machine, nextBurst(machine, spec.name, pattern))
  return machine.spawn(spec.name, machine.name === 'host' ? 'host' : 'task', () => body, spec)
}

function* busy(machine: Machine): Proc {
  machine.current.userMode = true
  for (;;) if (!machine.tryChargeNs(BUSY_SLICE_NS)) yield Req.CHARGE
}

function* bursts(machine: Machine, next: NextBurst): Proc {
  const { sim } = machine
  const task = machine.current as Task
  task.userMode = true
  const alarm = sim.timer(() => machine.wake(task), Priority.clock)
  for (;;) {
    const burst = next(sim.now)
    if (burst === null) return
    while (sim.now < burst.atNs) {
      alarm.arm(burst.atNs)
      task.state = TaskState.INTERRUPTIBLE
      yield Req.BLOCK
    }
    if (!machine.tryChargeNs(burst.runNs)) yield Req.CHARGE
  }
}

function nextBurst(machine: Machine, name: string, pattern: LoadPattern): NextBurst {
  switch (pattern.kind) {
    case 'periodic':
      return periodic(pattern.periodNs, pattern.runNs, pattern.offsetNs)
    case 'random':
      return random(
        new Prng(machine.sim.seed, `${machine.name}/load/${name}`),
        distribution(pattern.gap),
        distribution(pattern.run),
      )
    case 'recorded':
      return recorded(pattern.bursts)
    case 'busy':
      return () => null
  }
}

function periodic(periodNs: Ns, runNs: Ns, offsetNs: Ns): NextBurst {
  let atNs = offsetNs
  return () => {
    const burst = { atNs, runNs }
    atNs += periodNs
    return burst
  }
}

function random(stream: Prng, gap: Distribution, run: Distribution): NextBurst {
  return (nowNs) => ({ atNs: nowNs + gap.draw(stream), runNs: atLeastOne(run.draw(stream)) })
}

/** A burst of no time would let a pattern without gaps go on for ever at one instant. */
function atLeastOne(ns: Ns): Ns {
  return ns < 1 ? 1 : ns
}

function recorded(list: readonly (readonly [Ns, Ns])[]): NextBurst {
  let at = 0
  return () => {
    const burst = list[at++]
    return burst === undefined ? null : { atNs: burst[0], runNs: burst[1] }
  }
}
