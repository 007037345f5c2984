/**
 * The facts that an `expect` entry can name, and how each is read out of a result. `facts` is the
 * closed list: the file's schema, its documentation and the evaluation are made from it.
 */
import type { ResultView, StatsView, StreamView } from './result-view.ts'

export const statNames = ['min', 'p50', 'p90', 'p99', 'p999', 'max', 'mean'] as const
export type StatName = (typeof statNames)[number]

export const outcomes = ['completed', 'deadlock', 'limit'] as const
export const finalStates = [
  'OPEN',
  'SETUP',
  'PREPARED',
  'RUNNING',
  'XRUN',
  'DRAINING',
  'PAUSED',
  'SUSPENDED',
  'DISCONNECTED',
] as const
export const xrunCauses = ['threshold', 'device', 'ack', 'false-wrap', 'ioctl'] as const
export const silentKinds = ['stale', 'skipped', 'stalled', 'position', 'lost-event'] as const
export const predictedKinds = [
  'circular',
  'recursive',
  'inconsistent',
  'irq-order',
  'irq-inversion',
  'wait-context',
  'bad-unlock',
  'init-held',
  'held-freed',
  'nest-lock',
  'subclass',
  'depth',
] as const
export const actualKinds = [
  'deadlock',
  'sleep-in-atomic',
  'scheduling-while-atomic',
  'lock-imbalance',
  'workqueue-leak',
] as const
export const warningKinds = ['protocol', 'warning'] as const
export const memoryKinds = [
  'use-after-free',
  'leak',
  'freed-while-device-owns',
  'double-free',
] as const

export type DistributionName = 'interval' | 'lateness' | 'wake_latency' | 'end_to_end'

export type Fact =
  | { readonly name: 'outcome' | 'final_state' | 'lock_edge' | 'log' }
  | { readonly name: 'xruns' | 'silent_failures' | 'predicted' | 'actual'; readonly kind?: string }
  | { readonly name: 'memory' | 'warnings'; readonly kind?: string }
  | { readonly name: 'errors' | 'period_elapsed_count' | 'frames_written' | 'frames_played' }
  | { readonly name: 'stat'; readonly of: DistributionName; readonly stat: StatName }

export interface FactRecord {
  readonly timeNs: number
  readonly text: string
}

/** What was found: one value, the records behind it, or the texts to search in. */
export interface Observed {
  readonly value: number | string | null
  readonly records?: readonly FactRecord[]
  readonly texts?: readonly string[]
}

interface Kinded {
  readonly timeNs?: number
  readonly kind?: string
  readonly cause?: string
  readonly text?: string
  readonly what?: string
}

function counted(items: readonly Kinded[], kind: string | undefined, noun: string): Observed {
  const kept = items.filter((item) => kind === undefined || (item.kind ?? item.cause) === kind)
  const records = kept.flatMap((item) =>
    item.timeNs === undefined
      ? []
      : [
          {
            timeNs: item.timeNs,
            text: item.text ?? item.what ?? `${noun} (${item.kind ?? item.cause})`,
          },
        ],
  )
  return { value: kept.length, records }
}

/** Facts of the whole run; undefined if `fact` belongs to a stream. */
export function worldFact(fact: Fact, result: ResultView): Observed | undefined {
  switch (fact.name) {
    case 'outcome':
      return { value: result.outcome }
    case 'lock_edge':
      return {
        value: null,
        texts: result.locks.edges.map((edge) => `${edge.before} -> ${edge.after}`),
      }
    case 'log':
      return { value: null, texts: result.log.map((line) => line.text) }
    case 'predicted':
      return counted(result.locks.predicted, fact.kind, 'predicted')
    case 'actual':
      return counted(result.locks.actual, fact.kind, 'actual')
    case 'memory':
      return counted(result.memory, fact.kind, 'memory')
    case 'warnings':
      return counted(result.warnings ?? [], fact.kind, 'warning')
    default:
      return undefined
  }
}

/** Facts that add up over streams; undefined if `fact` does not. */
export function countFact(
  fact: Fact,
  names: readonly string[],
  result: ResultView,
): Observed | undefined {
  const each = names.flatMap((name) => {
    const stream = result.streams[name]
    const one = stream === undefined ? undefined : countOf(fact, stream)
    return one === undefined ? [] : [one]
  })
  if (each.length === 0) return undefined
  const value = each.reduce((sum, one) => sum + Number(one.value), 0)
  const records = each.flatMap((one) => one.records ?? [])
  return { value, records: records.toSorted((a, b) => a.timeNs - b.timeNs) }
}

function countOf(fact: Fact, stream: StreamView): Observed | undefined {
  switch (fact.name) {
    case 'xruns':
      return counted(stream.xruns, fact.kind, 'xrun')
    case 'silent_failures':
      return counted(stream.silentFailures, fact.kind, 'silent failure')
    case 'errors': {
      const errors = stream.errors ?? []
      return counted(
        errors.map((e) => ({ timeNs: e.timeNs, text: `${e.call} returned ${e.errno}` })),
        undefined,
        'error',
      )
    }
    case 'period_elapsed_count':
      return { value: stream.periodElapsed.count }
    case 'frames_written':
      return { value: stream.frames.written }
    case 'frames_played':
      return { value: stream.frames.played }
    default:
      return undefined
  }
}

/** Facts that each stream has for itself. A stream without samples has no value. */
export function streamFact(fact: Fact, name: string, result: ResultView): Observed {
  const stream = result.streams[name]
  if (stream === undefined) return { value: null }
  if (fact.name === 'final_state') return { value: stream.finalState }
  if (fact.name !== 'stat') return { value: null }
  const stats = statsOf(stream, fact.of)
  return { value: stats.count === 0 ? null : stats[fact.stat] }
}

function statsOf(stream: StreamView, of: DistributionName): StatsView {
  if (of === 'interval') return stream.periodElapsed.intervalNs
  if (of === 'lateness') return stream.periodElapsed.latenessNs
  return of === 'wake_latency' ? stream.wakeLatencyNs : stream.endToEndNs
}
