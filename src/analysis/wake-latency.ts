/**
 * Wake latency of a stream's clients: from the call of snd_pcm_period_elapsed that woke the client
 * to the first sched_switch to it. A wake belongs to a call if the context that made the call does
 * it before its work item, its interrupt handler or its next call ends. One sample for each call
 * and client: one that preempts the caller meets the stream's lock if that is a mutex, and is woken
 * again by its release, which is not counted. `calibrate` measures traces alike (import/stages.ts).
 * Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { SampleSet } from './sample-set.ts'
import type { Stats } from './stats.ts'

interface Actor {
  readonly isClient: boolean
  /** The stream whose period_elapsed this context is in, and since when; -1: none. */
  stream: number
  sinceNs: Ns
  /** For a client: the call that woke it, until it runs; -1: none. */
  wokenFor: number
  wokenSinceNs: Ns
  /** Of the call that woke it last, whether or not it has run since; -1: none. */
  lastCallNs: Ns
}

export class WakeLatencyFold implements Fold<ReadonlyMap<number, Stats>> {
  readonly kinds = [
    T.snd_pcm_period_elapsed,
    T.sched_waking,
    T.sched_switch,
    T.workqueue_execute_end,
    T.irq_handler_exit,
  ]
  private readonly actors: PerSymbol<Actor>
  private readonly samples = new PerSymbol(() => new SampleSet())

  constructor(symbols: Symbols) {
    this.actors = new PerSymbol(
      (id) => ({
        isClient: symbols.entries('ctx')[id]?.kind === 'client',
        stream: -1,
        sinceNs: -1,
        wokenFor: -1,
        wokenSinceNs: -1,
        lastCallNs: -1,
      }),
      'context',
    )
  }

  record(r: TraceRecord): void {
    if (r.kind === T.sched_switch) this.runs(this.actors.get(r.b), r.timeNs)
    else if (r.kind === T.sched_waking) this.wakes(this.actors.get(r.context), r.a)
    else if (r.kind === T.snd_pcm_period_elapsed) {
      const caller = this.actors.get(r.context)
      caller.stream = r.a
      caller.sinceNs = r.timeNs
    } else this.actors.get(r.context).stream = -1
  }

  /** The samples of each stream. */
  samplesByStream(): ReadonlyMap<number, SampleSet> {
    return new Map(this.samples.entries())
  }

  finish(): ReadonlyMap<number, Stats> {
    return new Map(this.samples.entries().map(([id, samples]) => [id, samples.stats()]))
  }

  private wakes(waker: Actor, target: number): void {
    if (waker.stream < 0) return
    const client = this.actors.get(target)
    if (!client.isClient || client.wokenFor >= 0 || client.lastCallNs === waker.sinceNs) return
    client.lastCallNs = waker.sinceNs
    client.wokenFor = waker.stream
    client.wokenSinceNs = waker.sinceNs
  }

  private runs(actor: Actor, timeNs: Ns): void {
    if (actor.wokenFor < 0) return
    this.samples.get(actor.wokenFor).push(timeNs - actor.wokenSinceNs)
    actor.wokenFor = -1
  }
}
