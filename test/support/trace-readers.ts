/**
 * Readers of the two timeline formats, written from their descriptions and knowing nothing of the
 * writers: Chrome's Trace Event Format with a stack for each thread, Perfetto's packets by way of
 * protobufjs and the published field numbers. Both give the same shape, to be compared.
 */
import protobuf from 'protobufjs'

/** google/perfetto protos/perfetto/trace/**: the messages and fields that are used here. */
const PROTO = `
syntax = "proto2";
message ProcessDescriptor { optional int32 pid = 1; optional string process_name = 6; }
message ThreadDescriptor {
  optional int32 pid = 1; optional int64 tid = 2; optional string thread_name = 5;
}
message CounterDescriptor { optional string unit_name = 6; }
message TrackDescriptor {
  optional uint64 uuid = 1; optional string name = 2; optional ProcessDescriptor process = 3;
  optional ThreadDescriptor thread = 4; optional uint64 parent_uuid = 5;
  optional CounterDescriptor counter = 8;
}
message DebugAnnotation {
  optional string name = 10; optional int64 int_value = 4; optional string string_value = 6;
}
message TrackEvent {
  enum Type {
    TYPE_UNSPECIFIED = 0; TYPE_SLICE_BEGIN = 1; TYPE_SLICE_END = 2; TYPE_INSTANT = 3;
    TYPE_COUNTER = 4;
  }
  message Callstack {
    message Frame {
      optional string function_name = 1; optional string source_file = 2;
      optional uint32 line_number = 3;
    }
    repeated Frame frames = 1;
  }
  repeated DebugAnnotation debug_annotations = 4;
  optional Type type = 9;
  optional uint64 track_uuid = 11;
  repeated string categories = 22;
  optional string name = 23;
  optional int64 counter_value = 30;
  repeated fixed64 flow_ids = 47;
  repeated fixed64 terminating_flow_ids = 48;
  optional Callstack callstack = 55;
}
message TracePacket {
  optional uint64 timestamp = 8; optional uint32 trusted_packet_sequence_id = 10;
  optional TrackEvent track_event = 11; optional uint32 sequence_flags = 13;
  optional TrackDescriptor track_descriptor = 60;
}
message Trace { repeated TracePacket packet = 1; }
`

export interface Slice {
  readonly track: string
  readonly name: string
  readonly category: string
  readonly fromNs: number
  readonly depth: number
  readonly args: Readonly<Record<string, unknown>>
  endNs: number
  readonly stack: readonly string[]
}

export interface Timeline {
  readonly slices: readonly Slice[]
  readonly instants: readonly Omit<Slice, 'endNs' | 'depth' | 'stack'>[]
  readonly counters: readonly { track: string; timeNs: number; value: number }[]
  /** From slice to slice, both by their places in `slices`. */
  readonly flows: readonly { id: number; from: number; to: number }[]
}

/** Slices of each thread nest; what ends without a beginning, or never ends, is a fault. */
class Nesting {
  readonly slices: Slice[] = []
  readonly instants: Omit<Slice, 'endNs' | 'depth' | 'stack'>[] = []
  readonly counters: { track: string; timeNs: number; value: number }[] = []
  private readonly open = new Map<string, number[]>()
  private readonly starts = new Map<number, number>()
  private readonly ends = new Map<number, number>()
  private lastNs = 0

  at(timeNs: number): void {
    if (timeNs < this.lastNs) throw new Error(`time goes back to ${timeNs}`)
    this.lastNs = timeNs
  }

  begin(slice: Omit<Slice, 'endNs' | 'depth'>): void {
    const open = this.open.get(slice.track) ?? []
    this.open.set(slice.track, open)
    const depth = open.length
    open.push(this.slices.length)
    this.slices.push({ ...slice, depth, endNs: -1 })
  }

  end(track: string, timeNs: number): Slice {
    const at = this.open.get(track)?.pop()
    if (at === undefined) throw new Error(`${track}: an end at ${timeNs} without a beginning`)
    const slice = this.slices[at] as Slice
    slice.endNs = timeNs
    return slice
  }

  /** A flow binds to the innermost open slice of its thread. */
  flow(kind: 'start' | 'end', track: string, id: number): void {
    const at = this.open.get(track)?.at(-1)
    if (at === undefined) throw new Error(`${track}: flow ${id} outside a slice`)
    const known = kind === 'start' ? this.starts : this.ends
    if (known.has(id)) throw new Error(`flow ${id} has two ${kind}s`)
    known.set(id, at)
  }

  finish(): Timeline {
    for (const [track, open] of this.open) {
      if (open.length > 0) throw new Error(`${track}: ${open.length} slices never end`)
    }
    const flows = [...this.starts].map(([id, from]) => {
      const to = this.ends.get(id)
      if (to === undefined) throw new Error(`flow ${id} never ends`)
      return { id, from, to }
    })
    if (flows.length !== this.ends.size) throw new Error('a flow ends that never began')
    const { slices, instants, counters } = this
    return { slices, instants, counters, flows: flows.toSorted((a, b) => a.id - b.id) }
  }
}

interface ChromeEvent {
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly name: string
  readonly cat: string
  readonly id?: number
  readonly bp?: string
  readonly s?: string
  readonly args?: Readonly<Record<string, unknown>>
}

export function readChrome(text: string): Timeline & { readonly otherData: object } {
  const json = JSON.parse(text)
  if (json.displayTimeUnit !== 'ns') throw new Error('displayTimeUnit')
  const processes = new Map<number, string>()
  const threads = new Map<string, string>()
  const nesting = new Nesting()
  const trackOf = ({ pid, tid }: ChromeEvent): string => {
    const thread = threads.get(`${pid}/${tid}`)
    const process = processes.get(pid)
    if (thread === undefined || process === undefined) throw new Error(`no name of ${pid}/${tid}`)
    return `${process}/${thread}`
  }
  for (const event of json.traceEvents as readonly ChromeEvent[]) {
    const { ph, pid, tid, ts, name, cat, args = {} } = event
    if ([ph, name, cat].some((one) => typeof one !== 'string')) throw new Error('ph, name, cat')
    if ([pid, tid, ts].some((one) => typeof one !== 'number')) throw new Error('pid, tid, ts')
    const timeNs = Math.round(ts * 1000)
    if (ph === 'M') {
      if (name === 'process_name') processes.set(pid, String(args.name))
      if (name === 'thread_name') threads.set(`${pid}/${tid}`, String(args.name))
      continue
    }
    nesting.at(timeNs)
    if (ph === 'C') {
      const track = `${processes.get(pid)}/${name}`
      nesting.counters.push({ track, timeNs, value: Number(args.value) })
      continue
    }
    const track = trackOf(event)
    if (ph === 'B') nesting.begin({ track, name, category: cat, fromNs: timeNs, args, stack: [] })
    else if (ph === 'E') {
      if (nesting.end(track, timeNs).name !== name) throw new Error(`${track}: ends ${name}`)
    } else if (ph === 'i' && event.s === 't') {
      nesting.instants.push({ track, name, category: cat, fromNs: timeNs, args })
    } else if (ph === 's') nesting.flow('start', track, Number(event.id))
    else if (ph === 'f' && event.bp === 'e') nesting.flow('end', track, Number(event.id))
    else throw new Error(`no such phase: ${ph}`)
  }
  return { ...nesting.finish(), otherData: json.otherData }
}

interface Decoded {
  readonly timestamp?: number
  readonly trustedPacketSequenceId?: number
  readonly trackDescriptor?: {
    readonly uuid: number
    readonly name?: string
    readonly parentUuid?: number
    readonly process?: { readonly pid: number; readonly processName: string }
    readonly thread?: { readonly pid: number; readonly tid: number; readonly threadName: string }
    readonly counter?: object
  }
  readonly trackEvent?: {
    readonly type: string
    readonly trackUuid: number
    readonly categories?: readonly string[]
    readonly name?: string
    readonly counterValue?: number
    readonly flowIds?: readonly number[]
    readonly terminatingFlowIds?: readonly number[]
    readonly debugAnnotations?: readonly {
      readonly name: string
      readonly intValue?: number
      readonly stringValue?: string
    }[]
    readonly callstack?: {
      readonly frames: readonly { readonly functionName: string; readonly sourceFile?: string }[]
    }
  }
}

export function readPerfetto(bytes: Uint8Array): Timeline {
  const type = protobuf.parse(PROTO).root.lookupType('Trace')
  const options = { longs: Number, enums: String, defaults: false }
  const { packet } = type.toObject(type.decode(bytes), options) as { packet: readonly Decoded[] }
  const names = new Map<number, string>()
  const nesting = new Nesting()
  for (const { timestamp = -1, trackDescriptor, trackEvent, ...rest } of packet) {
    if (rest.trustedPacketSequenceId !== 1) throw new Error('a packet has no sequence')
    if (trackDescriptor !== undefined) describe(trackDescriptor, names)
    if (trackEvent === undefined) continue
    const track = names.get(trackEvent.trackUuid)
    if (track === undefined) throw new Error(`no descriptor of ${trackEvent.trackUuid}`)
    nesting.at(timestamp)
    takeEvent(nesting, track, timestamp, trackEvent)
  }
  return nesting.finish()
}

function describe(
  { uuid, process, thread, name, parentUuid }: NonNullable<Decoded['trackDescriptor']>,
  names: Map<number, string>,
): void {
  if (names.has(uuid)) throw new Error(`two descriptors of ${uuid}`)
  if (process !== undefined) names.set(uuid, process.processName)
  else if (thread !== undefined)
    names.set(uuid, `${names.get(parentUuid ?? 0)}/${thread.threadName}`)
  else names.set(uuid, `${names.get(parentUuid ?? 0)}/${name}`)
}

function takeEvent(
  nesting: Nesting,
  track: string,
  timeNs: number,
  event: NonNullable<Decoded['trackEvent']>,
): void {
  const { name = '', categories = [], debugAnnotations = [] } = event
  const args = Object.fromEntries(
    debugAnnotations.map((one) => [one.name, one.intValue ?? one.stringValue]),
  )
  const category = categories.join(',')
  if (event.type === 'TYPE_COUNTER') {
    nesting.counters.push({ track, timeNs, value: event.counterValue as number })
  } else if (event.type === 'TYPE_SLICE_END') nesting.end(track, timeNs)
  else if (event.type === 'TYPE_INSTANT') {
    nesting.instants.push({ track, name, category, fromNs: timeNs, args })
  } else if (event.type === 'TYPE_SLICE_BEGIN') {
    const stack = (event.callstack?.frames ?? []).map(({ functionName }) => functionName)
    nesting.begin({ track, name, category, fromNs: timeNs, args, stack })
    for (const id of event.flowIds ?? []) nesting.flow('start', track, id)
    for (const id of event.terminatingFlowIds ?? []) nesting.flow('end', track, id)
  } else throw new Error(`no such type: ${event.type}`)
}
