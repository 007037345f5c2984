/**
 * What a recommendation is looked for among: the scenario of a question, and rows of settings that
 * become safer along the row. Documents are those of scenario files. Sizes are frames, times ns.
 */
import { formatDuration } from '../../scenario/quantity.ts'

export const LOADS = ['idle', 'light', 'heavy'] as const
export const RECOMMEND_CLIENTS = ['aplay', 'poll', 'jack', 'pipewire'] as const

export interface Question {
  readonly driver: string
  readonly device: string
  readonly backend: string
  readonly load: (typeof LOADS)[number]
  readonly client: (typeof RECOMMEND_CLIENTS)[number]
  readonly rate: number
  readonly durationNs: number
}

export interface Candidate {
  /** PipeWire's quantum. */
  readonly period_size: number
  readonly periods: number
  /** PipeWire's; null: the client is none. */
  readonly headroom: number | null
  /** QEMU's audio timer; null: another device. */
  readonly timerPeriodNs: number | null
  /** Frames between writer and device. */
  readonly ring: number
}

/** Bursts of other work on each host CPU: how long apart and how long, exponential, with limits. */
const BURSTS = {
  light: { gap: { mean: '20ms', max: '100ms' }, run: { mean: '500us', max: '3ms' } },
  heavy: { gap: { mean: '6ms', max: '30ms' }, run: { mean: '2ms', max: '6ms' } },
} as const

const HOST_CPUS = [0, 1]

export function questionDocument(question: Question, candidate: Candidate): object {
  const { driver, device, backend, load, client, rate, durationNs } = question
  const { period_size, periods, headroom, timerPeriodNs } = candidate
  const sizes =
    headroom === null ? { period_size, periods } : { options: { quantum: period_size, headroom } }
  const qemu =
    timerPeriodNs === null ? {} : { timer_period: formatDuration(timerPeriodNs), backend }
  const xen = driver === 'xen-snd'
  return {
    version: 1,
    name: 'recommend',
    duration: formatDuration(durationNs),
    guest: { cpus: 2 },
    host: { cpus: HOST_CPUS.length, tasks: load === 'idle' ? [] : HOST_CPUS.map(taskOf(load)) },
    driver: xen ? { kind: 'xen-snd' } : { kind: 'virtio-snd', version: driver },
    ...(xen ? {} : { device: { kind: device, ...qemu } }),
    streams: [{ name: 'music', client, rate, ...sizes }],
  }
}

function taskOf(load: 'light' | 'heavy') {
  const { gap, run } = BURSTS[load]
  const random = { gap: { exponential: gap }, run: { exponential: run } }
  return (cpu: number) => ({ name: `load-${cpu}`, cpus: cpu, random })
}

const PERIODS = [2, 3, 4, 6, 8]
const QUANTA = [64, 128, 256, 512, 1024, 2048]
const STEP = 16
const SMALLEST = 32

/** Rows for rings up to `frames`; along a row the ring grows. */
export function candidateRows(
  question: Question,
  frames: number,
  timerPeriodNs: number | null,
): readonly (readonly Candidate[])[] {
  const rows =
    question.client === 'pipewire'
      ? QUANTA.map((quantum) => steps(quantum, frames, STEP).map((ring) => pipewire(quantum, ring)))
      : PERIODS.map((periods) =>
          steps(SMALLEST * periods, frames, STEP * periods).map((ring) => plain(periods, ring)),
        )
  return rows.filter((row) => row.length > 0)

  function plain(periods: number, ring: number): Candidate {
    return { period_size: ring / periods, periods, headroom: null, timerPeriodNs, ring }
  }
  function pipewire(quantum: number, ring: number): Candidate {
    return { period_size: quantum, periods: 1, headroom: ring - quantum, timerPeriodNs, ring }
  }
}

function steps(from: number, to: number, by: number): readonly number[] {
  const count = Math.floor((to - from) / by) + 1
  return Array.from({ length: Math.max(0, count) }, (_, i) => from + i * by)
}
