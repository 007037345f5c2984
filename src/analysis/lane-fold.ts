/** Fills the lanes of a stretch of the run. What lanes are stands in lanes.ts. Times are ns. */
import type { Ns } from '../base/units.ts'
import type { SymbolEntry, Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { HEARD_KINDS, Heard, type HeardSink } from './heard.ts'
import {
  LANE_GROUPS,
  LANES_MAX,
  type Lane,
  type LaneGroup,
  type LaneSet,
  laneKey,
  MARK_STYLES,
  type MarkStyle,
  pickOf,
  SPAN_STYLES,
  type SpanStyle,
} from './lanes.ts'
import { isOfLock } from './log.ts'
import type { StreamTable } from './streams.ts'
import type { Window } from './windows.ts'

const SLEEP_IN_ATOMIC = (CODES.bug as readonly string[]).indexOf('sleep-in-atomic')
const CALL_SLEEP = (CODES.call as readonly string[]).indexOf('sleep')

interface Draft {
  readonly id: number
  readonly spans: Record<SpanStyle, Ns[]>
  readonly marks: Record<MarkStyle, Ns[]>
  readonly level: { readonly timesNs: Ns[]; readonly count: number[] }
  /** Where a span that has not ended began; -1: none is open. */
  readonly open: Record<SpanStyle, Ns>
  /** Buffers in flight. */
  inFlight: number
  /** Readers that hold a lock. */
  holders: number
  /** Whether the device has ever given something back. */
  carried: boolean
  used: boolean
}

function record<K extends string, V>(keys: readonly K[], value: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, value()])) as Record<K, V>
}

function draft(id: number): Draft {
  return {
    id,
    spans: record(SPAN_STYLES, () => []),
    marks: record(MARK_STYLES, () => []),
    level: { timesNs: [], count: [] },
    open: record(SPAN_STYLES, () => -1),
    inFlight: 0,
    holders: 0,
    carried: false,
    used: false,
  }
}

/** Group of the lane of a task that is switched to. */
const GROUP_OF_TASK: Readonly<Record<string, LaneGroup>> = {
  client: 'client',
  host: 'device',
  task: 'task',
  'irq-thread': 'task',
}

export class LaneFold implements Fold<LaneSet>, HeardSink {
  readonly kinds = [
    T.sched_switch,
    T.supply_on,
    T.supply_off,
    T.kvm_exit,
    T.kvm_entry,
    T.irq_handler_entry,
    T.irq_handler_exit,
    T.workqueue_execute_start,
    T.workqueue_execute_end,
    T.lock_acquire,
    T.lock_contended,
    T.lock_acquired,
    T.lock_release,
    T.syscall_enter,
    T.syscall_exit,
    T.snd_pcm_trigger,
    T.snd_pcm_trigger_done,
    T.snd_pcm_period_elapsed,
    T.snd_pcm_applptr,
    T.snd_pcm_xrun,
    T.virtqueue_add,
    T.virtqueue_get_buf,
    T.virtqueue_kick,
    T.virtqueue_push,
    T.audio_run,
    T.bug,
    ...HEARD_KINDS,
  ]
  private readonly drafts = Object.fromEntries(
    LANE_GROUPS.map((group) => [group, new PerSymbol(draft, group)]),
  ) as Record<LaneGroup, PerSymbol<Draft>>
  /** Contexts of the virtual processors, in order: the n-th runs processor n. */
  private readonly vcpus: readonly number[]
  private readonly contexts: readonly SymbolEntry[]
  private readonly locks: readonly SymbolEntry[]
  private readonly symbols: Symbols
  private readonly played: Heard
  /** Contexts that were told that they may not sleep, until their next lock. */
  private readonly complaining = new Set<number>()
  private readonly fromNs: Ns
  private readonly toNs: Ns

  constructor(symbols: Symbols, streams: StreamTable, { fromNs, toNs }: Window) {
    this.symbols = symbols
    this.fromNs = fromNs
    this.toNs = toNs
    this.played = new Heard(streams, this)
    this.contexts = symbols.entries('ctx')
    this.locks = symbols.entries('lock')
    this.vcpus = this.contexts.flatMap(({ kind }, id) => (kind === 'vcpu' ? [id] : []))
  }

  record(r: TraceRecord): void {
    if (r.kind === T.bug) {
      const isLock = isOfLock(this.symbols.name('text', r.b))
      if (r.a === SLEEP_IN_ATOMIC && isLock) this.complaining.add(r.context)
    } else if (r.kind >= T.audio_copy) {
      // What is heard after the stretch's end may have begun within it.
      this.played.record(r)
    } else if (r.timeNs <= this.toNs) this.within(r)
  }

  private within(r: TraceRecord): void {
    if (r.kind >= T.lock_acquire && r.kind <= T.lock_release) this.locked(r)
    else if (r.kind >= T.virtqueue_add) this.transport(r)
    else if (r.kind >= T.syscall_enter) this.ofStream(r)
    else if (r.kind <= T.kvm_entry) this.processor(r)
    else this.handler(r)
  }

  finish(): LaneSet {
    this.played.finish()
    const lanes: Lane[] = []
    let hidden = 0
    for (const group of LANE_GROUPS) {
      const drafts = this.drafts[group].entries().map(([, one]) => one)
      for (const one of drafts) this.close(one)
      const used = drafts.filter((one) => one.used)
      const kept = busiest(used, LANES_MAX[group])
      hidden += used.length - kept.length
      lanes.push(...kept.map((one) => this.lane(group, one)))
    }
    return { lanes, hidden }
  }

  heard(stream: number, first: number, _frames: number, fromNs: Ns, toNs: Ns): void {
    this.span(this.drafts.sink.get(stream), first < 0 ? 'silence' : 'play', fromNs, toNs)
  }

  private lane(group: LaneGroup, one: Draft): Lane {
    const { spans, marks, level, id } = one
    const pick = pickOf(group, group === 'vcpu' ? (this.vcpus[id] ?? -1) : id)
    return {
      key: laneKey(group, id),
      group,
      name: this.nameOf(group, id),
      spans,
      marks,
      level,
      pick,
    }
  }

  private nameOf(group: LaneGroup, id: number): string {
    if (group === 'alsa' || group === 'sink') return this.symbols.name('stream', id)
    if (group === 'irq' || group === 'lock' || group === 'queue')
      return this.symbols.name(group, id)
    return this.symbols.name('ctx', group === 'vcpu' ? (this.vcpus[id] ?? 0) : id)
  }

  private processor(r: TraceRecord): void {
    if (r.kind === T.sched_switch) {
      this.task(r.a, r.timeNs, false)
      this.task(r.b, r.timeNs, true)
      return
    }
    const stolen = r.kind === T.supply_off || r.kind === T.supply_on
    const id = stolen ? r.cpu : this.vcpus.indexOf(r.context)
    if (id < 0) return
    const one = this.drafts.vcpu.get(id)
    if (r.kind === T.supply_off) this.begin(one, 'stolen', r.timeNs)
    else if (r.kind === T.supply_on) this.end(one, 'stolen', r.timeNs)
    else if (r.kind === T.kvm_entry) this.begin(one, 'run', r.timeNs)
    else this.end(one, 'run', r.timeNs)
  }

  private task(context: number, timeNs: Ns, starts: boolean): void {
    const group = GROUP_OF_TASK[this.contexts[context]?.kind ?? '']
    if (group === undefined) return
    const one = this.drafts[group].get(context)
    if (starts) this.begin(one, 'run', timeNs)
    else this.end(one, 'run', timeNs)
  }

  private handler(r: TraceRecord): void {
    if (r.kind === T.irq_handler_entry) this.begin(this.drafts.irq.get(r.a), 'run', r.timeNs)
    else if (r.kind === T.irq_handler_exit) this.end(this.drafts.irq.get(r.a), 'run', r.timeNs)
    else {
      const one = this.drafts.kworker.get(r.context)
      if (r.kind === T.workqueue_execute_start) this.begin(one, 'run', r.timeNs)
      else this.end(one, 'run', r.timeNs)
    }
  }

  /** Maps of work items are lockdep's, not locks that anybody holds. */
  private locked(r: TraceRecord): void {
    if (this.locks[r.a]?.kind === 'map') return
    const one = this.drafts.lock.get(r.a)
    // What a check says of a lock comes before the lock is asked for.
    if (this.complaining.delete(r.context) && r.kind === T.lock_acquire) {
      this.mark(one, 'report', r.timeNs)
    }
    if (r.kind === T.lock_acquire) {
      if (one.holders++ === 0) this.begin(one, 'held', r.timeNs)
    } else if (r.kind === T.lock_contended) {
      one.holders--
      this.begin(one, 'waited', r.timeNs)
    } else if (r.kind === T.lock_acquired) {
      this.end(one, 'waited', r.timeNs)
      if (one.holders++ <= 0) this.begin(one, 'held', r.timeNs)
    } else if (--one.holders <= 0) {
      one.holders = 0
      this.end(one, 'held', r.timeNs)
    }
  }

  private ofStream(r: TraceRecord): void {
    const { timeNs } = r
    if (r.kind === T.syscall_enter || r.kind === T.syscall_exit) {
      const style = r.b === CALL_SLEEP ? 'sleep' : 'call'
      const client = this.drafts.client.get(r.context)
      if (r.kind === T.syscall_enter) this.begin(client, style, timeNs)
      else this.end(client, style, timeNs)
      return
    }
    const one = this.drafts.alsa.get(r.a)
    if (r.kind === T.snd_pcm_trigger) this.begin(one, 'trigger', timeNs)
    else if (r.kind === T.snd_pcm_trigger_done) this.end(one, 'trigger', timeNs)
    else if (r.kind === T.snd_pcm_period_elapsed) this.mark(one, 'elapsed', timeNs)
    else if (r.kind === T.snd_pcm_applptr) this.mark(one, 'applptr', timeNs)
    else if (r.kind === T.snd_pcm_xrun) this.mark(one, 'xrun', timeNs)
  }

  private transport(r: TraceRecord): void {
    const { timeNs } = r
    if (r.kind === T.audio_run) {
      this.mark(this.drafts.device.get(r.context), 'timer', timeNs)
      return
    }
    const one = this.drafts.queue.get(r.a)
    if (r.kind === T.virtqueue_kick) {
      if (r.b === 1) this.mark(one, 'kick', timeNs)
    } else if (r.kind === T.virtqueue_push) {
      this.mark(one, 'used', timeNs)
      one.carried = true
    } else {
      if (timeNs > this.fromNs && one.level.count.length === 0) level(one, this.fromNs)
      one.inFlight += r.kind === T.virtqueue_add ? 1 : -1
      if (timeNs <= this.fromNs) return
      level(one, timeNs)
      one.used = true
    }
  }

  private begin(one: Draft, style: SpanStyle, at: Ns): void {
    one.open[style] = at
  }

  private end(one: Draft, style: SpanStyle, at: Ns): void {
    const since = one.open[style]
    if (since < 0) return
    one.open[style] = -1
    this.span(one, style, since, at)
  }

  private span(one: Draft, style: SpanStyle, from: Ns, to: Ns): void {
    if (to < this.fromNs || from >= this.toNs) return
    one.spans[style].push(from < this.fromNs ? this.fromNs : from, to < this.toNs ? to : this.toNs)
    one.used = true
  }

  private mark(one: Draft, style: MarkStyle, at: Ns): void {
    if (at < this.fromNs) return
    one.marks[style].push(at)
    one.used = true
  }

  /** What is still open lasts to the end of the stretch. */
  private close(one: Draft): void {
    for (const style of SPAN_STYLES) this.end(one, style, this.toNs)
    if (one.level.count.length > 0 || one.inFlight > 0) {
      if (one.level.count.length === 0) level(one, this.fromNs)
      level(one, this.toNs)
      // What a queue that carries data holds is of interest also while it stands still.
      if (one.carried && one.inFlight > 0) one.used = true
    }
  }
}

function level(one: Draft, timeNs: Ns): void {
  one.level.timesNs.push(timeNs)
  one.level.count.push(one.inFlight)
}

/** What was reported counts before all, then waiting, then what lasts, then what happens often. */
function busiest(drafts: readonly Draft[], most: number): Draft[] {
  if (drafts.length <= most) return [...drafts]
  const weights = new Map(drafts.map((one) => [one, weightOf(one)]))
  const order = drafts.toSorted((a, b) => {
    return (weights.get(b) ?? 0) - (weights.get(a) ?? 0) || a.id - b.id
  })
  const kept = new Set(order.slice(0, most))
  return drafts.filter((one) => kept.has(one))
}

function weightOf(one: Draft): number {
  const lengthOf = (ends: readonly Ns[]): number =>
    ends.reduce((sum, at, i) => (i % 2 === 0 ? sum - at : sum + at), 0)
  const total = SPAN_STYLES.reduce((sum, style) => sum + lengthOf(one.spans[style]), 0)
  const marks = MARK_STYLES.reduce((sum, style) => sum + one.marks[style].length, 0)
  const reported = one.marks.report.length * 1e15
  return reported + total + 1_000 * lengthOf(one.spans.waited) + marks + one.level.count.length
}
