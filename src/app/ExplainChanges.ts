/**
 * Single changes that could prevent what is explained: one contribution removed (this steal, this
 * load, this stall, this fault, this hold, this cost), or the setup moved by one step (a period
 * more, another work queue, another tick). As `--set` arguments, so that anybody can make the same
 * run. Pure. Times are ns.
 */
import type { Explanation } from '../analysis/explain/explain.ts'
import type { Part } from '../analysis/explain/parts.ts'
import { formatDuration } from '../analysis/format.ts'
import { framesToNsFloor, type Ns } from '../base/units.ts'
import { factsOf, type KernelCommit } from '../model/linux/kernel-commits.ts'
import type { LoadSpec } from '../model/machine/load.ts'
import { variantVersions } from '../scenario/complete-driver.ts'
import { type GuestCost, type HostCost, hostCostNames } from '../scenario/costs.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { formatSchedule } from '../sim/schedule.ts'

export interface Change {
  readonly words: string
  readonly set: readonly string[]
  /** How much it changes: time removed, or by which something moves. */
  readonly sizeNs: Ns
  /** Among equally small ones. */
  readonly order: number
}

type Draft = Omit<Change, 'order'>

export function changesFor(
  explanation: Explanation,
  spec: ScenarioSpec,
  document: unknown,
): Change[] {
  const drafts = [
    ...loads('host', spec.host.tasks, document, explanation),
    ...loads('guest', spec.guest.tasks, document, explanation),
    ...listed(spec, document),
    ...reverts(spec),
    ...holds(spec),
    ...costs(explanation),
    ...setups(explanation, spec),
  ]
  return drafts.map((one, order) => ({ ...one, order }))
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  let value = document
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value
}

function without(list: readonly unknown[], index: number): string {
  return JSON.stringify(list.filter((_, i) => i !== index))
}

/** Each burst of a recorded load that lies in the window, and each load as a whole. */
function loads(
  machine: 'host' | 'guest',
  tasks: readonly LoadSpec[],
  document: unknown,
  explanation: Explanation,
): readonly Draft[] {
  const list = valueAt(document, [machine, 'tasks'])
  if (!Array.isArray(list)) return []
  return tasks.flatMap((task, i) => {
    const { pattern } = task
    const where = machine === 'host' ? 'the host' : 'the guest'
    const whole: Draft = {
      words: `without ${task.name} on ${where}`,
      set: [`${machine}.tasks=${without(list, i)}`],
      sizeNs: totalOf(pattern, explanation),
    }
    if (pattern.kind !== 'recorded' || pattern.bursts.length < 2) return [whole]
    const recorded = valueAt(list[i], ['recorded'])
    if (!Array.isArray(recorded)) return [whole]
    const bursts = pattern.bursts.flatMap(([atNs, runNs], n): Draft[] => {
      const { fromNs = 0, toNs = 0 } = explanation.window ?? {}
      if (atNs > toNs || atNs + 2 * runNs < fromNs) return []
      const when = formatDuration(atNs)
      const words = `without the ${formatDuration(runNs)} of ${task.name} at ${when}`
      const set = [`${machine}.tasks.${i}.recorded=${without(recorded, n)}`]
      return [{ words, set, sizeNs: runNs }]
    })
    return [...bursts, whole]
  })
}

/** Processor time of a load within one failure's reach, roughly. */
function totalOf(pattern: LoadSpec['pattern'], { timeNs }: Explanation): Ns {
  if (pattern.kind === 'recorded') return pattern.bursts.reduce((sum, [, run]) => sum + run, 0)
  if (pattern.kind === 'periodic') {
    return Math.ceil((timeNs + 1) / pattern.periodNs) * pattern.runNs
  }
  return timeNs
}

/** Injected faults and pauses of clients, one at a time. */
function listed(spec: ScenarioSpec, document: unknown): readonly Draft[] {
  const faults = valueAt(document, ['faults'])
  const injected = !Array.isArray(faults)
    ? []
    : faults.map((fault, i): Draft => {
        const kind = String(valueAt(fault, ['kind']) ?? 'fault')
        return {
          words: `without the fault ${kind}`,
          set: [`faults=${without(faults, i)}`],
          sizeNs: 1,
        }
      })
  const pauses = spec.streams.flatMap(({ stalls, name }, s) => {
    const list = valueAt(document, ['streams', `${s}`, 'stalls'])
    if (!Array.isArray(list)) return []
    return stalls.map(({ forNs }, i): Draft => {
      const words = `without the ${formatDuration(forNs)} that ${name}'s client sleeps`
      return { words, set: [`streams.${s}.stalls=${without(list, i)}`], sizeNs: forNs }
    })
  })
  return [...injected, ...pauses]
}

/** Fixes that the kernel is built without, put back one at a time, with those that it stands on. */
function reverts({ guest: { revert } }: ScenarioSpec): readonly Draft[] {
  return revert.map((commit): Draft => {
    const rest = revert.filter((one) => one !== commit && !standsOn(commit, one))
    const words = `with the fix ${commit}`
    const others = revert.length - rest.length > 1 ? ' and those that it stands on' : ''
    return { words: `${words}${others}`, set: [`guest.revert=[${rest}]`], sizeNs: 1 }
  })
}

function standsOn(commit: KernelCommit, other: KernelCommit): boolean {
  return factsOf(other).onTop?.includes(commit) ?? false
}

/** Contexts that the schedule holds back, one at a time. */
function holds({ schedule }: ScenarioSpec): readonly Draft[] {
  return (schedule?.holds ?? []).map((hold, i): Draft => {
    const rest = (schedule?.holds ?? []).filter((_, n) => n !== i)
    const text = formatSchedule({ holds: rest, ties: schedule?.ties ?? [] })
    const words = `without the hold of ${formatDuration(hold.value)} at operation ${hold.at}`
    return { words, set: [`schedule=${text}`], sizeNs: hold.value }
  })
}

/** Prices that a part is made of. */
const COSTS_OF: Readonly<Partial<Record<Part, readonly (GuestCost | HostCost)[]>>> = {
  device: ['main_loop_wake', 'vhost_worker_wake', 'host_copy_per_kib', 'mix_per_frame'],
  answer: ['control_request'],
  delivery: ['irq_inject', 'irqfd_signal', 'blocked_vcpu_wake', 'vm_entry', 'evtchn_upcall'],
  'work-queue': ['kworker_start', 'task_switch'],
  report: ['period_elapsed', 'update_hw_ptr'],
  'wake-up': ['task_switch', 'wake_up'],
  'client-run': ['copy_per_kib', 'client_work', 'ioeventfd_signal'],
}

/** Of parts with a tenth of the whole at least. */
function costs({ parts, lostNs }: Explanation): readonly Draft[] {
  const large = parts.filter(({ ns }) => 10 * ns >= lostNs)
  const names = large.flatMap(({ part, ns }) =>
    (COSTS_OF[part] ?? []).map((name) => ({ name, ns })),
  )
  return names.map(({ name, ns }): Draft => {
    const machine = (hostCostNames as readonly string[]).includes(name) ? 'host' : 'guest'
    return { words: `${name} at no cost`, set: [`${machine}.costs.${name}=0ns`], sizeNs: ns }
  })
}

/** The setup moved by one step. */
function setups(explanation: Explanation, spec: ScenarioSpec): readonly Draft[] {
  const { parts, lostNs } = explanation
  const streams = spec.streams.flatMap(({ name, rate, period_size, buffer_size, periods }, i) => {
    const periodNs = framesToNsFloor(period_size, rate)
    if (buffer_size !== period_size * periods) return []
    const more = `${name} with ${periods + 1} periods instead of ${periods}`
    const twice = `${name} with ${2 * periods} periods instead of ${periods}`
    return [
      { words: more, set: [`streams.${i}.periods=${periods + 1}`], sizeNs: periodNs },
      { words: twice, set: [`streams.${i}.periods=${2 * periods}`], sizeNs: periods * periodNs },
    ]
  })
  const queueNs = parts.find(({ part }) => part === 'work-queue')?.ns ?? lostNs
  const { kind, version } = spec.driver
  const hasWork = kind === 'virtio-snd' && variantVersions.highpriWork.includes(version)
  const highpri: Draft[] = !hasWork
    ? []
    : [
        {
          words: 'the period work item on system_highpri_wq',
          set: ['driver.options.highpriWork=true'],
          sizeNs: queueNs,
        },
      ]
  return [...streams, ...highpri, ...ticks(spec)]
}

function ticks({ device }: ScenarioSpec): readonly Draft[] {
  if (device.kind !== 'qemu') return []
  const { timerPeriodNs } = device
  return [timerPeriodNs / 2, timerPeriodNs * 2].map((ns): Draft => {
    const tick = Math.round(ns)
    const now = formatDuration(timerPeriodNs)
    const words = `a device tick of ${formatDuration(tick)} instead of ${now}`
    const set = [`device.timer_period=${tick}ns`]
    return { words, set, sizeNs: Math.abs(tick - timerPeriodNs) }
  })
}
