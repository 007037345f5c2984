/**
 * A captured run (its config.json, its distilled.json and its trace) as a Capture. Format: the
 * README beside the captures. An unknown log line or option of the audiodev is an error: it would
 * make another experiment.
 */
import type { Audiodev, Capture, CapturedMachine } from './capture.ts'
import type { Actor, Facts, InFlight, Quantiles, Side, SideFacts } from './facts.ts'
import { spansOf } from './facts.ts'
import type { Imported } from './guest-event.ts'
import { type Line, type Program, readProgram, type Transfer, wordOf } from './program.ts'

interface Config {
  readonly name: string
  readonly spec: string | Spec
}

interface Spec {
  readonly smp: number
  readonly append: string
  readonly audiodev: string
  readonly cmds: readonly string[]
  readonly hogs?: number
  readonly host_hogs?: readonly number[]
  readonly vcpu_affinity?: readonly number[]
  readonly other_affinity?: readonly number[]
}

interface Stats {
  readonly n: number
  readonly p10: number
  readonly median: number
  readonly p90: number
  readonly p99: number
}

interface Io {
  readonly sent: number
  readonly completed: number
  readonly in_flight_at: Readonly<Record<string, readonly InFlight[]>>
  readonly senders: Readonly<Record<string, number>>
}

type Mark = readonly [t: number, tag: string, text: string]
type HwPtr = readonly [t: number, dev: string, kind: string, pos: number, old: number, by: string]

interface Distilled {
  readonly control: readonly {
    readonly code: string
    readonly by: string
    readonly t: number
    readonly ret: number
    readonly rc: number
  }[]
  readonly control_rtt_us: Readonly<Record<string, Stats>>
  readonly triggers: readonly (readonly [t: number, by: string, cmd: number])[]
  readonly marks: readonly Mark[]
  readonly io: Readonly<Record<string, Io>>
  readonly irq: {
    readonly io_completions_per_irq: Readonly<Record<string, number>>
    readonly device_notify_to_irq_entry_us?: Stats | null
  }
  readonly period_elapsed: { readonly context: Readonly<Record<string, number>> }
  readonly hwptr: { readonly rows: readonly HwPtr[] }
  readonly latency_us: Readonly<Record<string, Stats | null | undefined>>
  readonly xruns: readonly { readonly by: string; readonly event?: string }[]
  readonly device: Readonly<
    Record<string, { readonly series: readonly (readonly [number, number])[] }>
  >
  readonly app: Readonly<
    Record<
      string,
      {
        readonly transfers: number
        readonly rows: readonly Transfer[]
        readonly other?: readonly string[]
      }
    >
  >
}

/** Throws an Error that says what is not of the format. */
export function capturedRun(config: unknown, distilled: unknown, trace: Imported): Capture {
  const { name, spec: given } = config as Config
  const spec = typeof given === 'string' ? (JSON.parse(given) as Spec) : given
  const run = distilled as Distilled
  const programs = readPrograms(spec, run, syncs(trace))
  return { name, machine: machineOf(spec, run), programs, facts: factsOf(run, programs) }
}

function machineOf(spec: Spec, run: Distilled): CapturedMachine {
  const audiodev = audiodevOf(spec.audiodev)
  const module: Record<string, number> = {}
  for (const [, key = '', value] of spec.append.matchAll(/virtio_snd\.(\w+)=(\d+)/g)) {
    module[key] = Number(value)
  }
  return {
    cpus: spec.smp,
    audiodev,
    module,
    hogs: spec.hogs ?? 0,
    hostHogs: spec.host_hogs ?? [],
    vcpuCpus: spec.vcpu_affinity ?? null,
    otherCpus: spec.other_affinity ?? null,
    timerLateUs: timerLate(run, audiodev.timerPeriodUs),
  }
}

function audiodevOf(text: string): Audiodev {
  const [driver = '', ...rest] = text.split(',')
  const given = new Map(rest.map((word) => word.split('=') as [string, string]))
  const take = (key: string): string | undefined => {
    const value = given.get(key)
    given.delete(key)
    return value
  }
  const off = (key: string): boolean => {
    const [out, input] = [take(`out.${key}`), take(`in.${key}`)]
    return out === 'off' || (out === undefined && input === 'off')
  }
  const timerPeriodUs = Number(take('timer-period') ?? 10_000)
  const audiodev = {
    driver,
    timerPeriodUs,
    mixingEngine: !off('mixing-engine'),
    fixedSettings: !off('fixed-settings'),
  }
  take('id')
  take('path')
  if (given.size > 0) throw new Error(`audiodev: not known: ${[...given.keys()].join(', ')}`)
  return audiodev
}

/** Each run of the timer was so late; those that another load made late are not the timer's. */
function timerLate(run: Distilled, periodUs: number): readonly [number, number, number] {
  const late: number[] = []
  for (const { series } of Object.values(run.device)) {
    for (const [i, [t]] of series.entries()) {
      const us = (t - (series[i - 1]?.[0] ?? Number.NaN)) * 1000
      const runs = Math.max(1, Math.floor(us / periodUs))
      const each = us / runs - periodUs
      if (each > 0 && each < 0.05 * periodUs) late.push(each)
    }
  }
  late.sort((a, b) => a - b)
  const at = (q: number): number => Math.round(late[Math.floor(late.length * q)] ?? 100)
  return [at(0.1), at(0.5), at(0.9)]
}

interface Sync {
  /** As in the trace, s. */
  readonly t: number
  readonly pid: number
}

/** The command of SNDRV_PCM_IOCTL_SYNC_PTR on x86-64. */
const SYNC_PTR = 'ioctl c0884123'

/**
 * SYNC_PTR calls that ask the hardware: those after another SYNC_PTR. A single one after each
 * transfer only reads the state for the log.
 */
function syncs({ guest }: Imported): readonly Sync[] {
  const found: Sync[] = []
  const last = new Map<number, string>()
  for (const { kind, timeNs, task, text } of guest) {
    if (kind !== 'call' || !/^(poll|ioctl)\b/.test(text)) continue
    if (text === SYNC_PTR && last.get(task) === text) found.push({ t: timeNs / 1e9, pid: task })
    last.set(task, text)
  }
  return found
}

function readPrograms(spec: Spec, run: Distilled, found: readonly Sync[]): readonly Program[] {
  const groups = new Map<string, Mark[][]>()
  for (const mark of run.marks) {
    const of = groups.get(mark[1]) ?? []
    groups.set(mark[1], of)
    if (mark[2].startsWith('begin')) of.push([])
    of.at(-1)?.push(mark)
  }
  const programs: Program[] = []
  for (const cmd of spec.cmds) {
    const words = /pcmlab (.*?) > \/tmp\/(\S+)/.exec(cmd)
    if (words === null) continue
    const [, args = '', log = ''] = words
    const tag = wordOf(args, 'tag') ?? 'P'
    const marks = groups.get(tag)?.shift()
    if (marks === undefined) throw new Error(`no marks of '${cmd}'`)
    programs.push(readOne(run, args, log, marks, found))
  }
  return programs
}

function readOne(
  run: Distilled,
  args: string,
  log: string,
  marks: readonly Mark[],
  found: readonly Sync[],
): Program {
  const app = run.app[log]
  const begin = marks[0] as Mark
  const given = Object.fromEntries(args.split(/\s+/).map((word) => word.split('=')))
  const logged = (app?.other ?? []).map((line) => /^([\d.]+) (\w+) (.*)$/.exec(line))
  const zero = zeroOf(logged, marks)
  const lines: Line[] =
    logged.length > 0
      ? logged.map((m) => ({ t: Number(m?.[1]) * 1000 - zero, text: m?.[3] ?? '' }))
      : marks.map(([t, , text]) => ({ t, text }))
  const ended = marks.some(([, , text]) => text === 'end')
  const pid = Number(wordOf(begin[2], 'pid'))
  if (logged.length > 0) {
    for (const sync of found) {
      if (sync.pid === pid) lines.push({ t: sync.t * 1000 - zero, text: 'hwsync' })
    }
  }
  return readProgram({
    tag: begin[1],
    lines,
    transfers: allTransfers(app?.rows ?? [], app?.transfers ?? 0),
    args: given,
    killedAfterMs: ended ? null : killedAfter(run, begin[0]),
  })
}

/** Time of the log at which marks have 0, ms: both clocks are one, but a line takes its time. */
function zeroOf(logged: readonly (RegExpExecArray | null)[], marks: readonly Mark[]): number {
  const found: number[] = []
  let from = 0
  for (const [t, , text] of marks) {
    const at = logged.findIndex((m, i) => i >= from && m?.[3] === text)
    if (at < 0) continue
    from = at + 1
    found.push(Number(logged[at]?.[1]) * 1000 - t)
  }
  return found.toSorted((a, b) => a - b)[Math.floor(found.length / 2)] ?? 0
}

/** More than a client makes in an hour, and fewer than memory minds. */
const TRANSFERS_MAX = 1_000_000

/** A log keeps the first rows only; the rest went on alike. */
function allTransfers(rows: readonly Transfer[], count: number): readonly Transfer[] {
  if (!(count <= TRANSFERS_MAX))
    throw new Error(`${count} transfers, the limit is ${TRANSFERS_MAX}`)
  const last = rows.at(-1)
  if (last === undefined) return rows
  const [t, us, frames, hw, appl, state] = last
  const more = Array.from({ length: count - rows.length }, (_, i): Transfer => {
    const tMs = t + us / 1000 + i * 1e-6
    return [tMs, Number.NaN, frames, hw, appl + frames * (i + 1), state]
  })
  return [...rows, ...more]
}

/** Its exit stopped the stream. */
function killedAfter(run: Distilled, beginMs: number): number {
  const after = run.triggers.filter(([t]) => t > beginMs)
  const start = after.find(([, , cmd]) => cmd === 1)
  const stop = after.find(([, by, cmd]) => cmd === 0 && actor(by) === 'client')
  if (start === undefined || stop === undefined) return 0
  return stop[0] - start[0] - 0.3
}

function actor(by: string): Actor {
  if (by.startsWith('kworker')) return 'kworker'
  return by.startsWith('<idle>') || by.startsWith('irq') ? 'irq' : 'client'
}

const TRIGGERS = ['STOP', 'START', '2', 'PAUSE_PUSH', 'PAUSE_RELEASE', 'SUSPEND', 'RESUME']

function factsOf(run: Distilled, programs: readonly Program[]): Facts {
  const sides: Partial<Record<Side, SideFacts>> = {}
  for (const [side, on, dev] of [
    ['tx', 'playback', 'p'],
    ['rx', 'capture', 'c'],
  ] as const) {
    const program = programs.find(({ steps }) => steps.some((step) => step.on === on))
    if (program === undefined || run.device[side] === undefined) continue
    const { period, periods } = program.setup
    sides[side] = sideFacts(run, side, dev, period * periods)
  }
  const { latency_us: latency, irq } = run
  return {
    control: run.control.map(({ code, by, rc }) => [code, actor(by), rc === 0]),
    triggers: run.triggers.map(([, by, cmd]) => [TRIGGERS[cmd] ?? `${cmd}`, actor(by)]),
    spans: spansOf(
      run.triggers.map(([t, , cmd]) => [t, TRIGGERS[cmd] ?? `${cmd}`]),
      Object.keys(sides).length,
    ),
    sides,
    perInterrupt: withoutZero(irq.io_completions_per_irq),
    elapsedBy: byActor(run.period_elapsed.context),
    xruns: run.xruns.flatMap(({ by, event }) =>
      event === undefined ? [] : [[actor(by), Number(wordOf(event, 'old')?.replace(',', ''))]],
    ),
    timing: {
      interval: null,
      irqToElapsed: quantiles(latency['irq_to_elapsed']),
      elapsedToClient: quantiles(latency['elapsed_to_user_running']),
      notifyToIrq: quantiles(irq.device_notify_to_irq_entry_us),
      controlRoundTrip: null,
    },
  }
}

function sideFacts(run: Distilled, side: Side, dev: string, buffer: number): SideFacts {
  const io = run.io[side] as Io
  const rows = run.hwptr.rows.filter((row) => row[1] === dev)
  const step = ([, , , pos, old]: HwPtr): number => (((pos - old) % buffer) + buffer) % buffer
  const elapsed = rows.filter((row) => row[2] === 'IRQ')
  // A light trace has no queue functions.
  const known = io.sent > 0
  return {
    sent: known ? io.sent : null,
    completed: io.completed,
    inFlight: known ? io.in_flight_at : null,
    senders: known ? byActor(io.senders) : null,
    batches: withoutFlushes(run, side, io),
    elapsedSteps: elapsed.map(step),
    moves: {
      elapsed: elapsed.filter((row) => step(row) > 0).length,
      other: rows.filter((row) => row[2] !== 'IRQ' && step(row) > 0).length,
    },
  }
}

/**
 * Runs of the audio timer only. What a RELEASE returns stands in the captured series too, as a
 * batch of its own or, if it came soon after a run, with that one.
 */
function withoutFlushes(
  run: Distilled,
  side: Side,
  io: Io,
): readonly (readonly [number, number])[] {
  const batches = (run.device[side]?.series ?? []).map(([t, n]): [number, number] => [t, n])
  const releases = run.control.filter(({ code }) => code === 'RELEASE')
  for (const [i, { t, ret }] of releases.entries()) {
    const [before, after] = io.in_flight_at['RELEASE']?.[i] ?? [0, 0]
    let left = Math.max(0, before - after)
    for (const batch of batches.toReversed()) {
      if (left === 0 || batch[0] > ret || batch[0] < t - 2) continue
      const taken = Math.min(left, batch[1])
      batch[1] -= taken
      left -= taken
    }
  }
  return batches.filter(([, n]) => n > 0)
}

function byActor(counts: Readonly<Record<string, number>>): Record<string, number> {
  const found: Record<string, number> = {}
  for (const [key, n] of Object.entries(counts)) found[actor(key)] = (found[actor(key)] ?? 0) + n
  return found
}

function withoutZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([key]) => key !== '0'))
}

function quantiles(stats: Stats | null | undefined): Quantiles | null {
  if (stats === undefined || stats === null || stats.n === 0) return null
  return [stats.p10, stats.median, stats.p90, stats.p99]
}
