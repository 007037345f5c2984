/**
 * The times that make up a period, measured alike in captured and in simulated runs: how often
 * period-elapsed is called, how late QEMU's timer runs, from the device's notification to the
 * client's running. Each sample has the time at which it began, so that halves of a run can be
 * told apart. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { GuestEvent, Imported, Side } from './guest-event.ts'

export const STAGES = {
  interval: 'period-elapsed to period-elapsed',
  wake: 'period-elapsed to the client running',
  tick_late: "lateness of the device's timer, each run",
  notify_to_irq: "the device's notification to the handler",
  irq_to_elapsed: 'the handler to period-elapsed',
  queued_to_start: 'work queued to worker running it',
  elapsed_to_waking: 'period-elapsed to the wake-up',
  waking_to_running: 'wake-up to the client running',
  client_work: 'the client between two calls',
} as const
export type Stage = keyof typeof STAGES
export const STAGE_NAMES = Object.keys(STAGES) as readonly Stage[]

export interface Sample {
  readonly atNs: Ns
  readonly ns: Ns
}

export type Samples = Readonly<Record<Stage, readonly Sample[]>>

/** More samples of one stage than this are not needed. */
const SAMPLES_MAX = 1_000_000
/** Fills that are closer are of one run of the timer. */
const BATCH_NS = 1_000_000

/** `hostOffsetNs` is subtracted from the host's times; null: only their distances are used. */
export function stagesOf(
  run: Imported,
  hostOffsetNs: Ns | null,
  timerPeriodNs: Ns = run.timerPeriodNs,
): Samples {
  const found = Object.fromEntries(STAGE_NAMES.map((name) => [name, []])) as unknown as Record<
    Stage,
    Sample[]
  >
  const add = (stage: Stage, atNs: Ns, toNs: Ns): void => {
    const of = found[stage]
    if (toNs >= atNs && of.length < SAMPLES_MAX) of.push({ atNs, ns: toNs - atNs })
  }
  const reader = new Reader(run.guest, add)
  for (const event of run.guest) reader.event(event)
  ticks(run, hostOffsetNs ?? 0, timerPeriodNs, found.tick_late)
  if (hostOffsetNs !== null) notifications(run, hostOffsetNs, add)
  return found
}

type Add = (stage: Stage, atNs: Ns, toNs: Ns) => void

class Reader {
  private readonly add: Add
  private readonly clients: ReadonlySet<number>
  private irqNs = -1
  private readonly queued = new Map<string, Ns>()
  /** Work that a context has begun, until it calls period-elapsed. */
  private readonly started = new Map<number, { readonly sinceNs: Ns; readonly toNs: Ns }>()
  private readonly last = new Map<Side, Ns>()
  /** Since when a context is in period-elapsed. */
  private readonly open = new Map<number, Ns>()
  private readonly woken = new Map<number, { readonly sinceNs: Ns; readonly wakingNs: Ns }>()
  /** The call of period-elapsed that a client was last woken by. */
  private readonly wokenBy = new Map<number, Ns>()
  private readonly returned = new Map<number, Ns>()

  constructor(guest: readonly GuestEvent[], add: Add) {
    this.add = add
    this.clients = clientsOf(guest)
  }

  event(e: GuestEvent): void {
    const { timeNs, task } = e
    switch (e.kind) {
      case 'irq_entry':
        this.irqNs = timeNs
        return
      case 'irq_exit':
      case 'work_end':
        this.open.delete(task)
        return
      case 'queue_work':
        this.queued.set(e.text, timeNs)
        return
      case 'work_start': {
        const since = this.queued.get(e.text)
        if (since !== undefined) this.started.set(task, { sinceNs: since, toNs: timeNs })
        this.queued.delete(e.text)
        return
      }
      case 'elapsed':
        this.elapsed(e)
        return
      case 'trigger':
        this.last.clear()
        return
      default:
        this.client(e)
    }
  }

  private elapsed({ timeNs, task, side }: GuestEvent): void {
    if (this.irqNs >= 0) this.add('irq_to_elapsed', this.irqNs, timeNs)
    const work = this.started.get(task)
    if (work !== undefined) this.add('queued_to_start', work.sinceNs, work.toNs)
    this.started.delete(task)
    const last = this.last.get(side)
    if (last !== undefined) this.add('interval', last, timeNs)
    this.last.set(side, timeNs)
    this.open.set(task, timeNs)
  }

  private client({ kind, timeNs, task, arg }: GuestEvent): void {
    if (kind === 'waking') {
      const sinceNs = this.open.get(task)
      if (sinceNs === undefined || !this.clients.has(arg) || this.woken.has(arg)) return
      // A client that ran meets the mutex that the call holds, and is woken again by its release.
      if (this.wokenBy.get(arg) === sinceNs) return
      this.wokenBy.set(arg, sinceNs)
      this.add('elapsed_to_waking', sinceNs, timeNs)
      this.woken.set(arg, { sinceNs, wakingNs: timeNs })
    } else if (kind === 'switch') {
      const woken = this.woken.get(arg)
      if (woken === undefined) return
      this.woken.delete(arg)
      this.add('waking_to_running', woken.wakingNs, timeNs)
      this.add('wake', woken.sinceNs, timeNs)
    } else if (kind === 'return') {
      if (this.clients.has(task)) this.returned.set(task, timeNs)
    } else if (kind === 'call') {
      const since = this.returned.get(task)
      this.returned.delete(task)
      if (since !== undefined) this.add('client_work', since, timeNs)
    }
  }
}

/** Periods of a stream's first start that are not like the others. */
const WARM_UP_PERIODS = 3

export interface Span {
  readonly fromNs: Ns
  readonly toNs: Ns
}

/**
 * When each stream ran for the first time: from the START to its fourth call of period-elapsed.
 * Code and data are cold then (an emulator translates the code first), and what is called once is
 * called then. Empty for a trace that begins in the middle of a run.
 */
export function warmUps({ guest }: Imported): readonly Span[] {
  const start = guest.find(({ kind, arg }) => kind === 'trigger' && arg === 1)
  if (start === undefined) return []
  const calls = guest.filter(({ kind }) => kind === 'elapsed')
  const sides = [...new Set(calls.map(({ side }) => side))]
  return sides.flatMap((side) => {
    const own = calls.filter((one) => one.side === side)
    if ((own[0] as GuestEvent).timeNs < start.timeNs) return []
    const toNs = own[WARM_UP_PERIODS]?.timeNs ?? Number.POSITIVE_INFINITY
    return [{ fromNs: side === sides[0] ? start.timeNs : (own[0] as GuestEvent).timeNs, toNs }]
  })
}

/** The samples that began outside of the spans, or inside. */
export function outside(samples: Samples, spans: readonly Span[], inside = false): Samples {
  const isIn = ({ atNs }: Sample): boolean =>
    spans.some(({ fromNs, toNs }) => atNs >= fromNs && atNs < toNs)
  const entries = STAGE_NAMES.map((stage) => [
    stage,
    samples[stage].filter((one) => isIn(one) === inside),
  ])
  return Object.fromEntries(entries) as Samples
}

/** Those that move application pointers; a worker does so for a capture stream, but not alone. */
export function clientsOf(guest: readonly GuestEvent[]): ReadonlySet<number> {
  return new Set(guest.flatMap(({ kind, task }) => (kind === 'applptr' ? [task] : [])))
}

/** Runs of the device's timer that returned messages; those that returned none lie between. */
function ticks({ host }: Imported, offsetNs: Ns, periodNs: Ns, found: Sample[]): void {
  if (periodNs <= 0) return
  let batch = -1
  let before = -1
  for (const { kind, timeNs } of host) {
    if (kind === 'control') batch = -1
    if (kind !== 'fill' || timeNs - before < BATCH_NS) continue
    const runs = batch < 0 ? 0 : Math.floor((timeNs - batch) / periodNs)
    if (runs > 0 && found.length < SAMPLES_MAX) {
      const ns = Math.round((timeNs - batch) / runs) - periodNs
      found.push({ atNs: batch - offsetNs, ns })
    }
    batch = timeNs
    before = timeNs
  }
}

function notifications({ guest, host }: Imported, offsetNs: Ns, add: Add): void {
  const irqs = guest.filter(({ kind }) => kind === 'irq_entry')
  let next = 0
  let last = -1
  for (const { kind, timeNs } of host) {
    if (kind !== 'notify') continue
    const at = timeNs - offsetNs
    while (next < irqs.length && (irqs[next] as GuestEvent).timeNs < at) next++
    const irq = irqs[next]
    if (irq === undefined) return
    // Notifications before one interrupt are one.
    if (next !== last) add('notify_to_irq', at, irq.timeNs)
    last = next
  }
}
