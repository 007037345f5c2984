/** What a context was in the middle of, and who had a processor, in a few words. Times are ns. */
import type { Ns } from '../../base/units.ts'
import { covering, type History, lastBefore } from './history.ts'

/** What `context` did between two instants: ` in trigger(START), waiting for ...`, or nothing. */
export function doing(h: History, context: number, fromNs: Ns, toNs: Ns): string {
  const actor = h.actor(context)
  const middle = Math.floor((fromNs + toNs) / 2)
  const parts: string[] = []
  const trigger = covering(actor.triggers, middle)
  const call = covering(actor.calls, middle)
  const item = covering(actor.executions, middle)
  if (trigger !== null) parts.push(` in trigger(${trigger.name})`)
  else if (call !== null) parts.push(` in ${call.name}()`)
  else if (item !== null) parts.push(` in work item ${h.symbols.name('work', item.work)}`)
  const spins = covering(actor.waits, middle) !== null
  const request = spins ? null : covering(actor.requests, middle)
  if (request !== null) {
    const who = request.backend ? 'back end' : 'device'
    parts.push(` waiting for the ${who}'s answer to ${request.code}`)
  }
  const cpu = actor.runs[lastBefore(actor.runs, middle)]?.cpu ?? -1
  if (request === null && cpu >= 0 && h.isGuest(context)) {
    const stolen = stolenFrom(h, cpu, fromNs, toNs)
    const lostNs = stolen.reduce((sum, one) => sum + overlap(one, fromNs, toNs), 0)
    const longest = stolen.toSorted((a, b) => overlap(b, fromNs, toNs) - overlap(a, fromNs, toNs))
    if (2 * lostNs > toNs - fromNs) parts.push(` while ${longest[0]?.what ?? ''}`)
  }
  return parts.join(',')
}

function overlap(one: { fromNs: Ns; toNs: Ns }, fromNs: Ns, toNs: Ns): Ns {
  return Math.max(0, Math.min(one.toNs, toNs) - Math.max(one.fromNs, fromNs))
}

interface Stolen {
  readonly fromNs: Ns
  readonly toNs: Ns
  readonly record: number
  readonly what: string
}

/** Stretches in which a guest's processor had no time though it wanted some. */
export function stolenFrom(h: History, cpu: number, fromNs: Ns, toNs: Ns): readonly Stolen[] {
  const found: Stolen[] = []
  const add = (from: Ns, to: Ns, record: number, paused = false): void => {
    if (!(to > fromNs && from < toNs && to > from)) return
    const who = thiefOf(h, cpu, Math.max(from, fromNs), Math.min(to, toNs))
    const by = who === '' ? (paused ? ': the VM was paused' : '') : ` by ${who}`
    found.push({ fromNs: from, toNs: to, record, what: `vCPU ${cpu} was taken away${by}` })
  }
  const stolen = h.stolen[cpu] ?? []
  for (let i = lastBefore(stolen, toNs); i >= 0; i--) {
    const one = stolen[i]
    if (one === undefined || one.toNs <= fromNs) break
    add(one.fromNs, one.toNs, one.record, one.paused)
  }
  const vcpu = h.vcpus[cpu]
  if (vcpu === undefined) return found
  const { runs, wakes } = h.actor(vcpu)
  for (let i = lastBefore(runs, toNs); i >= 0; i--) {
    const [run, next] = [runs[i], runs[i + 1]]
    if (run === undefined) break
    const inNs = next?.fromNs ?? Number.POSITIVE_INFINITY
    if (inNs < fromNs) break
    const first = lastBefore(wakes, run.toNs)
    const wake = wakes.slice(first + 1, first + 3).find((one) => one.fromNs <= inNs)
    add(wake?.fromNs ?? run.toNs, inNs, wake?.record ?? run.record)
  }
  return found
}

/** Who had the host processor of a vCPU. */
function thiefOf(h: History, cpu: number, fromNs: Ns, toNs: Ns): string {
  const vcpu = h.vcpus[cpu]
  if (vcpu === undefined) return ''
  const { runs } = h.actor(vcpu)
  const last = runs[lastBefore(runs, toNs)] ?? runs[0]
  return last === undefined ? '' : occupantOf(h, false, last.cpu, fromNs, toNs, vcpu)
}

/** Name of the context that had most of a processor's time; empty: nobody, or only `except`. */
export function occupantOf(
  h: History,
  guest: boolean,
  cpu: number,
  fromNs: Ns,
  toNs: Ns,
  except: number,
): string {
  const runs = h.onProcessor(guest, cpu)
  const shares = new Map<number, Ns>()
  for (let i = lastBefore(runs, toNs); i >= 0; i--) {
    const run = runs[i]
    if (run === undefined || run.toNs <= fromNs) break
    const own = overlap(run, fromNs, toNs)
    shares.set(run.context, (shares.get(run.context) ?? 0) + own)
  }
  let [best, most] = [-1, 0]
  for (const [context, ns] of shares) {
    if (context === except || h.kindOf(context) === 'idle' || ns <= most) continue
    best = context
    most = ns
  }
  return best < 0 ? '' : h.nameOf(best)
}
