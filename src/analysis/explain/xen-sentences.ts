/**
 * What only the Xen front end does, as a clause: a period that its test does not count, and what
 * prepare leaves as it was. Empty: it was not that. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { formatInstant } from '../format.ts'
import { lastBefore } from './history.ts'
import type { StreamFacts } from './stream-facts.ts'
import type { Loss } from './window.ts'
import type { PositionEvent, Restart, XenStream } from './xen-stream.ts'

/**
 * Of a failure of the stream: unless most of the slack went with the client's own sleep. Where data
 * or pointers are `misplaced`, what a prepare left as it was is looked at first.
 */
export function xenCause(
  xen: XenStream,
  stream: StreamFacts,
  timeNs: Ns,
  loss: Loss,
  misplaced: boolean,
): string {
  const slept = loss.segments.filter(({ part }) => part === 'client-work')
  const sleptNs = slept.reduce((sum, one) => sum + one.toNs - one.fromNs, 0)
  if (2 * sleptNs > loss.lostNs) return ''
  const restart = restartClause(xen, stream, timeNs)
  if (misplaced && restart !== '') return restart
  return lostBoundary(xen, stream, timeNs) || restart || boundaryClause(xen, stream, timeNs)
}

/**
 * The position events since the last one before `untilNs` that was counted as a period; with it, if
 * it is the very last.
 */
function eventsUntil(xen: XenStream, stream: StreamFacts, untilNs: Ns): readonly PositionEvent[] {
  const last = lastBefore(xen.positions, untilNs + 1)
  const sinceNs = stream.starts[lastBefore(stream.starts, untilNs)]?.fromNs ?? 0
  let first = last
  while (first > 0 && xen.positions[first - 1]?.elapsed === false) first--
  const events = last < 0 ? [] : xen.positions.slice(first, last + 1)
  return events.filter(({ fromNs }) => fromNs >= sinceNs)
}

/** The boundary that the driver's test let pass, or how much else the back end reported at once. */
export function boundaryClause(xen: XenStream, stream: StreamFacts, untilNs: Ns): string {
  const lost = lostBoundary(xen, stream, untilNs)
  if (lost !== '') return lost
  const { period_size } = stream
  const events = eventsUntil(xen, stream, untilNs)
  const short = events.find((one) => {
    return !one.elapsed && one.out_frames < period_size && 2 * one.delta > period_size
  })
  if (short !== undefined) {
    return (
      `the back end's event at ${formatInstant(short.fromNs)} had brought only ` +
      `${short.out_frames} frames of a period of ${period_size} (record ${short.record})`
    )
  }
  const many = events.find((one) => one.delta >= 2 * period_size)
  if (many === undefined) return ''
  const at = formatInstant(many.fromNs)
  return `the back end reported ${many.delta} frames in one event, at ${at} (record ${many.record})`
}

/** An event that brought a period, and that the driver did not count as one. */
function lostBoundary(xen: XenStream, stream: StreamFacts, untilNs: Ns): string {
  const { period_size } = stream
  const events = eventsUntil(xen, stream, untilNs)
  const lost = events.find((one) => !one.elapsed && one.out_frames >= period_size)
  if (lost === undefined) return ''
  return (
    `the event at ${formatInstant(lost.fromNs)} brought out_frames to ${lost.out_frames}, ` +
    `which is not above the period size of ${period_size}, so there was no call of ` +
    `snd_pcm_period_elapsed() (record ${lost.record})${wholeRing(events, stream)}`
  )
}

/** The ring was played whole between two calls, so the second finds the position of the first. */
function wholeRing(events: readonly PositionEvent[], { buffer_size }: StreamFacts): string {
  const sum = events.reduce((all, one) => all + one.delta, 0)
  const counted = events.at(-1)?.elapsed === true
  if (!counted || buffer_size === 0 || sum <= 0 || sum % buffer_size !== 0) return ''
  return '; at the next call the whole ring had gone by and the position was the same as before'
}

/** The pointers that a prepare before the last START left as they were. */
function restartClause(xen: XenStream, { buffer_size }: StreamFacts, timeNs: Ns): string {
  const restart = xen.restarts[lastBefore(xen.restarts, timeNs)]
  if (restart === undefined) return ''
  const { driverAt, deviceAt, first } = restart
  const parted = driverAt > 0 || deviceAt > 0 || (first !== null && first.delta < 0)
  if (!parted) return ''
  const device = deviceAt < 0 ? '' : ` and the back end read from frame ${deviceAt} on`
  return (
    "prepare does nothing while the back end's stream is open: the driver's position was not " +
    `reset, at START (${formatInstant(restart.fromNs)}) the core began at 0, the driver at frame ` +
    `${driverAt} of a ring of ${buffer_size}${device}${firstRead(restart, buffer_size)}`
  )
}

/** What the first position event made of it. */
function firstRead({ first, driverAt }: Restart, buffer_size: number): string {
  if (first === null) return ''
  const { delta, hw_ptr } = first
  if (delta < 0) {
    return (
      `; the back end's position went backwards by ${-delta} frames, which the driver takes ` +
      `modulo 2^64, and hw_ptr jumped to frame ${hw_ptr}`
    )
  }
  if (driverAt === 0) return ''
  const played = delta % buffer_size
  return `; the first event, of ${played} frames, made hw_ptr jump to frame ${hw_ptr}`
}
