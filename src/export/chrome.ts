/**
 * Chrome's Trace Event JSON, object form: for chrome://tracing, Perfetto and Speedscope. Times are
 * microseconds with three decimals, so that no nanosecond is lost.
 */
import type { Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { type TrackEvent, trackEvents } from './track-events.ts'
import type { Process, Track } from './tracks.ts'

/** Facts of the run for `otherData`. */
export type About = Readonly<Record<string, string | number | null>>

/** The text in pieces; the whole may be larger than a string. */
export function* chromeTrace(
  store: TraceStore,
  endNs: Ns,
  about: About,
): Generator<string, void, undefined> {
  const names = new MetadataLines()
  let joint = '{"displayTimeUnit":"ns","traceEvents":[\n'
  for (const events of trackEvents(store, endNs)) {
    const lines = events.flatMap((event) => [...names.before(event.track), ...linesOf(event)])
    if (lines.length === 0) continue
    yield joint + lines.join(',\n')
    joint = ',\n'
  }
  const open = joint.startsWith('{') ? joint : '\n'
  yield `${open}],"otherData":${JSON.stringify(about)}}\n`
}

/** Names of processes and threads, before the first event of each. */
class MetadataLines {
  private readonly processes = new Set<Process>()
  private readonly tracks = new Set<Track>()

  before(track: Track): readonly string[] {
    if (this.tracks.has(track)) return []
    this.tracks.add(track)
    const { process, tid, name } = track
    const { pid } = process
    const lines: string[] = []
    if (!this.processes.has(process)) {
      this.processes.add(process)
      lines.push(metadata(pid, 0, 'process_name', { name: process.name }))
      lines.push(metadata(pid, 0, 'process_sort_index', { sort_index: pid }))
    }
    if (track.counter) return lines
    lines.push(metadata(pid, tid, 'thread_name', { name }))
    lines.push(metadata(pid, tid, 'thread_sort_index', { sort_index: tid }))
    return lines
  }
}

function metadata(pid: number, tid: number, name: string, args: object): string {
  return JSON.stringify({ ph: 'M', pid, tid, ts: 0, name, cat: '__metadata', args })
}

function linesOf(event: TrackEvent): readonly string[] {
  const { phase, track, timeNs, args } = event
  const where = `"pid":${track.process.pid},"tid":${track.tid},"ts":${microseconds(timeNs)}`
  const what = `"name":${JSON.stringify(event.name)},"cat":${JSON.stringify(event.category)}`
  if (phase === 'counter') return [`{"ph":"C",${where},${what},"args":{"value":${event.value}}}`]
  if (phase === 'end') return [`{"ph":"E",${where},${what}}`]
  const told = Object.keys(args).length === 0 ? '' : `,"args":${JSON.stringify(args)}`
  if (phase === 'instant') return [`{"ph":"i",${where},${what},"s":"t"${told}}`]
  const flow = (ph: string, id: number, more: string): string =>
    `{"ph":"${ph}",${where},"name":"causes","cat":"causal","id":${id}${more}}`
  return [
    `{"ph":"B",${where},${what}${told}}`,
    ...event.flowsOut.map((id) => flow('s', id, '')),
    ...event.flowsInto.map((id) => flow('f', id, ',"bp":"e"')),
  ]
}

function microseconds(timeNs: Ns): string {
  return `${Math.floor(timeNs / 1000)}.${String(timeNs % 1000).padStart(3, '0')}`
}
