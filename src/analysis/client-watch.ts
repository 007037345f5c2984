/**
 * What the client of each stream is doing at the record just seen: asleep of its own will, waiting
 * in a call, woken but not yet running. A client is the context that last made a call on the
 * stream. Added to a FoldSet before the folds that read it. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { type Fold, PerSymbol } from './fold.ts'

const CALL_SLEEP = (CODES.call as readonly string[]).indexOf('sleep')

export interface ClientNow {
  context: number
  /** Number of the call that it is in, -1: in user mode. */
  call: number
  callSinceNs: Ns
  /** When it was woken, while it has not run since; -1: it runs, or nobody woke it. */
  wokenNs: Ns
}

export class ClientWatch implements Fold<void> {
  readonly kinds = [T.syscall_enter, T.syscall_exit, T.sched_waking, T.sched_switch]
  private readonly clients = new PerSymbol<ClientNow>(() => ({
    context: -1,
    call: -1,
    callSinceNs: -1,
    wokenNs: -1,
  }))
  private readonly byContext: ClientNow[] = []

  get(stream: number): ClientNow {
    return this.clients.get(stream)
  }

  record(r: TraceRecord): void {
    if (r.kind === T.sched_waking) this.mark(r.a, r.timeNs)
    else if (r.kind === T.sched_switch) this.mark(r.b, -1)
    else {
      const client = this.clients.get(r.a)
      client.context = r.context
      this.byContext[r.context] = client
      client.call = r.kind === T.syscall_enter ? r.b : -1
      client.callSinceNs = r.timeNs
    }
  }

  finish(): void {}

  private mark(context: number, wokenNs: Ns): void {
    const client = this.byContext[context]
    if (client !== undefined) client.wokenNs = wokenNs
  }
}

/** Whether the client sleeps because it chose to, not because the stream makes it wait. */
export function sleepsByChoice(client: ClientNow): boolean {
  return client.call === CALL_SLEEP
}
