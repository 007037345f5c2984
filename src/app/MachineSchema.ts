/**
 * The machine's part of the scenario file: guest, host, their other tasks, and what is done to
 * them. Part of ScenarioSchema.ts; checks that compare keys are in scenario/complete-machine.ts.
 */
import * as Schema from 'effect/Schema'
import type { DistributionSpec } from '../base/distribution.ts'
import { kernelCommitIds } from '../model/linux/kernel-commits.ts'
import { guestCostNames, hostCostNames } from '../scenario/costs.ts'
import { scenarioLimits as limits } from '../scenario/defaults.ts'
import { durationAllowed, parseDuration, showValue } from '../scenario/quantity.ts'
import { costsLeaf, parseDistribution } from './CostSchema.ts'
import {
  count,
  Duration,
  Flag,
  key,
  type LeafFault,
  leaf,
  nameLeaf,
  needed,
  oneOf,
  PositiveDuration,
  Ppm,
  wrong,
} from './Leaf.ts'

const cpuNumber = { type: 'integer', minimum: 0, maximum: limits.cpusMax - 1 } as const
const cpusAllowed = `CPU numbers, 0..${limits.cpusMax - 1}, such as 1 or [0, 2]`

/** One CPU number or a list of them. */
export const CpuList = leaf<readonly number[]>(
  (input) => {
    const list: readonly unknown[] = Array.isArray(input) ? input : [input]
    const known = (one: unknown): one is number =>
      typeof one === 'number' && Number.isInteger(one) && one >= 0 && one < limits.cpusMax
    if (list.length > 0 && list.every(known)) return { value: list }
    return wrong(`${JSON.stringify(input)} are not CPU numbers`, cpusAllowed)
  },
  { anyOf: [cpuNumber, { type: 'array', items: cpuNumber, minItems: 1 }] },
)

export const DistributionLeaf = leaf<DistributionSpec>(
  (input) => {
    const faults: LeafFault[] = []
    const value = parseDistribution(input, [], faults)
    return faults.length > 0 ? { faults } : { value }
  },
  { $ref: '#/$defs/cost' },
)

const runtimeAllowed = `${durationAllowed}, up to 1s, or unlimited`

/** sched_rt_runtime_us: -1 stands for no limit. */
const RtRuntime = leaf<number>(
  (input) => {
    if (input === 'unlimited') return { value: -1 }
    const ns = parseDuration(input)
    if (typeof ns !== 'number') return wrong(ns.what, runtimeAllowed)
    return ns <= 1_000_000_000 ? { value: ns } : wrong('more than the period', runtimeAllowed)
  },
  { type: 'string', description: runtimeAllowed },
)

export const scheduling = {
  policy: key(oneOf(['fair', 'fifo', 'rr']), 'Scheduling policy.'),
  priority: key(count(1, 99), 'Priority of fifo and rr, 99 the highest.'),
  nice: key(count(-20, 19), 'Nice level of the fair class.'),
}

const PeriodicSchema = Schema.Struct({
  period: needed(PositiveDuration, 'From one burst to the next.'),
  run: needed(PositiveDuration, 'Processor time of a burst.'),
  offset: key(Duration, 'Time of the first burst.'),
})

const RandomSchema = Schema.Struct({
  gap: needed(DistributionLeaf, 'From the end of a burst to the next one.'),
  run: needed(DistributionLeaf, 'Processor time of a burst.'),
})

const BurstSchema = Schema.Struct({
  at: needed(Duration, 'Virtual time of the burst.'),
  run: needed(PositiveDuration, 'Processor time of the burst.'),
})

/** Other work on a machine. */
const TaskSchema = Schema.Struct({
  name: needed(nameLeaf(limits.nameLengthMax), 'Name of the task.'),
  ...scheduling,
  cpus: key(CpuList, 'CPUs that it may run on.'),
  periodic: key(PeriodicSchema, 'Bursts at equal distances.'),
  random: key(RandomSchema, 'Bursts and gaps drawn from distributions.'),
  recorded: key(Schema.Array(BurstSchema), 'Bursts as they were recorded.'),
  busy: key(oneTrue(), 'Never sleeps.'),
})

function oneTrue() {
  const parse = (input: unknown) =>
    input === true ? { value: true } : wrong<boolean>('must be true', 'true, or leave it out')
  return leaf(parse, { const: true })
}

const VcpuSchema = Schema.Struct({
  pin: key(CpuList, 'Host CPUs that the vCPU thread may run on.'),
  ...scheduling,
})

const fairClass = oneOf(['cfs', 'eevdf'])
const hertz = oneOf([100, 250, 300, 1000])

export const GuestSchema = Schema.Struct({
  kernel: key(oneOf(['6.1', '6.12']), 'Kernel whose ALSA core is modelled.'),
  revert: key(
    Schema.Array(oneOf(kernelCommitIds)),
    'Commits that the kernel is built without, as after git revert.',
  ),
  hz: key(hertz, 'CONFIG_HZ: jiffies per second.'),
  preempt: key(oneOf(['none', 'voluntary', 'full', 'rt']), 'Preemption model.'),
  fair: key(fairClass, 'Fair class: cfs (to 6.5) or eevdf (from 6.6).'),
  rt_runtime: key(RtRuntime, 'Time per second that realtime tasks may take.'),
  threadirqs: key(Flag, 'Interrupt handlers run in threads (kernel parameter).'),
  xrun_debug: key(
    count(0, 7),
    'Bits of the PCM debugging setting: 1 lines, 2 stacks, 4 jiffies check.',
  ),
  cpus: key(count(1, limits.cpusMax), 'Number of vCPUs.'),
  irq_affinity: key(
    Schema.Record(Schema.String, count(0, limits.cpusMax - 1)),
    'CPU of an interrupt line, by its name.',
  ),
  tasks: key(Schema.Array(TaskSchema), 'Other tasks in the guest.'),
  costs: key(costsLeaf(guestCostNames), 'Cost table of guest steps: preset or overrides.'),
})

/** Above 0, so that slow and fast both exist; 1 is a weight only. */
function part(allowed: string, isAllowed: (share: number) => boolean) {
  return leaf<number>(
    (input) => {
      const isOne = typeof input === 'number' && input > 0 && isAllowed(input)
      return isOne ? { value: input } : wrong(`${showValue(input)} is not that`, allowed)
    },
    { type: 'number', exclusiveMinimum: 0, maximum: 1, description: allowed },
  )
}

const stretchAllowed = `${durationAllowed}, from 1ms on`

const StretchesSchema = Schema.Struct({
  slow: needed(
    part('a number above 0 and below 1', (share) => share < 1),
    'Share of the time in which the host is slow.',
  ),
  mean: needed(
    leaf<number>(
      (input) => {
        const ns = parseDuration(input)
        if (typeof ns !== 'number') return wrong(ns.what, stretchAllowed)
        return ns >= 1_000_000 ? { value: ns } : wrong('shorter than 1ms', stretchAllowed)
      },
      { type: 'string', description: stretchAllowed },
    ),
    'Mean time after which it is drawn anew whether the host is slow.',
  ),
  follow: needed(
    Schema.Record(
      Schema.String,
      part('a number above 0, up to 1', (share) => share <= 1),
    ),
    'By cost of host or guest, how much of its variation follows.',
  ),
})

export const HostSchema = Schema.Struct({
  cpus: key(count(1, limits.cpusMax), 'Number of physical CPUs.'),
  hz: key(hertz, 'CONFIG_HZ of the host.'),
  fair: key(fairClass, 'Fair class of the host.'),
  rt_runtime: key(RtRuntime, 'Time per second that realtime tasks may take.'),
  halt_poll: key(Duration, 'How long an idle vCPU polls before it sleeps (halt_poll_ns).'),
  kick: key(oneOf(['ioeventfd', 'userspace']), 'How a doorbell reaches the device.'),
  irq_route: key(oneOf(['ioctl', 'irqfd']), 'How the device reaches the interrupt.'),
  vcpus: key(Schema.Array(VcpuSchema), 'Scheduling of the vCPU threads, by vCPU.'),
  tasks: key(Schema.Array(TaskSchema), 'Other tasks on the host.'),
  costs: key(costsLeaf(hostCostNames), 'Cost table of host steps: preset or overrides.'),
  stretches: key(StretchesSchema, 'Slow and fast stretches of the host that costs follow.'),
})

export const WanderSchema = Schema.Struct({
  ppm: needed(Ppm, 'Peak of the wander.'),
  period: needed(PositiveDuration, 'Its period.'),
})

/** A time at which something sleeps. */
export const StallSchema = Schema.Struct({
  at: needed(Duration, 'Virtual time from which it sleeps.'),
  for: needed(PositiveDuration, 'How long it sleeps.'),
})
