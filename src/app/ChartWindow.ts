/**
 * The window that `--from --to` or `--around --span` name. Nothing can be drawn of a time that was
 * not simulated, or of an xrun that did not happen: such a window is a fault.
 */
import {
  AROUND_KINDS,
  type AroundKind,
  instantsOf,
  usualLength,
  windowAround,
} from '../analysis/around.ts'
import type { StreamResult } from '../analysis/result.ts'
import type { Window } from '../analysis/windows.ts'
import { formatDuration, parseDuration } from '../scenario/quantity.ts'
import type { Recording } from './SavedTrace.ts'

export interface WindowOptions {
  readonly stream?: string
  readonly from?: string
  readonly to?: string
  /** `xrun:1` and the like (analysis/around.ts). */
  readonly around?: string
  /** Length of the window around it. */
  readonly span?: string
}

/** The window, undefined if none is asked for, or what is wrong. */
export function windowOf(
  recording: Recording,
  options: WindowOptions,
): Window | undefined | string[] {
  const { from, to, around, span } = options
  if (around !== undefined) {
    if (from === undefined && to === undefined) return aroundWindow(recording, around, options)
    return ['--around: names a window of its own, allowed: without --from and --to']
  }
  if (span !== undefined) return ['--span: has no middle, allowed: together with --around']
  if (from === undefined && to === undefined) return undefined
  return fromTo(recording, from, to)
}

/** `--from` and `--to` come together: a window has two ends. */
function fromTo(recording: Recording, from?: string, to?: string): Window | string[] {
  const lines: string[] = []
  const fromNs = timeOf('--from', from, ', as a window has two ends', lines)
  const toNs = timeOf('--to', to, ', as a window has two ends', lines)
  if (lines.length === 0 && toNs <= fromNs) {
    lines.push(`--to ${to}: is not after --from, allowed: more than ${from}`)
  }
  if (lines.length > 0) return lines
  const endNs = recording.result.virtualTimeNs
  if (toNs <= endNs) return { fromNs, toNs }
  const option = fromNs >= endNs ? '--from' : '--to'
  const given = formatDuration(option === '--from' ? fromNs : toNs)
  const end = formatDuration(endNs)
  return [`${option} ${given}: the run ends at ${end}, allowed: 0s..${end}`]
}

function timeOf(
  option: string,
  text: string | undefined,
  missing: string,
  lines: string[],
): number {
  const ns = parseDuration(text ?? '')
  if (typeof ns === 'number') return ns
  const what =
    text === undefined ? `${option}: is missing${missing}` : `${option} ${text}: ${ns.what}`
  lines.push(`${what}, allowed: ${ns.allowed}`)
  return 0
}

function aroundWindow(
  { store, result }: Recording,
  around: string,
  options: WindowOptions,
): Window | string[] {
  const match = /^([a-z]+)(?::([1-9]\d{0,5}))?$/.exec(around)
  const kind = AROUND_KINDS.find((one) => one === match?.[1])
  if (kind === undefined) {
    const allowed = AROUND_KINDS.map((one) => `${one}:1`).join(', ')
    return [`--around ${around}: is no event, allowed: ${allowed}, also with another number`]
  }
  const lines: string[] = []
  const { span } = options
  const given = span === undefined ? 0 : timeOf('--span', span, '', lines)
  if (span !== undefined && lines.length === 0 && given === 0) {
    lines.push('--span 0s: is no window, allowed: more than 0s')
  }
  if (lines.length > 0) return lines
  const number = Number(match?.[2] ?? 1)
  const stream = streamWith(kind, result.streams, options.stream)
  const instants = stream === undefined ? [] : instantsOf(kind, store, result, stream)
  const at = instants[number - 1]
  if (at === undefined || stream === undefined) {
    const count = instants.length
    const allowed = count === 0 ? 'another event: the run has none' : `${kind}:1..${kind}:${count}`
    return [`--around ${around}: did not happen, allowed: ${allowed}`]
  }
  return windowAround(at, given || usualLength(stream), result.virtualTimeNs)
}

/** The named stream, else the first that has such an event. */
function streamWith(
  kind: AroundKind,
  streams: Readonly<Record<string, StreamResult>>,
  name: string | undefined,
): StreamResult | undefined {
  if (name !== undefined) return streams[name]
  const all = Object.values(streams)
  const found = all.find((one) => {
    return kind === 'xrun' ? one.xruns.length > 0 : one.silentFailures.length > 0
  })
  return found ?? all[0]
}
