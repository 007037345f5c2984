/**
 * A capture as a scenario: the same kernel, driver, device, load and clients, with the prices of
 * emulated processors. What was captured of times goes in at three places only: how late QEMU's
 * timer is, what the clients do in user space, and when one is killed.
 */
import type { Capture } from './capture.ts'
import type { Program, Step } from './program.ts'

/** The capture's first START comes about so long after the start of the run. */
export const LEAD_MS = 200

/** All captures come from a host of two. */
const HOST_CPUS = 2

const ms = (n: number): string => `${Math.max(0, Math.round(n * 1000))}us`

/** What of a captured run makes the scenario that replays it. */
export type Replayed = Pick<Capture, 'name' | 'machine' | 'programs'>

/** Cost tables as a scenario file has them. */
export interface Costs {
  readonly guest: object
  readonly host: object
  /** Of `host.stretches`; null: none. */
  readonly stretches: object | null
}

/** As YAML, of which JSON is a part. Without `costs`, those of emulated processors. */
export function scenarioText(capture: Replayed, costs: Costs | null = null): string {
  return JSON.stringify(scenarioOf(capture, costs))
}

function scenarioOf(capture: Replayed, costs: Costs | null): object {
  const { name, machine, programs } = capture
  const strands = strandsOf(programs)
  const endMs = Math.max(...programs.map((one) => one.endMs))
  return {
    version: 1,
    name: `captured-${name}`,
    duration: ms(LEAD_MS + endMs + 3000),
    guest: {
      kernel: '6.12',
      hz: 250,
      preempt: 'full',
      cpus: machine.cpus,
      costs: costs?.guest ?? 'tcg',
      tasks: hogs(machine.hogs),
    },
    host: hostOf(capture, costs),
    driver: { kind: 'virtio-snd', version: 'ack', options: machine.module },
    device: deviceOf(capture),
    streams: strands.map((strand, i) => streamOf(strand, strands, i)),
    faults: kills(strands),
    expect: { outcome: 'completed' },
  }
}

function hogs(count: number, cpus?: readonly number[]): object[] {
  return Array.from({ length: count }, (_, i) => {
    const cpu = cpus?.[i]
    return { name: `hog${i}`, busy: true, ...(cpu === undefined ? {} : { cpus: cpu }) }
  })
}

/** Emulated processors are threads of QEMU that sleep as soon as they are idle. */
function hostOf({ machine }: Replayed, given: Costs | null): object {
  const { hostHogs, vcpuCpus, timerLateUs } = machine
  const [low, typical, high] = timerLateUs
  const late = { p0: `${low}us`, p50: `${typical}us`, p100: `${high}us` }
  return {
    cpus: HOST_CPUS,
    halt_poll: '0ns',
    costs: given?.host ?? { preset: 'tcg', main_loop_wake: { quantiles: late } },
    ...(given === null || given.stretches === null ? {} : { stretches: given.stretches }),
    tasks: [...hogs(hostHogs.length, hostHogs), ...hostWork],
    ...(vcpuCpus === null
      ? {}
      : { vcpus: Array.from({ length: machine.cpus }, () => ({ pin: [...vcpuCpus] })) }),
  }
}

/**
 * What else the host does: 40 wake-ups a second on each processor. Without them its busy loops and
 * QEMU's timer lock in step; the rate is calibrated to steal_main_480x4.
 */
const hostWork = Array.from({ length: HOST_CPUS }, (_, cpu) => ({
  name: `host${cpu}`,
  cpus: cpu,
  random: { gap: { exponential: { mean: '25ms' } }, run: '50us' },
}))

function deviceOf({ machine }: Replayed): object {
  const { audiodev, otherCpus } = machine
  return {
    kind: 'qemu',
    backend: audiodev.driver,
    timer_period: `${audiodev.timerPeriodUs}us`,
    ...(audiodev.mixingEngine ? {} : { mixing_engine: false }),
    ...(audiodev.fixedSettings ? {} : { fixed_settings: false }),
    ...(otherCpus === null ? {} : { pin: [...otherCpus] }),
  }
}

/** Programs that follow each other are one client; it takes as long between them. */
interface Strand {
  readonly programs: readonly Program[]
  readonly steps: readonly Step[]
}

function strandsOf(programs: readonly Program[]): readonly Strand[] {
  const strands: { programs: Program[]; steps: Step[] }[] = []
  for (const program of programs.toSorted((a, b) => a.beginMs - b.beginMs)) {
    const before = strands.find(({ programs: [first, ...more] }) => {
      const last = more.at(-1) ?? (first as Program)
      const follows = last.endMs < program.beginMs && last.killedAfterMs === null
      return follows && last.direction === program.direction
    })
    const [open, ...rest] = program.steps
    if (before === undefined) {
      strands.push({ programs: [program], steps: [...program.steps] })
      continue
    }
    const gap = program.beginMs - (before.programs.at(-1) as Program).endMs
    before.programs.push(program)
    before.steps.push({ ...(open as Step), afterMs: gap }, ...rest)
  }
  return strands
}

function streamOf(strand: Strand, strands: readonly Strand[], index: number): object {
  const first = strand.programs[0] as Program
  const { rate, channels, period, periods } = first.setup
  const owner = strands.findIndex((one) => one.programs[0]?.direction === first.direction)
  const fifo = first.fifo === null ? {} : { policy: 'fifo', priority: first.fifo }
  const startMs = LEAD_MS + first.beginMs
  return {
    name: `client${index}`,
    direction: first.direction,
    client: 'scripted',
    rate,
    channels,
    period_size: period,
    periods,
    start_at: ms(startMs),
    ...(owner < index ? { shares: `client${owner}` } : {}),
    options: {
      ...fifo,
      script: strand.steps.map((step, i) => callOf(step, first.direction, i < first.steps.length)),
    },
  }
}

/** A poll without an end would be one without a time-out; the captured one had 1388 ms. */
function callOf(step: Step, own: string, first: boolean): object {
  const { call, on, frames, afterMs, workMs, forMs, atMs } = step
  // Up to the START the times of the calls are taken over: page faults make the first ones slow.
  const at = first && atMs !== undefined
  const { start_threshold, stop_threshold, avail_min } = step
  const wait = call === 'poll' ? 1388 : forMs
  return {
    call,
    ...(on === undefined || on === own ? {} : { on }),
    ...(frames === undefined ? {} : { frames }),
    ...(at ? { at: ms(LEAD_MS + atMs) } : afterMs === undefined ? {} : { after: ms(afterMs) }),
    ...(workMs === undefined ? {} : { work: ms(workMs) }),
    ...(wait === undefined ? {} : { for: ms(wait) }),
    ...(start_threshold === undefined ? {} : { start_threshold, stop_threshold, avail_min }),
  }
}

/** A client is killed so long after the START that it sent, which is the nth of the run. */
function kills(strands: readonly Strand[]): object[] {
  return strands.flatMap(({ programs }, i) => {
    const killed = programs[0]?.killedAfterMs ?? null
    if (killed === null) return []
    const when = { event: 'snd_pcm:trigger', args: { cmd: 'START' }, nth: i + 1, after: ms(killed) }
    return [{ kind: 'kill', stream: `client${i}`, when }]
  })
}
