/**
 * How far the hypervisor's clock is ahead of the guest's, from events that have an order: the guest
 * sends a request before the device handles it, and the device notifies before the guest's
 * interrupt. Each pair bounds the difference from one side. Drift is not estimated: a trace is of
 * seconds, and both clocks are commonly one counter. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { GuestEvent, HostEvent, Imported } from './guest-event.ts'

export interface Alignment {
  /** To be subtracted from the host's times. */
  readonly offsetNs: Ns
  /** The true difference is this near, if both traces tell the truth. */
  readonly uncertaintyNs: Ns
  /** Requests that were found in both. */
  readonly pairs: number
}

const START = 0x104
const STOP = 0x105

/** Null: no request is in both traces. */
export function alignClocks({ guest, host }: Imported): Alignment | null {
  const sent = requests(guest).slice(0, REQUESTS_MAX)
  const handled = host.filter(({ kind }) => kind === 'control').slice(0, REQUESTS_MAX)
  const pairs = matched(sent, handled)
  if (pairs.length === 0) return null
  const answers = host.filter(({ kind }) => kind === 'control_notify')
  const irqs = guest.filter(({ kind }) => kind === 'ctl_irq' || kind === 'irq_entry')
  let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const [one, other] of pairs) {
    high = Math.min(high, other.timeNs - one.timeNs)
    const answer = firstFrom(answers, other.timeNs)
    const irq = firstFrom(irqs, one.timeNs)
    if (answer !== undefined && irq !== undefined) {
      low = Math.max(low, answer.timeNs - irq.timeNs)
    }
  }
  const from = Number.isFinite(low) ? Math.min(low, high) : high
  return refined(guest, host, from, high, pairs.length)
}

/** Requests of a trace that are looked at. */
const REQUESTS_MAX = 500
/** Two pairs whose clocks differ by no more tell of one difference. */
const SAME_NS = 5_000_000

interface Request {
  readonly timeNs: Ns
  readonly code: number
}

/** Requests by a probe of the driver; without one, triggers, each of which sends one. */
function requests(guest: readonly GuestEvent[]): readonly Request[] {
  const probed = guest.filter(({ kind }) => kind === 'ctl_send')
  if (probed.length > 0) return probed.map(({ timeNs, arg }) => ({ timeNs, code: arg }))
  return guest
    .filter(({ kind }) => kind === 'trigger')
    .map(({ timeNs, arg }) => ({ timeNs, code: arg === 1 || arg === 4 ? START : STOP }))
}

/**
 * Which request is which: each pair of one code is tried, and the difference of clocks with which
 * most others agree counts; of equal ones the first.
 */
function matched(
  sent: readonly Request[],
  handled: readonly Request[],
): readonly (readonly [Request, Request])[] {
  let best: readonly (readonly [Request, Request])[] = []
  const tried = new Set<number>()
  for (const one of sent) {
    for (const other of handled) {
      const offset = other.timeNs - one.timeNs
      const slot = Math.floor(offset / SAME_NS)
      if (other.code !== one.code || tried.has(slot)) continue
      tried.add(slot)
      const found = agreeing(sent, handled, offset)
      if (found.length > best.length) best = found
    }
    if (best.length === sent.length) break
  }
  return best
}

function agreeing(
  sent: readonly Request[],
  handled: readonly Request[],
  offset: Ns,
): readonly (readonly [Request, Request])[] {
  const found: (readonly [Request, Request])[] = []
  let next = 0
  for (const one of sent) {
    const from = one.timeNs + offset - SAME_NS
    while (next < handled.length && (handled[next] as Request).timeNs < from) next++
    for (let i = next; i < handled.length; i++) {
      const other = handled[i] as Request
      if (other.timeNs > one.timeNs + offset + SAME_NS) break
      if (other.code !== one.code) continue
      found.push([one, other])
      next = i + 1
      break
    }
  }
  return found
}

function firstFrom<E extends { readonly timeNs: Ns }>(
  events: readonly E[],
  timeNs: Ns,
): E | undefined {
  let [low, high] = [0, events.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((events[middle] as E).timeNs < timeNs) low = middle + 1
    else high = middle
  }
  return events[low]
}

/** How far from the first estimate a pair may lie, ns. */
const NEAR = 2_000_000

/**
 * Messages narrow what the requests left open: a message is written before the kick that the host
 * sees, and an interrupt comes after the notification. Pairs are the nearest ones, so the bounds
 * may only be narrowed, never crossed.
 */
function refined(
  guest: readonly GuestEvent[],
  host: readonly HostEvent[],
  low: Ns,
  high: Ns,
  pairs: number,
): Alignment {
  const kicks = host.filter(({ kind }) => kind === 'kick')
  let narrowest = high
  for (const { kind, timeNs } of guest) {
    if (kind !== 'msg_send') continue
    const kick = firstFrom(kicks, timeNs + low)
    const apart = kick === undefined ? NEAR : kick.timeNs - timeNs
    if (apart - low < NEAR) narrowest = Math.min(narrowest, apart)
  }
  const top = Math.max(low, narrowest)
  return {
    offsetNs: Math.round((low + top) / 2),
    uncertaintyNs: Math.round((top - low) / 2),
    pairs,
  }
}
