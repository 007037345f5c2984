/** Who holds what and waits for what at an instant, a line for each context. Times are ns. */
import type { Ns } from '../../base/units.ts'
import { TraceRecord } from '../../sim/trace.ts'
import type { TraceStore } from '../../sim/trace-store.ts'
import { foldStore } from '../fold.ts'
import { formatDuration } from '../format.ts'
import { LockdepFold } from '../lockdep/trace-fold.ts'
import type { Witness } from '../lockdep/witness.ts'
import { doing } from './doing.ts'
import { History, type LockWait } from './history.ts'

/**
 * Of a report that a function sleeps, whose sentence names the locks held: what is asked for on top
 * of them, and who takes the two the other way round. Empty: neither is known.
 */
export function ordersAt(
  store: TraceStore,
  h: History,
  record: number,
  asked: number,
): readonly string[] {
  if (asked < 0) return []
  const { context } = store.at(record, new TraceRecord())
  const held = h
    .actor(context)
    .held.map(({ lock }) => h.symbols.name('lock', lock))
    .join(', ')
  const and = held === '' ? '' : ` holds ${held} and`
  const own = `${h.nameOf(context)}${and} asks for ${h.symbols.name('lock', asked)}`
  const { reports } = foldStore(store, new LockdepFold(h.symbols), 0)
  const circles = reports.filter(({ kind, witness }) => {
    const [here] = witness
    return kind === 'circular' && here !== undefined && covers(here, record)
  })
  const others = circles.flatMap(({ witness }) => witness.slice(1).map((one) => turned(store, one)))
  return [own, ...new Set(others)]
}

function covers({ fromRecord, toRecord }: Witness, record: number): boolean {
  return fromRecord <= record && record <= toRecord
}

/** A step of the cycle that another context takes. */
function turned(store: TraceStore, { held, wanted, toRecord, toTimeNs }: Witness): string {
  const { context } = store.at(toRecord, new TraceRecord())
  const then = foldStore(store, new History(store.symbols, toRecord), toTimeNs)
  const what = doing(then, context, toTimeNs, toTimeNs)
  const at = `${(toTimeNs / 1e9).toFixed(9)} s, record ${toRecord}`
  const who = then.nameOf(context)
  return `${who}${what} took them the other way round: held ${held}, asked for ${wanted} (${at})`
}

/** Of a history that ends with that instant. The host's are named if one waits for the other. */
export function holdersAt(h: History, timeNs: Ns): readonly string[] {
  const waits = h.contexts().flatMap((context) => openWait(h, context) ?? [])
  return h.contexts().flatMap((context) => {
    const actor = h.actor(context)
    const shown = actor.held.filter(({ lock }) => {
      return h.isGuest(context) || waits.some((one) => one.lock === lock)
    })
    const held = shown.map(({ lock }) => h.symbols.name('lock', lock))
    const wait = openWait(h, context)
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

function openWait(h: History, context: number): LockWait | undefined {
  return h.actor(context).waits.findLast((one) => !Number.isFinite(one.toNs))
}
