/**
 * How often things happened in a run, and how far its periods were from even: the metrics of a
 * benchmark that result.json does not hold. Counts are of records; jitter is in ns.
 *
 * Jitter: how far the time from one call of snd_pcm_period_elapsed() to the next differs from the
 * nominal length of a period, without its sign, over all streams. A start, resume or end of a pause
 * begins anew, as in period-elapsed.ts.
 */
import { framesToNsFloor, type Ns } from '../../base/units.ts'
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import type { TraceStore } from '../../sim/trace-store.ts'
import { type Fold, FoldSet, PerSymbol } from '../fold.ts'
import { SampleSet } from '../sample-set.ts'
import type { Stats } from '../stats.ts'
import { StreamTable } from '../streams.ts'

export interface Counts {
  /** Contexts made runnable, of the guest and of the host. */
  readonly wakeups: number
  /** Exits of a vCPU, for whatever reason. */
  readonly exits: number
  /** Notifications that the guest sent to the device. */
  readonly kicks: number
  /** Notifications that the device sent to the guest. */
  readonly interrupts: number
  readonly jitterNs: Stats
}

class CountsFold implements Fold<Counts> {
  readonly kinds = [
    T.sched_waking,
    T.kvm_exit,
    T.virtqueue_kick,
    T.virtio_notify,
    T.snd_pcm_period_elapsed,
  ]
  private wakeups = 0
  private exits = 0
  private kicks = 0
  private interrupts = 0
  private readonly jitter = new SampleSet()
  private readonly last = new PerSymbol<{ atNs: Ns }>(() => ({ atNs: -1 }))
  private readonly streams: StreamTable

  constructor(streams: StreamTable) {
    this.streams = streams
  }

  record(r: TraceRecord): void {
    if (r.kind === T.sched_waking) this.wakeups++
    else if (r.kind === T.kvm_exit) this.exits++
    else if (r.kind === T.virtqueue_kick) this.kicks += r.b
    else if (r.kind === T.virtio_notify) this.interrupts += r.b
    else this.elapsed(r)
  }

  finish(): Counts {
    const { wakeups, exits, kicks, interrupts } = this
    return { wakeups, exits, kicks, interrupts, jitterNs: this.jitter.stats() }
  }

  private elapsed(r: TraceRecord): void {
    const { rate, period_size, startedAtNs } = this.streams.get(r.a)
    const last = this.last.get(r.a)
    if (last.atNs >= 0 && last.atNs >= startedAtNs) {
      this.jitter.push(Math.abs(r.timeNs - last.atNs - framesToNsFloor(period_size, rate)))
    }
    last.atNs = r.timeNs
  }
}

export function countsOf(store: TraceStore, symbols: Symbols = store.symbols): Counts {
  const set = new FoldSet()
  const fold = new CountsFold(set.add(new StreamTable(symbols)))
  set.add(fold)
  store.replay(set)
  return fold.finish()
}
