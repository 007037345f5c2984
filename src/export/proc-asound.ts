/**
 * What /proc/asound shows of each substream at an instant: hw_params, sw_params and status. Sizes
 * are frames, times are seconds of the virtual clock. Kernel: snd_pcm_substream_proc_hw_params_read
 * and its neighbours in sound/core/pcm.c, v6.12. Differs: looking does not ask the driver for its
 * position and does not clear avail_max. What the trace does not tell: subformat, tstamp_mode,
 * period_step and the silence marks are the defaults; thresholds that it lacks are `?`.
 */
import type { RunResult, Thresholds } from '../analysis/result.ts'
import { availOf, isRunning, type StreamNow, StreamTable } from '../analysis/streams.ts'
import type { Ns } from '../base/units.ts'
import { T, TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { TraceStore } from '../sim/trace-store.ts'

const STATES = CODES.state as readonly string[]
const CALLS = CODES.call as readonly string[]
/** Below it are the kernel's own threads; the same numbers as in ftrace text. */
const FIRST_PID = 100

interface Seen {
  readonly now: StreamNow
  channels: number
  isOpen: boolean
  ownerPid: number
  access: string
  triggerNs: Ns
  availMax: number
}

/** All files of all substreams at the instant, each under a line with its path. */
export function* procAsound(
  store: TraceStore,
  result: RunResult,
  atNs: Ns,
): Generator<string, void, undefined> {
  const watch = new SubstreamWatch(store)
  const record = new TraceRecord()
  for (let index = 0; index < store.length; index++) {
    const r = store.at(index, record)
    if (r.timeNs > atNs) break
    watch.record(r)
  }
  const thresholds = new Map(
    Object.values(result.streams).map(({ id, params }) => [id, params.thresholds]),
  )
  for (const [id, { name }] of store.symbols.entries('stream').entries()) {
    const folder = folderOf(name)
    const seen = watch.get(id)
    const files = { hw_params, sw_params, status }
    for (const [file, print] of Object.entries(files)) {
      const text = seen?.isOpen ? print(seen, thresholds.get(id)) : 'closed\n'
      yield `==> ${folder}/${file} <==\n${text}\n`
    }
  }
}

/** `pcmC0D0p`, with `:1` for the second substream. */
function folderOf(stream: string): string {
  const [, card = '0', device = '0', direction = 'p', number = '0'] =
    /^pcmC(\d+)D(\d+)([pc])(?::(\d+))?/.exec(stream) ?? []
  return `/proc/asound/card${card}/pcm${device}${direction}/sub${number}`
}

class SubstreamWatch {
  private readonly streams: StreamTable
  private readonly seen: (Seen | undefined)[] = []

  constructor({ symbols }: TraceStore) {
    this.streams = new StreamTable(symbols)
  }

  get(id: number): Seen | undefined {
    return this.seen[id]
  }

  record(r: TraceRecord): void {
    const isOfStream = this.streams.kinds.includes(r.kind)
    if (isOfStream) this.streams.record(r)
    else if (r.kind !== T.syscall_enter && r.kind !== T.syscall_exit) return
    const seen = this.of(r.a)
    if (!isOfStream) this.called(seen, r)
    else if (r.kind === T.snd_pcm_hw_params) seen.channels = r.c
    else if (r.kind === T.snd_pcm_trigger) seen.triggerNs = r.timeNs
    else if (r.kind === T.snd_pcm_state) {
      if (STATES[r.c] === 'XRUN') seen.triggerNs = r.timeNs
    } else if (r.kind === T.snd_pcm_hwptr) {
      seen.availMax = Math.max(seen.availMax, availOf(seen.now))
    }
  }

  private called(seen: Seen, r: TraceRecord): void {
    const call = CALLS[r.b] ?? ''
    if (r.kind === T.syscall_enter) {
      // Asking for the status begins avail_max anew.
      if (call === 'status') seen.availMax = 0
      if (call.startsWith('mmap')) seen.access = 'MMAP_INTERLEAVED'
      if (call === 'writen' || call === 'readn') seen.access = 'RW_NONINTERLEAVED'
    } else if (call === 'open' && r.c >= 0) {
      seen.isOpen = true
      seen.ownerPid = FIRST_PID + r.context
    } else if (call === 'close') seen.isOpen = false
  }

  private of(id: number): Seen {
    const known = this.seen[id]
    if (known !== undefined) return known
    const made: Seen = {
      now: this.streams.get(id),
      channels: 0,
      isOpen: false,
      ownerPid: 0,
      access: 'RW_INTERLEAVED',
      triggerNs: 0,
      availMax: 0,
    }
    this.seen[id] = made
    return made
  }
}

/** By bytes of a sample. */
const FORMATS: Readonly<Record<number, string>> = {
  1: 'U8',
  2: 'S16_LE',
  3: 'S24_3LE',
  4: 'S32_LE',
}

function hw_params({ now, channels, access }: Seen): string {
  if (STATES[now.state] === 'OPEN') return 'no setup\n'
  const { rate, frame_bytes, period_size, buffer_size } = now
  const format = FORMATS[frame_bytes / channels] ?? '?'
  return [
    `access: ${access}`,
    `format: ${format}`,
    'subformat: STD',
    `channels: ${channels}`,
    `rate: ${rate} (${rate}/1)`,
    `period_size: ${period_size}`,
    `buffer_size: ${buffer_size}`,
    '',
  ].join('\n')
}

/** Kernel: on a 32-bit machine, as the model has it: boundary is the largest multiple in 2^31. */
const LONG_MAX = 2 ** 31 - 1

function sw_params({ now }: Seen, thresholds: Thresholds | undefined): string {
  // A trace from elsewhere may have a state without the parameters that lead to it.
  if (STATES[now.state] === 'OPEN' || now.buffer_size < 1) return 'no setup\n'
  let boundary = now.buffer_size
  while (boundary * 2 <= LONG_MAX - now.buffer_size) boundary *= 2
  const shown = (value: number | 'boundary' | undefined) =>
    value === 'boundary' ? `${boundary}` : `${value ?? '?'}`
  return [
    'tstamp_mode: NONE',
    'period_step: 1',
    `avail_min: ${shown(thresholds?.avail_min)}`,
    `start_threshold: ${shown(thresholds?.start_threshold)}`,
    `stop_threshold: ${shown(thresholds?.stop_threshold)}`,
    'silence_threshold: 0',
    'silence_size: 0',
    `boundary: ${boundary}`,
    '',
  ].join('\n')
}

/** Kernel: snd_pcm_status64(); without time stamps (tstamp_mode NONE) tstamp is 0. */
function status({ now, ownerPid, triggerNs, availMax }: Seen): string {
  const { hw_ptr, appl_ptr, playback, buffer_size } = now
  const state = STATES[now.state] ?? ''
  const isSetUp = state !== 'OPEN'
  const avail = isSetUp ? availOf(now) : 0
  const queued = playback ? buffer_size - avail : avail
  return [
    `state: ${state}`,
    `owner_pid   : ${ownerPid}`,
    `trigger_time: ${seconds(isSetUp ? triggerNs : 0)}`,
    `tstamp      : ${seconds(0)}`,
    `delay       : ${isRunning(now) ? queued : 0}`,
    `avail       : ${avail}`,
    `avail_max   : ${isSetUp ? availMax : 0}`,
    '-----',
    `hw_ptr      : ${hw_ptr}`,
    `appl_ptr    : ${appl_ptr}`,
    '',
  ].join('\n')
}

function seconds(ns: Ns): string {
  return `${Math.floor(ns / 1e9)}.${String(ns % 1e9).padStart(9, '0')}`
}
