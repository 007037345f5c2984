/** What a report of locks or memory or a failed call comes from, in one sentence. Times are ns. */
import { T, TraceRecord } from '../../sim/trace.ts'
import type { TraceStore } from '../../sim/trace-store.ts'
import { formatDuration, formatInstant } from '../format.ts'
import { type FailedCall, type Incident, isOfLock } from '../log.ts'
import type { MemoryFault } from '../memory.ts'
import { closeRace } from './close-race.ts'
import type { Facts } from './explain.ts'
import { freedMeanwhile } from './freed-meanwhile.ts'
import type { Call, History, Request } from './history.ts'
import { lastBefore } from './history.ts'
import { lastSigns } from './silent-sentences.ts'

export function reportSentence(
  { store }: Facts,
  then: History,
  report: Incident,
  record: number,
): string {
  const at = formatInstant(report.timeNs)
  if (report.kind === 'deadlock') {
    return `deadlock at ${at}: ${deadlock(then, named(then, report.text))}.`
  }
  const { context } = store.at(record, new TraceRecord())
  const actor = then.actor(context)
  const hard = then.kindOf(context) === 'hardirq'
  const name = then.nameOf(context)
  const where = hard ? `in hard interrupt context (${name})` : `in ${name}`
  const what = `${within(then, context)} ${verb(report.text)} ${where}${under(then, actor.held)}`
  return `${report.kind} at ${at}: ${what}.${nonatomic(store, report, record)}`
}

const COUNTS = ['', 'a spinlock', 'two spinlocks', 'three spinlocks']

function under({ symbols }: History, held: readonly { readonly lock: number }[]): string {
  if (held.length === 0) return ''
  const locks = held.map(({ lock }) => symbols.entry('lock', lock))
  const names = locks.map(({ name }) => name).join(', ')
  const spins = locks.every(({ kind }) => kind === 'spinlock' || kind === 'raw_spinlock')
  const count = spins ? COUNTS[locks.length] : undefined
  return count === undefined ? ` with ${names} held` : ` with ${count} held: ${names}`
}

/** Records after a report of a lock within which the lock is asked for. */
const ASKED_WITHIN = 64

/** Lock of a report of sleeping in atomic context, by its record; -1: it is of no lock. */
export function askedFor(store: TraceStore, { kind, text }: Incident, record: number): number {
  if (kind !== 'sleep-in-atomic' || !isOfLock(text) || record < 0) return -1
  const r = new TraceRecord()
  const { context } = store.at(record, r)
  const end = Math.min(store.length, record + ASKED_WITHIN)
  for (let i = record + 1; i < end; i++) {
    store.at(i, r)
    if (r.context !== context || r.kind === T.printk) continue
    return r.kind === T.lock_acquire ? r.a : -1
  }
  return -1
}

/** Why the stream lock may sleep, where the report is of that lock. */
function nonatomic(store: TraceStore, report: Incident, record: number): string {
  const lock = askedFor(store, report, record)
  if (lock < 0 || store.symbols.entry('lock', lock).group !== '&group->mutex') return ''
  return ' The PCM is nonatomic, so its stream lock is a mutex.'
}

/** The function of the sound core or driver that the context is in. */
function within(then: History, context: number): string {
  const actor = then.actor(context)
  const handler = actor.handlers.at(-1)
  const elapsed = actor.elapsed.at(-1)
  if (handler !== undefined && elapsed !== undefined && elapsed.fromNs >= handler.fromNs) {
    return 'snd_pcm_period_elapsed()'
  }
  const trigger = actor.triggers.at(-1)
  if (trigger !== undefined && !Number.isFinite(trigger.toNs)) return `trigger(${trigger.name})`
  const call = actor.calls.at(-1)
  if (call !== undefined && !Number.isFinite(call.toNs)) return `${call.name}()`
  return elapsed === undefined ? then.nameOf(context) : 'snd_pcm_period_elapsed()'
}

function verb(text: string): string {
  if (text.includes('mutex.c')) return 'takes a mutex, which may sleep,'
  if (text.includes('sched/mm.h')) return 'allocates with GFP_KERNEL, which may sleep,'
  if (text.includes('scheduling while atomic')) return 'goes to sleep'
  return text.split('\n')[0] ?? ''
}

const WHAT_IT_IS: Readonly<Record<string, string>> = {
  hardirq: 'an interrupt handler',
  client: 'a client',
}

/** A text of the records, with contexts called as elsewhere in explanations. */
function named(then: History, text: string): string {
  const all = then.symbols.entries('ctx')
  // A threaded handler's thread has the name of its line's context.
  const threads = new Set(all.filter(({ kind }) => kind === 'irq-thread').map(({ name }) => name))
  return all.reduce((so, { name }, id) => {
    const shown = then.nameOf(id)
    return shown === name || threads.has(name) ? so : so.replaceAll(name, shown)
  }, text)
}

/** The cycle, with what each of its contexts is. */
function deadlock(then: History, text: string): string {
  const self = /^(\S+) waits for ([^;]+) held by (\S+)$/.exec(text)
  if (self !== null && self[1] === self[3]) {
    return `${self[1]} waits for ${self[2]}, which is its own: it waits for itself`
  }
  const named = then
    .contexts()
    .filter((one) => text.includes(`${then.nameOf(one)} `))
    .flatMap((one) => {
      const what = WHAT_IT_IS[then.kindOf(one)]
      return what === undefined ? [] : [`${then.nameOf(one)} is ${what}`]
    })
  return [text, ...new Set(named)].join('; ')
}

export function memorySentence({ store }: Facts, then: History, fault: MemoryFault): string {
  const { kind, what, timeNs } = fault
  const race = kind === 'use-after-free' ? closeRace(store, fault) : ''
  if (race !== '')
    return `${kind} at ${formatInstant(timeNs)}: ${race}: ${what.split('\n').join(', ')}.`
  const [request] = unanswered(then, timeNs)
  const why =
    request === undefined
      ? ''
      : `; the device had not given it back: ${request.code} was not answered in time ` +
        `(${lasted(request, timeNs)})`
  const meanwhile = kind === 'use-after-free' ? freedMeanwhile(store, then, fault) : ''
  return `${kind} at ${formatInstant(timeNs)}: ${what}${meanwhile || why}.`
}

/** Requests that nobody answered in time, the last first. */
function unanswered(then: History, timeNs: number): readonly Request[] {
  return then
    .contexts()
    .flatMap((one) => then.actor(one).requests)
    .filter(({ status, fromNs }) => fromNs <= timeNs && GIVEN_UP.includes(status))
    .toSorted((a, b) => b.fromNs - a.fromNs || b.record - a.record)
}

const GIVEN_UP = ['TIMEOUT', 'INTERRUPTED', '-110', '-4', '-512']

function lasted({ fromNs, toNs }: Request, timeNs: number): string {
  return `${formatDuration(Math.min(toNs, timeNs) - fromNs)} after it was sent`
}

const EIO = 5
const ENOSYS = 38
const ERRNO: Readonly<Record<number, string>> = {
  4: 'EINTR',
  5: 'EIO',
  12: 'ENOMEM',
  16: 'EBUSY',
  19: 'ENODEV',
  22: 'EINVAL',
  28: 'ENOSPC',
  38: 'ENOSYS',
  77: 'EBADFD',
  95: 'EOPNOTSUPP',
  110: 'ETIMEDOUT',
}

function errno(ret: number): string {
  return ERRNO[-ret] ?? `${ret}`
}

export function errorSentence(facts: Facts, then: History, error: FailedCall): string {
  const { timeNs, call } = error
  const failed = error.errno === 0 ? `the client said '${call}'` : failure(call, error.errno)
  const head = `${failed} at ${formatInstant(timeNs)}`
  return `${head}: ${errorCause(facts, then, error)}.`
}

function failure(call: string, ret: number): string {
  return `${call}() = -${errno(ret)}`
}

function errorCause(facts: Facts, then: History, error: FailedCall): string {
  const { timeNs } = error
  const [request] = unanswered(then, timeNs)
  if (request !== undefined) {
    const who = request.backend ? 'back end' : 'device'
    const after = formatDuration(request.toNs - request.fromNs)
    return `the ${who} did not answer ${request.code}, given up after ${after}`
  }
  const trigger = failedTrigger(then)
  if (trigger !== undefined) {
    const when = formatInstant(trigger.fromNs)
    return `trigger(${trigger.name}) had failed with ${errno(trigger.ret)} at ${when}`
  }
  if (error.call === 'resume' && error.errno === -ENOSYS) {
    return 'the driver does not offer to resume, the client has to prepare the stream again'
  }
  const rest = partOfPeriod(facts, error) || stoodStill(facts, then, error)
  if (rest !== '') return rest
  const line = facts.log.lines.findLast((one) => one.source === 'kernel' && one.timeNs <= timeNs)
  return line === undefined ? 'the records do not tell why' : `the kernel says: ${line.text}`
}

function failedTrigger(then: History): Call | undefined {
  const all = then.contexts().flatMap((one) => then.actor(one).triggers)
  return all.filter(({ ret }) => ret < 0).toSorted((a, b) => b.fromNs - a.fromNs)[0]
}

/** A client that was not woken in time: wait_for_avail() gives up with EIO. */
function stoodStill({ streams, result }: Facts, then: History, error: FailedCall): string {
  if (error.errno !== -EIO) return ''
  for (const [name, stream] of streams) {
    const start = stream.starts[lastBefore(stream.starts, error.timeNs)]
    if (result.streams[name]?.id !== error.stream || start === undefined) continue
    const { timeNs } = error
    const moved = stream.updates.findLast((one) => one.moved > 0 && one.fromNs <= timeNs)
    const stillNs = timeNs - Math.max(start.fromNs, moved?.fromNs ?? 0)
    const signs = lastSigns(then, stream, timeNs)
    return `hw_ptr had not moved for ${formatDuration(stillNs)}: ${signs}`
  }
  return ''
}

/** A drain that waits for frames which were never sent, because they are no whole period. */
function partOfPeriod({ streams, result }: Facts, error: FailedCall): string {
  for (const [name, stream] of streams) {
    if (result.streams[name]?.id !== error.stream || stream.period_size === 0) continue
    const last = stream.transfers[lastBefore(stream.transfers, error.timeNs)]
    const rest = last === undefined ? 0 : last.appl_ptr % stream.period_size
    if (rest === 0) continue
    return (
      `the last ${rest} frames are only part of a period of ${stream.period_size}; the driver ` +
      'sends whole periods, so they were never sent and the drain waited for them'
    )
  }
  return ''
}
