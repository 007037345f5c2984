/**
 * Perfetto's TrackEvent protobuf: the same slices, instants, counters and flows as chrome.ts, with
 * modelled call stacks, in a tenth of the time for the viewer. The file is a plain concatenation of
 * packets. Times are ns. Field numbers: google/perfetto protos/perfetto/trace/**, by their names.
 */
import type { Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { ProtoWriter } from './protobuf.ts'
import { type TrackEvent, trackEvents } from './track-events.ts'
import type { Process, Track } from './tracks.ts'

const TRACE = { packet: 1 }
const PACKET = {
  timestamp: 8,
  trusted_packet_sequence_id: 10,
  track_event: 11,
  sequence_flags: 13,
  track_descriptor: 60,
}
const TRACK = { uuid: 1, name: 2, process: 3, thread: 4, parent_uuid: 5, counter: 8 }
const PROCESS = { pid: 1, process_name: 6 }
const THREAD = { pid: 1, tid: 2, thread_name: 5 }
const EVENT = {
  debug_annotations: 4,
  type: 9,
  track_uuid: 11,
  categories: 22,
  name: 23,
  counter_value: 30,
  flow_ids: 47,
  terminating_flow_ids: 48,
  callstack: 55,
}
const ANNOTATION = { int_value: 4, string_value: 6, name: 10 }
const CALLSTACK = { frames: 1 }
const FRAME = { function_name: 1, source_file: 2 }

const TYPES = { begin: 1, end: 2, instant: 3, counter: 4 }
const SEQUENCE = 1
const SEQ_INCREMENTAL_STATE_CLEARED = 1
/** Tracks have their own numbers; processes lie above them. */
const PROCESS_UUIDS = 2 ** 32

/** The file in pieces. */
export function* perfettoTrace(
  store: TraceStore,
  endNs: Ns,
): Generator<Uint8Array, void, undefined> {
  const writer = new PacketWriter()
  for (const events of trackEvents(store, endNs)) {
    for (const event of events) writer.event(event)
    yield writer.take()
  }
}

class PacketWriter {
  private readonly out = new ProtoWriter()
  private readonly processes = new Set<Process>()
  private readonly tracks = new Set<Track>()
  private first = true

  take(): Uint8Array {
    return this.out.take()
  }

  event(event: TrackEvent): void {
    this.describe(event.track)
    this.packet(() => {
      this.out.integer(PACKET.timestamp, event.timeNs)
      this.out.message(PACKET.track_event, () => this.trackEvent(event))
    })
  }

  private packet(fill: () => void): void {
    const { out } = this
    out.message(TRACE.packet, () => {
      out.integer(PACKET.trusted_packet_sequence_id, SEQUENCE)
      if (this.first) out.integer(PACKET.sequence_flags, SEQ_INCREMENTAL_STATE_CLEARED)
      this.first = false
      fill()
    })
  }

  /** Descriptors of the track and of its process, before the first event. */
  private describe(track: Track): void {
    if (this.tracks.has(track)) return
    this.tracks.add(track)
    const { out } = this
    const { process } = track
    const parent = PROCESS_UUIDS + process.pid
    if (!this.processes.has(process)) {
      this.processes.add(process)
      this.descriptor(() => {
        out.integer(TRACK.uuid, parent)
        out.message(TRACK.process, () => {
          out.integer(PROCESS.pid, process.pid)
          out.string(PROCESS.process_name, process.name)
        })
      })
    }
    this.descriptor(() => {
      out.integer(TRACK.uuid, track.tid)
      out.string(TRACK.name, track.name)
      out.integer(TRACK.parent_uuid, parent)
      if (track.counter) out.message(TRACK.counter, () => {})
      else out.message(TRACK.thread, () => this.thread(track))
    })
  }

  private descriptor(fill: () => void): void {
    this.packet(() => this.out.message(PACKET.track_descriptor, fill))
  }

  private thread({ process, tid, name }: Track): void {
    this.out.integer(THREAD.pid, process.pid)
    this.out.integer(THREAD.tid, tid)
    this.out.string(THREAD.thread_name, name)
  }

  private trackEvent(event: TrackEvent): void {
    const { out } = this
    const { phase, track } = event
    out.integer(EVENT.type, TYPES[phase])
    out.integer(EVENT.track_uuid, track.tid)
    if (phase === 'counter') {
      out.integer(EVENT.counter_value, event.value)
      return
    }
    if (phase === 'end') return
    out.string(EVENT.categories, event.category)
    out.string(EVENT.name, event.name)
    for (const [name, value] of Object.entries(event.args)) this.annotation(name, value)
    for (const id of event.flowsOut) out.fixed64(EVENT.flow_ids, id)
    for (const id of event.flowsInto) out.fixed64(EVENT.terminating_flow_ids, id)
    if (event.stack.length === 0) return
    out.message(EVENT.callstack, () => {
      for (const frame of event.stack) {
        out.message(CALLSTACK.frames, () => {
          out.string(FRAME.function_name, frame.function)
          if (frame.file !== '') out.string(FRAME.source_file, frame.file)
        })
      }
    })
  }

  private annotation(name: string, value: string | number): void {
    const { out } = this
    out.message(EVENT.debug_annotations, () => {
      out.string(ANNOTATION.name, name)
      if (typeof value === 'number') out.integer(ANNOTATION.int_value, value)
      else out.string(ANNOTATION.string_value, value)
    })
  }
}
