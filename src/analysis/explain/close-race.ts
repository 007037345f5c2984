/**
 * A close between a look and its lock: the thread of a Xen event channel looks at the state without
 * the lock, asks for the lock, and before it has it a close takes the lock, disconnects the channel
 * and frees the runtime that the thread then uses. Driver: evtchnl_interrupt_evt() of
 * sound/xen/xen_snd_front_evtchnl.c, v6.12.
 */
import { T, type TraceRecord } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { TraceStore } from '../../sim/trace-store.ts'
import { type Fold, foldStore } from '../fold.ts'
import type { MemoryFault } from '../memory.ts'

interface Freed {
  readonly record: number
  readonly context: number
  /** The record at which the context took each lock since it entered the call. */
  readonly locks: ReadonlyMap<number, number>
}

/** What a thread does from letting its lock go to having it again. */
interface Turn {
  releaseRecord: number
  lock: number
  /** Of the release before `lock` was taken. */
  beforeRecord: number
}

const CLOSE = (CODES.call as readonly string[]).indexOf('close')
const RUNTIME = 'struct snd_pcm_runtime'

class CloseRaceFold implements Fold<string> {
  readonly kinds = [
    T.lock_acquire,
    T.lock_acquired,
    T.lock_release,
    T.syscall_enter,
    T.syscall_exit,
    T.kmalloc,
    T.kfree,
    T.bug,
  ]
  private readonly store: TraceStore
  private readonly fault: MemoryFault
  private readonly turns = new Map<number, Turn>()
  private readonly closing = new Map<number, Map<number, number>>()
  private readonly runtimes = new Set<number>()
  private readonly freed: Freed[] = []
  private said = ''

  constructor(store: TraceStore, fault: MemoryFault) {
    this.store = store
    this.fault = fault
  }

  record(r: TraceRecord): void {
    const { context, index: record } = r
    if (r.timeNs > this.fault.timeNs || this.said !== '') return
    if (r.kind === T.lock_release) this.turn(context).releaseRecord = record
    else if (r.kind === T.lock_acquire || r.kind === T.lock_acquired) {
      this.closing.get(context)?.set(r.a, record)
      const turn = this.turn(context)
      turn.lock = r.a
      turn.beforeRecord = turn.releaseRecord
    } else if (r.kind === T.syscall_enter) {
      if (r.b === CLOSE) this.closing.set(context, new Map())
    } else if (r.kind === T.syscall_exit) this.closing.delete(context)
    else if (r.kind === T.kmalloc) {
      if (this.store.symbols.name('text', r.b) === RUNTIME) this.runtimes.add(r.a)
    } else if (r.kind === T.kfree) {
      const locks = this.closing.get(context)
      if (locks !== undefined && this.runtimes.has(r.a)) {
        this.freed.push({ record, context, locks: new Map(locks) })
      }
    } else if (r.timeNs === this.fault.timeNs) this.bug(r)
  }

  finish(): string {
    return this.said
  }

  private turn(context: number): Turn {
    const known = this.turns.get(context)
    if (known !== undefined) return known
    const made = { releaseRecord: -1, lock: -1, beforeRecord: -1 }
    this.turns.set(context, made)
    return made
  }

  private bug({ b, context }: TraceRecord): void {
    if (this.store.symbols.name('text', b) === this.fault.what) this.said = this.race(context)
  }

  /** It looked after it let the lock go, and would have gone away from a closed channel. */
  private race(context: number): string {
    const { lock, beforeRecord } = this.turn(context)
    const { symbols } = this.store
    const name = symbols.name('lock', lock)
    if (!name.endsWith('ring_io_lock')) return ''
    const by = this.freed.findLast((one) => (one.locks.get(lock) ?? -1) > beforeRecord)
    if (by === undefined || by.context === context) return ''
    return (
      `${symbols.name('ctx', context)} found the channel connected and then asked for ${name}; ` +
      `before it had the lock, ${symbols.name('ctx', by.context)} took it in close() (record ` +
      `${by.locks.get(lock)}), disconnected the channel and freed the runtime (record ` +
      `${by.record}), which the thread went on to use`
    )
  }
}

/** The race that led to a use after free, as a clause; empty: it was another thing. */
export function closeRace(store: TraceStore, fault: MemoryFault): string {
  return foldStore(store, new CloseRaceFold(store, fault), fault.timeNs)
}
