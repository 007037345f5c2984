/** The main causes of lost slack in words. Times are ns. */
import { formatDuration } from '../format.ts'
import type { History } from './history.ts'
import { PART_WORDS, type Segment, sharesOf } from './parts.ts'
import type { StreamFacts } from './stream-facts.ts'
import type { Loss } from './window.ts'

/** A second cause is named if it has this share of the first. */
const SECOND = 3

/** The causes with the most time, each with its own; a plain clause. */
export function causesOf(h: History, segments: readonly Segment[]): string {
  const causes = sharesOf(segments)
    .flatMap(({ part, causes: list }) => list.map((one) => ({ part, ...one })))
    .toSorted((a, b) => b.ns - a.ns || a.record - b.record)
  const [first, second] = causes
  if (first === undefined) return 'nothing that the records tell'
  const texts = [first, ...(second !== undefined && SECOND * second.ns >= first.ns ? [second] : [])]
  const words = texts.map(({ part, what, ns }) => `${wordsOf(part, what)} (${formatDuration(ns)})`)
  return words.join('; ') + victims(h, segments, first.part)
}

/** A cause that is only a name needs the part's words. */
function wordsOf(part: Segment['part'], what: string): string {
  if (what === '') return PART_WORDS[part]
  return what.includes(' ') ? what : `${PART_WORDS[part]}, ${what}`
}

/** Who spun for a lock whose holder had no processor: lock-holder preemption. */
function victims(h: History, segments: readonly Segment[], part: Segment['part']): string {
  if (part !== 'stolen' && part !== 'wake-up') return ''
  const longest = segments
    .filter((one) => one.part === part)
    .toSorted((a, b) => b.toNs - b.fromNs - (a.toNs - a.fromNs))[0]
  if (longest === undefined) return ''
  for (const context of h.contexts()) {
    const wait = h
      .actor(context)
      .waits.find(
        (one) =>
          one.holder === longest.context &&
          Math.min(one.toNs, longest.toNs) - Math.max(one.fromNs, longest.fromNs) > 1_000,
      )
    if (wait === undefined) continue
    const lock = h.symbols.name('lock', wait.lock)
    const since = wait.toNs - wait.fromNs
    const waited = Number.isFinite(since) ? ` for ${formatDuration(since)}` : ''
    const verb = h.kindOf(context) === 'hardirq' ? 'spun' : 'waited'
    const holder = h.nameOf(longest.context)
    return `, with ${holder} holding ${lock}, on which ${h.nameOf(context)} ${verb}${waited}`
  }
  return ''
}

/** Of an xrun or of stale data. */
export function causeOf(h: History, facts: StreamFacts, loss: Loss): string {
  if (2 * loss.aheadNs > loss.lostNs) {
    const ring = `${facts.buffer_size} frames (${formatDuration(facts.nsOf(facts.buffer_size))})`
    return `the device took ${formatDuration(loss.aheadNs)} of a ring of ${ring} ahead of its rate`
  }
  return causesOf(h, loss.segments)
}
