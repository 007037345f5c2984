/**
 * Other work of a scenario: the tasks that it puts on the guest and on the host, as the file states
 * them and as the machine model takes them. Times are nanoseconds.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import type { LoadPattern, LoadSpec } from '../model/machine/load.ts'
import type { SchedPolicy, TaskOptions } from '../model/machine/task.ts'
import { scenarioLimits } from './defaults.ts'
import type { Fault, Path } from './fault.ts'

/** How a task is scheduled, as the file says it. */
export interface SchedulingInput {
  readonly policy?: SchedPolicy | undefined
  readonly priority?: number | undefined
  readonly nice?: number | undefined
}

export interface LoadInput extends SchedulingInput {
  readonly name: string
  readonly cpus?: readonly number[] | undefined
  readonly periodic?:
    | { readonly period: number; readonly run: number; readonly offset?: number | undefined }
    | undefined
  readonly random?: { readonly gap: DistributionSpec; readonly run: DistributionSpec } | undefined
  readonly recorded?: readonly { readonly at: number; readonly run: number }[] | undefined
  readonly busy?: boolean | undefined
}

export interface VcpuInput extends SchedulingInput {
  readonly pin?: readonly number[] | undefined
}

export const loadPatterns = ['periodic', 'random', 'recorded', 'busy'] as const

/** The loads at `path` (`guest.tasks`, `host.tasks`) of a machine with `cpus` processors. */
export function completeLoads(
  inputs: readonly LoadInput[],
  path: Path,
  cpus: number,
  faults: Fault[],
): readonly LoadSpec[] {
  const { tasksMax } = scenarioLimits
  if (inputs.length > tasksMax) {
    const what = `${inputs.length} tasks`
    faults.push({ path, at: 'value', what, allowed: `up to ${tasksMax}` })
  }
  return inputs.map((one, i) => {
    const at = [...path, i]
    const first = inputs.findIndex((other) => other.name === one.name)
    if (first !== i) {
      const what = `'${one.name}' is also the name of ${[...path, first].join('.')}`
      faults.push({ path: [...at, 'name'], at: 'value', what, allowed: 'a name of its own' })
    }
    checkCpus(one.cpus, [...at, 'cpus'], cpus, faults)
    const affinity = one.cpus === undefined ? {} : { affinity: one.cpus }
    return {
      name: one.name,
      ...affinity,
      ...completeScheduling(one, at, faults),
      pattern: completePattern(one, at, faults),
    }
  })
}

/** Priorities belong to FIFO and RR, nice to the fair class. */
export function completeScheduling(
  input: SchedulingInput,
  path: Path,
  faults: Fault[],
): Required<Pick<TaskOptions, 'policy' | 'priority' | 'nice'>> {
  const policy = input.policy ?? 'fair'
  if (policy === 'fair' && input.priority !== undefined) {
    const what = 'the fair class has no priorities'
    faults.push({ path: [...path, 'priority'], at: 'key', what, allowed: 'nice, or policy: fifo' })
  }
  if (policy !== 'fair' && input.nice !== undefined) {
    const what = `${policy} tasks have no nice level`
    faults.push({ path: [...path, 'nice'], at: 'key', what, allowed: 'priority' })
  }
  return { policy, priority: input.priority ?? 1, nice: input.nice ?? 0 }
}

export function checkCpus(
  list: readonly number[] | undefined,
  path: Path,
  cpus: number,
  faults: Fault[],
): void {
  for (const cpu of list ?? []) {
    if (cpu < cpus) continue
    faults.push({ path, at: 'value', what: `there is no CPU ${cpu}`, allowed: `0..${cpus - 1}` })
  }
}

function completePattern(input: LoadInput, path: Path, faults: Fault[]): LoadPattern {
  const given = loadPatterns.filter((name) => input[name] !== undefined)
  if (given.length !== 1) {
    const what = given.length === 0 ? 'says nothing of when it runs' : `has ${given.join(' and ')}`
    faults.push({ path, at: 'value', what, allowed: `one of ${loadPatterns.join(', ')}` })
  }
  const { periodic, random, recorded } = input
  if (periodic !== undefined) {
    const { period, run, offset } = periodic
    return { kind: 'periodic', periodNs: period, runNs: run, offsetNs: offset ?? 0 }
  }
  if (random !== undefined) return { kind: 'random', gap: random.gap, run: random.run }
  if (recorded !== undefined) {
    checkBursts(recorded, [...path, 'recorded'], faults)
    return { kind: 'recorded', bursts: recorded.map(({ at, run }) => [at, run] as const) }
  }
  return { kind: 'busy' }
}

function checkBursts(list: NonNullable<LoadInput['recorded']>, path: Path, faults: Fault[]): void {
  const { burstsMax } = scenarioLimits
  if (list.length > burstsMax) {
    const what = `${list.length} bursts`
    faults.push({ path, at: 'value', what, allowed: `up to ${burstsMax}` })
  }
  list.forEach(({ at }, i) => {
    if (i === 0 || at >= (list[i - 1]?.at ?? 0)) return
    const what = 'is before the burst above it'
    faults.push({ path: [...path, i, 'at'], at: 'value', what, allowed: 'ascending times' })
  })
}
