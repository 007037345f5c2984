/** What a silent failure is and what led to it, in one sentence. Times are ns. */
import type { Ns } from '../../base/units.ts'
import { formatDuration, formatInstant } from '../format.ts'
import { isTail, type SilentFailure } from '../silent-failures.ts'
import type { Facts } from './explain.ts'
import { type History, lastBefore } from './history.ts'
import type { StreamFacts } from './stream-facts.ts'
import type { Loss } from './window.ts'

/** What led to it, and the same if it is the Xen front end's; empty: it is not. */
interface Causes {
  readonly cause: string
  readonly xen: string
}

export function silentSentence(
  facts: Facts,
  stream: StreamFacts,
  one: SilentFailure,
  name: string,
  loss: Loss,
  { cause, xen }: Causes,
): string {
  const at = formatInstant(one.timeNs)
  const woken = xen === '' ? '' : `${xen}: nobody was woken`
  switch (one.kind) {
    case 'stalled':
      return (
        `${name}: RUNNING, but hw_ptr stood still from ${at}: ` +
        `${woken || stalled(facts.history, stream, one, loss, cause)}.`
      )
    case 'stale':
      if (!stream.playback) return `${name}: ${staleCapture(stream, one)}.`
      return `${name}: the device read old data at ${at}: ${xen || stale(stream, one, cause)}.`
    case 'lost-event':
      return `${name}: the device sent an event at ${at} that nobody acted upon: ${one.what ?? ''}.`
    case 'skipped':
      return (
        `${name}: ${one.frames} frames were written and never read by the device, at ${at}, ` +
        `state ${one.state}: ${cause}.`
      )
    case 'position':
      return (
        `${name}: hw_ptr was ${one.frames} frames ahead of what the device had read at ${at}` +
        `${xen === '' ? '' : `: ${xen}`}.`
      )
  }
}

/** The position came back to itself, or the last report took its time. */
function stalled(
  h: History,
  stream: StreamFacts,
  one: SilentFailure,
  loss: Loss,
  cause: string,
): string {
  const call = stream.calls.findLast(({ fromNs }) => fromNs <= one.untilNs)
  const parts: string[] = []
  const frames = (call?.completed ?? 0) * stream.period_size
  if (call !== undefined && frames > 0 && frames % stream.buffer_size === 0 && call.frames === 0) {
    const rings = frames === stream.buffer_size ? 'the whole ring' : 'whole rings'
    const periods = `${call.completed} periods, ${rings},`
    parts.push(
      `${periods} completed before one call of period elapsed, so the driver's position was the ` +
        'same as before: no movement was seen, nobody was woken and nothing was queued again',
    )
  }
  const slow = `a period was reported ${formatDuration(loss.lostNs)} late: ${cause}`
  if (loss.lostNs > stream.nsOf(stream.buffer_size)) parts.unshift(slow)
  else if (loss.lostNs > stream.periodNs) parts.push(slow)
  const away = pauseIn(h, one)
  if (away !== '') parts.unshift(away)
  if (parts.length > 0) return parts.join('; ')
  const fault = h.faults.findLast(({ fromNs }) => fromNs <= one.untilNs)
  const after = fault === undefined ? '' : `, after the injected fault '${fault.text}'`
  return `${lastSigns(h, stream, one.untilNs)}${after}`
}

/** What the device last did for the stream: it may go on answering requests. */
export function lastSigns(h: History, stream: StreamFacts, untilNs: Ns): string {
  const requests = h.contexts().flatMap((context) => h.actor(context).requests)
  const answered = requests.filter(({ toNs, status }) => toNs <= untilNs && status === 'OK')
  const start = answered.findLast(({ code }) => code === 'START')
  const last = stream.completed[lastBefore(stream.completed, untilNs)]
  if (start === undefined || (last !== undefined && last.fromNs >= start.toNs))
    return 'the device completed nothing more'
  const since = `the device answered START at ${formatInstant(start.toNs)} and completed nothing`
  const release = requests.findLast(
    ({ code, fromNs }) => code === 'RELEASE' && fromNs < start.fromNs,
  )
  if (release === undefined) return `${since} after it`
  return `${since} since the RELEASE at ${formatInstant(release.fromNs)}`
}

/** Whether the VM had no time for much of the stall. */
function pauseIn(h: History, { timeNs, untilNs }: SilentFailure): string {
  const pauses = h.stolen.flat().filter((one) => one.paused && one.toNs > timeNs)
  const [pause] = pauses.filter(({ fromNs }) => fromNs < untilNs)
  if (pause === undefined) return ''
  const length = formatDuration(Math.min(pause.toNs, untilNs) - pause.fromNs)
  return `the VM was paused for ${length} from ${formatInstant(pause.fromNs)} on`
}

/** The device said that it had filled a place, or the position ran ahead of what it said. */
function staleCapture(stream: StreamFacts, one: SilentFailure): string {
  const { frames, timeNs, untilNs } = one
  const until = untilNs > timeNs ? ` to ${formatInstant(untilNs)}` : ''
  const got =
    `from ${formatInstant(timeNs)}${until} the client got ${frames} frames as recorded that were ` +
    'silence or that it had read before'
  const start = stream.starts[lastBefore(stream.starts, timeNs)]?.fromNs ?? 0
  const given = lastBefore(stream.completed, timeNs + 1) - lastBefore(stream.completed, start)
  const read = stream.transfers[lastBefore(stream.transfers, timeNs) + 1]?.appl_ptr ?? 0
  const why =
    given * stream.period_size >= read
      ? 'the device gave these periods back as full without having written there'
      : 'the position was ahead of what the device had given back'
  return `${got}: ${why}`
}

/** Queued again before it was refilled and read at once, or read when it should have been new. */
function stale(stream: StreamFacts, one: SilentFailure, cause: string): string {
  if (isTail(one)) return tail(stream, one)
  const sent = stream.sent[lastBefore(stream.sent, one.timeNs + 1)]
  const written = stream.transfers[lastBefore(stream.transfers, one.timeNs) + 1]
  const atOnce = sent !== undefined && one.timeNs - sent.fromNs < stream.periodNs
  const soon = written !== undefined && written.fromNs - one.timeNs < stream.periodNs
  if (!(atOnce && soon)) return cause
  const later = formatDuration(written.fromNs - sent.fromNs)
  return (
    `the driver queued a completed period again ${later} before the client had refilled it, and ` +
    `the device read it ${formatDuration(one.timeNs - sent.fromNs)} after it was queued`
  )
}

/** At the end of a drain nothing is written any more, and the driver sends whole periods. */
function tail({ transfers, period_size }: StreamFacts, one: SilentFailure): string {
  const last = transfers[lastBefore(transfers, one.timeNs)]
  const part = last === undefined ? 0 : last.appl_ptr % period_size
  if (part === 0) return 'the stream drains, and the driver queued a completed period again'
  return (
    `the stream drains, and the last period of ${period_size} was written to ${part} only; the ` +
    'driver queued it whole, with what lay in the ring before'
  )
}
