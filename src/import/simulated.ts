/** The facts of a simulated run, read from its records as captured-folder.ts reads a capture's. */

import { T, TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import type { Actor, Facts, InFlight, Quantiles, Side, SideFacts } from './facts.ts'
import { spansOf } from './facts.ts'

interface Building {
  sent: number
  completed: number
  readonly inFlight: Record<string, InFlight[]>
  readonly senders: Record<string, number>
  readonly batches: [number, number][]
  readonly elapsedSteps: number[]
  moves: { elapsed: number; other: number }
  flying: number
  batchOpen: boolean
  buffer: number
  /** Who made an elapsed call whose pointer update has not come yet, -1: nobody. */
  caller: number
}

interface Sent {
  readonly code: string
  readonly by: Actor
  ok: boolean
  readonly flying: Readonly<Record<Side, number>>
  readonly at: Partial<Record<Side, number>>
}

/** Times for the distributions, ns. */
interface Clock {
  irq: number
  readonly irqToElapsed: number[]
  readonly intervals: number[]
  elapsed: Map<number, number>
  notify: number
  readonly notifyToIrq: number[]
  woken: Map<number, number>
  readonly elapsedToClient: number[]
}

/** Completions that are closer than this are one batch. */
const BATCH_MS = 1

class Reader {
  readonly store: TraceStore
  readonly control: Sent[] = []
  private readonly open = new Map<number, Sent>()
  readonly triggers: [cmd: string, by: Actor, timeNs: number][] = []
  readonly sides: Record<Side, Building> = { tx: building(), rx: building() }
  readonly perInterrupt: Record<string, number> = {}
  readonly elapsedBy: Record<string, number> = {}
  readonly xruns: [Actor, number][] = []
  startNs = -1
  private taken = 0
  /** A RELEASE is under way: what comes back now is no run of the timer's. */
  private flushing = false
  readonly clock: Clock = {
    irq: -1,
    irqToElapsed: [],
    intervals: [],
    elapsed: new Map(),
    notify: -1,
    notifyToIrq: [],
    woken: new Map(),
    elapsedToClient: [],
  }

  constructor(store: TraceStore) {
    this.store = store
  }

  actor(context: number): Actor {
    const kind = this.store.symbols.entries('ctx')[context]?.kind
    return kind === 'kworker' ? 'kworker' : kind === 'hardirq' ? 'irq' : 'client'
  }

  side(stream: number): Side {
    const group = this.store.symbols.entries('stream')[stream]?.group
    return group === 'capture' ? 'rx' : 'tx'
  }

  /** A number as its word. */
  word(list: string, code: number): string {
    return CODES[list]?.[code] ?? `${code}`
  }

  read(): void {
    const r = new TraceRecord()
    for (let i = 0; i < this.store.length; i++) this.record(this.store.at(i, r))
  }

  private record(r: TraceRecord): void {
    switch (r.kind) {
      case T.virtsnd_ctl_send:
        this.request(r)
        return
      case T.virtsnd_ctl_done:
        this.answered(r)
        return
      case T.snd_pcm_trigger:
        this.triggers.push([this.word('trigger', r.b), this.actor(r.context), r.timeNs])
        return
      case T.virtsnd_msg_send:
        this.sent(r)
        return
      case T.virtsnd_msg_complete:
        this.taken++
        this.sides[this.side(r.a)].flying--
        this.sides[this.side(r.a)].completed++
        return
      case T.snd_pcm_hw_params:
        this.sides[this.side(r.a)].buffer = r.f
        return
      case T.snd_pcm_xrun:
        this.xruns.push([this.actor(r.context), r.b])
        return
      case T.snd_pcm_hwptr:
        this.pointer(r)
        return
      default:
        this.times(r)
    }
  }

  private request(r: TraceRecord): void {
    const code = this.word('virtsnd', r.a)
    if (code === 'START' && this.startNs < 0) this.startNs = r.timeNs
    const flying = { tx: this.sides.tx.flying, rx: this.sides.rx.flying }
    const sent: Sent = { code, by: this.actor(r.context), ok: false, flying, at: {} }
    if (code === 'PCM_INFO') return
    this.control.push(sent)
    this.flushing = code === 'RELEASE'
    this.open.set(r.c, sent)
    for (const side of ['tx', 'rx'] as const) {
      const list = this.sides[side].inFlight
      list[code] ??= []
      sent.at[side] = list[code].push([flying[side], flying[side]]) - 1
    }
    this.endBatches()
  }

  private answered(r: TraceRecord): void {
    const sent = this.open.get(r.c)
    if (sent === undefined) return
    sent.ok = this.word('virtsnd', r.d) === 'OK'
    for (const side of ['tx', 'rx'] as const) {
      const one = this.sides[side]
      const list = one.inFlight[sent.code] as InFlight[]
      list[sent.at[side] as number] = [sent.flying[side], one.flying]
    }
    this.open.delete(r.c)
    if (sent.code === 'RELEASE') this.flushing = false
  }

  private sent(r: TraceRecord): void {
    const one = this.sides[this.side(r.a)]
    const by = this.actor(r.context)
    one.sent++
    one.flying++
    one.senders[by] = (one.senders[by] ?? 0) + 1
  }

  private pointer(r: TraceRecord): void {
    const one = this.sides[this.side(r.a)]
    const { buffer } = one
    const step = buffer === 0 ? 0 : (((r.c - r.d) % buffer) + buffer) % buffer
    if (r.b === 1) one.elapsedSteps.push(step)
    if (step === 0) return
    if (r.b === 1) one.moves.elapsed++
    else one.moves.other++
  }

  private endBatches(): void {
    this.sides.tx.batchOpen = false
    this.sides.rx.batchOpen = false
  }

  private times(r: TraceRecord): void {
    const { clock } = this
    if (r.kind === T.audio_run) this.endBatches()
    else if (r.kind === T.virtqueue_push) this.returned(r)
    else if (r.kind === T.irq_handler_entry) {
      this.taken = 0
      clock.irq = r.timeNs
      if (clock.notify >= 0) clock.notifyToIrq.push(r.timeNs - clock.notify)
      clock.notify = -1
    } else if (r.kind === T.irq_handler_exit) {
      if (this.taken > 0) this.perInterrupt[this.taken] = (this.perInterrupt[this.taken] ?? 0) + 1
      this.taken = 0
    } else if (r.kind === T.virtio_notify) {
      if (r.b === 1 && clock.notify < 0) clock.notify = r.timeNs
    } else if (r.kind === T.snd_pcm_period_elapsed) this.elapsed(r)
    else this.wakes(r)
  }

  private returned(r: TraceRecord): void {
    const queue = this.store.symbols.name('queue', r.a)
    const side = queue.endsWith('/tx') ? 'tx' : queue.endsWith('/rx') ? 'rx' : null
    if (side === null) return
    const one = this.sides[side]
    if (this.flushing) return
    const at = (r.timeNs - this.startNs) / 1e6
    const last = one.batches.at(-1)
    // The captures' batches are told apart by time.
    if (last !== undefined && (one.batchOpen || at - last[0] < BATCH_MS)) last[1]++
    else one.batches.push([at, 1])
    one.batchOpen = true
  }

  private elapsed(r: TraceRecord): void {
    const { clock } = this
    const by = this.actor(r.context)
    this.elapsedBy[by] = (this.elapsedBy[by] ?? 0) + 1
    clock.irqToElapsed.push(r.timeNs - clock.irq)
    const last = clock.elapsed.get(r.a)
    if (last !== undefined) clock.intervals.push(r.timeNs - last)
    clock.elapsed.set(r.a, r.timeNs)
    this.sides[this.side(r.a)].caller = r.context
  }

  private wakes(r: TraceRecord): void {
    const { clock, sides } = this
    if (r.kind === T.workqueue_execute_end) {
      for (const one of Object.values(sides)) if (one.caller === r.context) one.caller = -1
    } else if (r.kind === T.sched_waking) {
      const caller = Object.values(sides).some((one) => one.caller === r.context)
      const kind = this.store.symbols.entries('ctx')[r.a]?.kind
      const since = Math.max(...clock.elapsed.values())
      if (caller && kind === 'client' && !clock.woken.has(r.a)) clock.woken.set(r.a, since)
    } else if (r.kind === T.sched_switch) {
      const since = clock.woken.get(r.b)
      if (since !== undefined) clock.elapsedToClient.push(r.timeNs - since)
      clock.woken.delete(r.b)
    }
  }
}

function building(): Building {
  return {
    sent: 0,
    completed: 0,
    inFlight: {},
    senders: {},
    batches: [],
    elapsedSteps: [],
    moves: { elapsed: 0, other: 0 },
    flying: 0,
    batchOpen: false,
    buffer: 0,
    caller: -1,
  }
}

export function simulatedFacts(store: TraceStore): Facts {
  const reader = new Reader(store)
  reader.read()
  const sides: Partial<Record<Side, SideFacts>> = {}
  for (const side of ['tx', 'rx'] as const) {
    const one = reader.sides[side]
    if (one.buffer > 0) sides[side] = one
  }
  const { clock } = reader
  return {
    control: reader.control.map(({ code, by, ok }) => [code, by, ok]),
    triggers: reader.triggers.map(([cmd, by]) => [cmd, by]),
    spans: spansOf(
      reader.triggers.map(([cmd, , ns]) => [(ns - reader.startNs) / 1e6, cmd]),
      Object.keys(sides).length,
    ),
    sides,
    perInterrupt: reader.perInterrupt,
    elapsedBy: reader.elapsedBy,
    xruns: reader.xruns,
    timing: {
      interval: quantiles(clock.intervals),
      irqToElapsed: quantiles(clock.irqToElapsed),
      elapsedToClient: quantiles(clock.elapsedToClient),
      notifyToIrq: quantiles(clock.notifyToIrq),
      controlRoundTrip: null,
    },
  }
}

/** Of times in ns, in us. */
function quantiles(ns: readonly number[]): Quantiles | null {
  if (ns.length === 0) return null
  const sorted = ns.toSorted((a, b) => a - b)
  const at = (q: number): number => {
    const index = Math.min(sorted.length - 1, Math.floor(sorted.length * q))
    return Math.round((sorted[index] as number) / 1000)
  }
  return [at(0.1), at(0.5), at(0.9), at(0.99)]
}

/** What each call of each client returned, in the order of the records: `writei(480) = 480`. */
export function callResults(store: TraceStore): readonly string[] {
  const results: string[] = []
  const r = new TraceRecord()
  for (let i = 0; i < store.length; i++) {
    store.at(i, r)
    if (r.kind === T.client_log) results.push(store.symbols.name('text', r.b))
  }
  return results
}
