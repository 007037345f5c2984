/**
 * Every xrun: when, the cause as the core recorded it, and what the ring and the client looked like
 * at that record. `at.what` is a sentence. Pointers are frames, times ns.
 */
import { type Frames, framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { type ClientNow, type ClientWatch, sleepsByChoice } from './client-watch.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { formatDuration } from './format.ts'
import { REPORTS_MAX } from './full-lists.ts'
import { availOf, STATE_RUNNING, type StreamNow, type StreamTable } from './streams.ts'

export interface Xrun {
  readonly timeNs: Ns
  readonly cause: string
  readonly at: {
    /** Index of the record in the trace. */
    readonly record: number
    readonly hw_ptr: Frames
    readonly appl_ptr: Frames
    readonly avail: Frames
    /** How far the pointer update that found the xrun moved hw_ptr. */
    readonly movedFrames: Frames
    readonly what: string
  }
  /** How long the sleep lasted in which the client missed its ring; 0 if it did not sleep. */
  readonly clientSleepNs: Ns
  /** From the xrun until the stream ran again; null: it did not. */
  readonly recoveryNs: Ns | null
}

interface OpenXrun {
  readonly stream: StreamNow
  readonly timeNs: Ns
  readonly cause: string
  readonly at: Omit<Xrun['at'], 'what'>
  readonly client: ClientNow
  /** Start of the client's sleep, -1 if it did not sleep. */
  readonly sleepSinceNs: Ns
  sleepNs: Ns
  readonly wokenNs: Ns
  readonly lastTransferNs: Ns
  recoveryNs: Ns | null
}

export class XrunFold implements Fold<ReadonlyMap<number, readonly Xrun[]>> {
  readonly kinds = [T.snd_pcm_hwptr, T.snd_pcm_xrun, T.syscall_exit, T.snd_pcm_state]
  private readonly xruns = new PerSymbol<OpenXrun[]>(() => [])
  private readonly moved = new PerSymbol(() => ({ from: 0 }))
  private readonly streams: StreamTable
  private readonly clients: ClientWatch

  constructor(streams: StreamTable, clients: ClientWatch) {
    this.streams = streams
    this.clients = clients
  }

  record(r: TraceRecord): void {
    if (r.kind === T.snd_pcm_hwptr) this.moved.get(r.a).from = r.d
    else if (r.kind === T.snd_pcm_xrun) this.open(r)
    else {
      const last = this.xruns.get(r.a).at(-1)
      if (last !== undefined) follow(last, r)
    }
  }

  finish(endNs: Ns): ReadonlyMap<number, readonly Xrun[]> {
    const results = this.xruns
      .entries()
      .map(([id, open]): [number, Xrun[]] => [id, open.map((one) => closed(one, endNs))])
    return new Map(results)
  }

  private open(r: TraceRecord): void {
    const list = this.xruns.get(r.a)
    if (list.length >= REPORTS_MAX) return
    const stream = this.streams.get(r.a)
    const client = this.clients.get(r.a)
    list.push({
      stream,
      timeNs: r.timeNs,
      cause: CODES.xrun?.[r.d] ?? 'threshold',
      at: {
        record: r.index,
        hw_ptr: stream.hw_ptr,
        appl_ptr: stream.appl_ptr,
        avail: availOf(stream),
        movedFrames: stream.hw_ptr - this.moved.get(r.a).from,
      },
      client,
      sleepSinceNs: sleepsByChoice(client) ? client.callSinceNs : -1,
      sleepNs: -1,
      wokenNs: client.wokenNs,
      lastTransferNs: stream.lastTransferNs,
      recoveryNs: null,
    })
  }
}

/** What comes after an xrun: the end of the client's sleep, the stream running again. */
function follow(xrun: OpenXrun, r: TraceRecord): void {
  if (r.kind === T.syscall_exit) {
    if (xrun.sleepSinceNs >= 0 && xrun.sleepNs < 0) xrun.sleepNs = r.timeNs - xrun.sleepSinceNs
  } else if (r.c === STATE_RUNNING && xrun.recoveryNs === null) {
    xrun.recoveryNs = r.timeNs - xrun.timeNs
  }
}

function closed(xrun: OpenXrun, endNs: Ns): Xrun {
  const slept = xrun.sleepSinceNs >= 0
  const sleepNs = !slept ? 0 : xrun.sleepNs >= 0 ? xrun.sleepNs : endNs - xrun.sleepSinceNs
  return {
    timeNs: xrun.timeNs,
    cause: xrun.cause,
    at: { ...xrun.at, what: sentence(xrun, sleepNs) },
    clientSleepNs: sleepNs,
    recoveryNs: xrun.recoveryNs,
  }
}

/** The client's part in it, if it has one, else the device's. */
function sentence(xrun: OpenXrun, sleepNs: Ns): string {
  const { stream, at, timeNs } = xrun
  const bufferNs = framesToNsFloor(stream.buffer_size, stream.rate)
  if (sleepNs > 0) {
    const slept = `client slept ${formatDuration(sleepNs)}`
    if (sleepNs > bufferNs) return `${slept}, its ring holds ${formatDuration(bufferNs)}`
    const emptied = formatDuration(timeNs - xrun.lastTransferNs)
    return `${slept}, the device emptied its ${formatDuration(bufferNs)} ring in ${emptied}`
  }
  if (xrun.wokenNs >= 0) {
    return `client was woken ${formatDuration(timeNs - xrun.wokenNs)} before and had not run yet`
  }
  if (at.movedFrames > stream.period_size) {
    return `device took ${at.movedFrames} frames at once, the ring holds ${stream.buffer_size}`
  }
  const sinceNs = timeNs - xrun.lastTransferNs
  const verb = stream.playback ? 'wrote' : 'read'
  const last = `client last ${verb} ${formatDuration(sinceNs)} before`
  return `${last}, the ring holds ${formatDuration(bufferNs)}`
}
