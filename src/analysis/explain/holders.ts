/** Who holds what and waits for what at an instant, a line for each context. Times are ns. */
import type { Ns } from '../../base/units.ts'
import { formatDuration } from '../format.ts'
import { doing } from './doing.ts'
import type { History } from './history.ts'

/** Of a history that ends with that instant. */
export function holdersAt(h: History, timeNs: Ns): readonly string[] {
  return h.contexts().flatMap((context) => {
    const actor = h.actor(context)
    if (!h.isGuest(context)) return []
    const held = actor.held.map(({ lock }) => h.symbols.name('lock', lock))
    const wait = actor.waits.findLast((one) => !Number.isFinite(one.toNs))
    if (held.length === 0 && wait === undefined) return []
    const holds = held.length === 0 ? '' : ` holds ${held.join(', ')}`
    const what = doing(h, context, timeNs, timeNs)
    if (wait === undefined) return [`${h.nameOf(context)}${what}${holds}`]
    const holder = wait.holder < 0 ? '' : `, held by ${h.nameOf(wait.holder)}`
    const lock = h.symbols.name('lock', wait.lock)
    const since = formatDuration(timeNs - wait.fromNs)
    const and = holds === '' ? '' : `${holds} and`
    return [`${h.nameOf(context)}${what}${and} waits for ${lock}${holder} since ${since}`]
  })
}
