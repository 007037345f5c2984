/**
 * A recording as slices, instants and counters on tracks: what Chrome's JSON and Perfetto's
 * protobuf both show. A track for each context, processor, lock and stream state; counters for the
 * pointers and queues. Slices of a track nest. Causal edges join slices. Times are ns.
 */
import { availOf, type StreamNow, StreamTable } from '../analysis/streams.ts'
import type { Ns } from '../base/units.ts'
import { T, TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { ARGUMENT_FIELDS, ARGUMENTS, EVENT_NAMES, isSymbolTable } from '../sim/trace-labels.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { CallStacks, type Frame } from './call-stacks.ts'
import { CausalEdges } from './causal-edges.ts'
import { DEVICE, GUEST, STREAMS, type Track, Tracks } from './tracks.ts'

export type Args = Readonly<Record<string, string | number>>

export interface TrackEvent {
  readonly phase: 'begin' | 'end' | 'instant' | 'counter'
  readonly track: Track
  readonly timeNs: Ns
  readonly name: string
  /** System of the tracepoint: `snd_pcm`. */
  readonly category: string
  readonly args: Args
  /** Of a counter. */
  readonly value: number
  /** Numbers of the causal edges that leave and that reach this slice; of a `begin` only. */
  readonly flowsOut: readonly number[]
  readonly flowsInto: readonly number[]
  /** The functions that the context is in, the outermost first; of a `begin` only. */
  readonly stack: readonly Frame[]
}

interface OpenSlice {
  /** What ends it. */
  readonly until: string
  readonly name: string
  readonly category: string
  readonly frames: readonly Frame[]
}

const BATCH = 1024
const NONE: readonly never[] = []
const NO_ARGS: Args = {}

/** In batches, in the order of time. `endNs` closes what is still open. */
export function* trackEvents(
  store: TraceStore,
  endNs: Ns,
): Generator<readonly TrackEvent[], void, undefined> {
  const writer = new TrackWriter(store)
  const record = new TraceRecord()
  for (let index = 0; index < store.length; index++) {
    writer.record(store.at(index, record))
    if (writer.events.length < BATCH) continue
    yield writer.events
    writer.events = []
  }
  const last = store.length > 0 ? store.at(store.length - 1, record).timeNs : 0
  writer.close(Math.max(endNs, last))
  yield writer.events
}

/** Kinds that open a slice on their context's track, and the word of what closes it. */
const OPENS: ReadonlyMap<number, string> = new Map([
  [T.irq_handler_entry, 'irq'],
  [T.softirq_entry, 'softirq'],
  [T.workqueue_execute_start, 'work'],
  [T.syscall_enter, 'syscall'],
  [T.snd_pcm_trigger, 'trigger'],
  [T.snd_pcm_op, 'op'],
  [T.lock_contended, 'wait'],
])
const CLOSES: ReadonlyMap<number, string> = new Map([
  [T.irq_handler_exit, 'irq'],
  [T.softirq_exit, 'softirq'],
  [T.workqueue_execute_end, 'work'],
  [T.syscall_exit, 'syscall'],
  [T.snd_pcm_trigger_done, 'trigger'],
  [T.snd_pcm_op_done, 'op'],
  [T.lock_acquired, 'wait'],
])
/** Shown by the tracks of processors, supply and locks alone. */
const NO_INSTANT: ReadonlySet<number> = new Set([
  T.sched_switch,
  T.supply_on,
  T.supply_off,
  T.kvm_entry,
  T.kvm_exit,
  T.lock_acquire,
  T.lock_release,
  T.access,
])

class TrackWriter {
  events: TrackEvent[] = []
  private readonly store: TraceStore
  private readonly tracks: Tracks
  private readonly edges: CausalEdges
  private readonly stacks: CallStacks
  private readonly streams: StreamTable
  private readonly open = new Map<Track, OpenSlice[]>()
  /** By lock: how many hold it. */
  private readonly holders: number[] = []
  /** By queue: buffers that the driver has given away. By stream: frames that the host holds. */
  private readonly inFlight: number[] = []
  private readonly hostFill: number[] = []
  private lastValues = new Map<Track, number>()

  constructor(store: TraceStore) {
    const { symbols } = store
    this.store = store
    this.tracks = new Tracks(symbols)
    this.edges = new CausalEdges(store)
    this.stacks = new CallStacks(symbols)
    this.streams = new StreamTable(symbols)
  }

  record(r: TraceRecord): void {
    const edges = this.edges.at(r.index)
    if (this.streams.kinds.includes(r.kind)) this.streams.record(r)
    if (r.kind <= T.kvm_entry) this.processor(r)
    else if (r.kind >= T.lock_acquire && r.kind <= T.lock_release) this.lock(r)
    this.onContext(r, edges.out, edges.into)
    this.counters(r)
  }

  /** Ends every slice, the innermost of a track first. */
  close(endNs: Ns): void {
    for (const [track, open] of this.open) while (open.length > 0) this.end(track, endNs)
  }

  private onContext(r: TraceRecord, out: readonly number[], into: readonly number[]): void {
    const { kind, timeNs } = r
    const isFlow = out.length + into.length > 0
    if (kind === T.sched_switch) {
      if (isFlow) this.moment(this.tracks.context(r.b), r, out, into)
      return
    }
    const track = this.tracks.context(r.context)
    const opens = OPENS.get(kind)
    const closes = CLOSES.get(kind)
    if (opens !== undefined) {
      const frames = this.stacks.framesOf(r)
      const slice = { until: opens, name: this.nameOf(r), category: categoryOf(kind), frames }
      this.begin(track, timeNs, slice, this.argsOf(r), out, into)
    } else if (closes !== undefined) this.endOf(track, timeNs, closes)
    else if (NO_INSTANT.has(kind)) return
    else if (isFlow) this.moment(track, r, out, into)
    else {
      const name = nameOfKind(kind)
      this.push('instant', track, timeNs, name, categoryOf(kind), { args: this.argsOf(r) })
    }
  }

  /** A slice without length: a flow needs a slice at either end. */
  private moment(
    track: Track,
    r: TraceRecord,
    out: readonly number[],
    into: readonly number[],
  ): void {
    const slice = {
      until: 'now',
      name: nameOfKind(r.kind),
      category: categoryOf(r.kind),
      frames: this.stacks.framesOf(r),
    }
    this.begin(track, r.timeNs, slice, this.argsOf(r), out, into)
    this.endOf(track, r.timeNs, 'now')
  }

  private processor(r: TraceRecord): void {
    const { timeNs, kind } = r
    if (kind === T.sched_switch) {
      const track = this.tracks.processor(r.context, r.cpu)
      this.endOf(track, timeNs, 'switch')
      const { kind: next } = this.store.symbols.entry('ctx', r.b)
      if (next !== 'idle')
        this.plain(track, timeNs, 'switch', this.tracks.label('ctx', r.b), 'sched')
    } else if (kind === T.supply_off || kind === T.supply_on) {
      const track = this.tracks.supply(r.cpu)
      this.endOf(track, timeNs, 'supply')
      const word = CODES.supply?.[r.a] ?? 'off'
      if (kind === T.supply_off) this.plain(track, timeNs, 'supply', `no time: ${word}`, 'pcmsim')
    } else if (kind === T.kvm_entry || kind === T.kvm_exit) {
      const track = this.tracks.context(r.context)
      this.endOf(track, timeNs, 'kvm')
      const name = kind === T.kvm_entry ? 'guest' : `exit: ${CODES.exit?.[r.a] ?? r.a}`
      this.plain(track, timeNs, 'kvm', name, 'kvm')
    }
  }

  /** Who holds it, from the first holder to the last: readers may overlap. */
  private lock(r: TraceRecord): void {
    if (this.store.symbols.entry('lock', r.a).kind === 'map') return
    const track = this.tracks.lock(r.a)
    const held = this.holders[r.a] ?? 0
    if (r.kind === T.lock_acquire || r.kind === T.lock_acquired) {
      this.holders[r.a] = held + 1
      if (held <= 0)
        this.plain(track, r.timeNs, 'hold', this.tracks.label('ctx', r.context), 'lock')
      return
    }
    this.holders[r.a] = Math.max(0, held - 1)
    if (held <= 1) this.endOf(track, r.timeNs, 'hold')
  }

  private counters(r: TraceRecord): void {
    const { kind } = r
    if (kind === T.virtqueue_add || kind === T.virtqueue_get_buf) {
      const level = (this.inFlight[r.a] ?? 0) + (kind === T.virtqueue_add ? 1 : -1)
      this.inFlight[r.a] = level
      this.count(this.tracks.counter(DEVICE, this.tracks.label('queue', r.a)), r.timeNs, level)
    } else if (kind === T.audio_copy || kind === T.audio_play) this.hosted(r)
    else if (kind === T.snd_pcm_state) this.state(r)
    else if (kind === T.snd_pcm_hwptr || kind === T.snd_pcm_applptr) {
      const stream = this.streams.get(r.a)
      if (stream.buffer_size > 0) this.pointers(stream, r.timeNs)
    }
  }

  private pointers(stream: StreamNow, timeNs: Ns): void {
    const { name, hw_ptr, buffer_size } = stream
    this.count(this.tracks.counter(STREAMS, `${name} avail`), timeNs, availOf(stream))
    const pos = hw_ptr % buffer_size
    this.count(this.tracks.counter(STREAMS, `${name} hw_ptr mod buffer`), timeNs, pos)
  }

  /** Frames that the device has taken and the sink has not played; of playback. */
  private hosted(r: TraceRecord): void {
    const stream = this.streams.get(r.a)
    if (!stream.playback) return
    const frames = r.kind === T.audio_copy ? r.c : -r.c
    const fill = Math.max(0, (this.hostFill[r.a] ?? 0) + frames)
    this.hostFill[r.a] = fill
    this.count(this.tracks.counter(STREAMS, `${stream.name} host fill`), r.timeNs, fill)
  }

  private state(r: TraceRecord): void {
    const track = this.tracks.state(this.streams.get(r.a).name)
    this.endOf(track, r.timeNs, 'state')
    this.plain(track, r.timeNs, 'state', CODES.state?.[r.c] ?? `${r.c}`, 'snd_pcm')
  }

  private plain(track: Track, timeNs: Ns, until: string, name: string, category: string): void {
    this.begin(track, timeNs, { until, name, category, frames: NONE }, NO_ARGS, NONE, NONE)
  }

  private begin(
    track: Track,
    timeNs: Ns,
    slice: OpenSlice,
    args: Args,
    flowsOut: readonly number[],
    flowsInto: readonly number[],
  ): void {
    let open = this.open.get(track)
    if (open === undefined) {
      open = []
      this.open.set(track, open)
    }
    open.push(slice)
    const isGuest = track.process.machine === GUEST
    const stack = isGuest && slice.frames.length > 0 ? open.flatMap(({ frames }) => frames) : NONE
    const more = { args, flowsOut, flowsInto, stack }
    this.push('begin', track, timeNs, slice.name, slice.category, more)
  }

  /** Ends the slice that `until` closes and what is open inside it; none such: nothing. */
  private endOf(track: Track, timeNs: Ns, until: string): void {
    const open = this.open.get(track)
    const at = open === undefined ? -1 : open.findLastIndex((one) => one.until === until)
    if (open === undefined || at < 0) return
    while (open.length > at) this.end(track, timeNs)
  }

  private end(track: Track, timeNs: Ns): void {
    const slice = this.open.get(track)?.pop()
    if (slice !== undefined) this.push('end', track, timeNs, slice.name, slice.category, {})
  }

  /** A value that has not changed is not written again. */
  private count(track: Track, timeNs: Ns, value: number): void {
    if (this.lastValues.get(track) === value) return
    this.lastValues.set(track, value)
    this.push('counter', track, timeNs, track.name, 'counter', { value })
  }

  private push(
    phase: TrackEvent['phase'],
    track: Track,
    timeNs: Ns,
    name: string,
    category: string,
    more: Partial<TrackEvent>,
  ): void {
    const rest = { args: NO_ARGS, value: 0, flowsOut: NONE, flowsInto: NONE, stack: NONE }
    this.events.push({ phase, track, timeNs, name, category, ...rest, ...more })
  }

  /** Of a slice: the call, the handler, the work function, the lock that is waited for. */
  private nameOf(r: TraceRecord): string {
    const { tracks } = this
    switch (r.kind) {
      case T.irq_handler_entry:
        return tracks.label('irq', r.a)
      case T.softirq_entry:
        return `softirq ${r.a}`
      case T.workqueue_execute_start: {
        const { name, group } = this.store.symbols.entry('work', r.a)
        return group ?? name
      }
      case T.syscall_enter:
        return CODES.call?.[r.b] ?? `${r.b}`
      case T.snd_pcm_trigger:
        return `trigger ${CODES.trigger?.[r.b] ?? r.b}`
      case T.snd_pcm_op:
        return CODES.op?.[r.b] ?? `${r.b}`
      default:
        return `wait for ${tracks.label('lock', r.a)}`
    }
  }

  private argsOf(r: TraceRecord): Args {
    const args: Record<string, string | number> = {}
    for (const [i, { name, type }] of (ARGUMENTS[r.kind] ?? NONE).entries()) {
      const value = r[ARGUMENT_FIELDS[i] as 'a']
      if (isSymbolTable(type)) args[name] = this.tracks.label(type, value)
      else args[name] = CODES[type]?.[value] ?? (Number.isSafeInteger(value) ? value : `${value}`)
    }
    return args
  }
}

function categoryOf(kind: number): string {
  return (EVENT_NAMES[kind] ?? '').split(':')[0] as string
}

function nameOfKind(kind: number): string {
  return (EVENT_NAMES[kind] ?? '').split(':')[1] ?? ''
}
