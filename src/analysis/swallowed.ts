/**
 * Errors that nobody is told of: a trigger that fails within a call which succeeds, such as START
 * at the threshold inside writei (__snd_pcm_lib_xfer ignores what it returns). Times are ns.
 */
import type { Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { REPORTS_MAX } from './full-lists.ts'

export interface SwallowedError {
  readonly timeNs: Ns
  /** The call that hid it. */
  readonly call: string
  /** The trigger that failed. */
  readonly trigger: string
  /** As the driver returned it: negative. */
  readonly errno: number
}

interface Failed {
  readonly stream: number
  readonly timeNs: Ns
  readonly trigger: number
  readonly errno: number
}

export class SwallowedFold implements Fold<ReadonlyMap<number, readonly SwallowedError[]>> {
  readonly kinds = [T.snd_pcm_trigger_done, T.syscall_enter, T.syscall_exit]
  /** By context: what failed in the call that it is in; null: it is in none. */
  private readonly open = new PerSymbol<{ failed: Failed[] | null }>(() => ({ failed: null }))
  private readonly found = new PerSymbol<SwallowedError[]>(() => [])

  record(r: TraceRecord): void {
    const actor = this.open.get(r.context)
    if (r.kind === T.syscall_enter) actor.failed = []
    else if (r.kind === T.snd_pcm_trigger_done) {
      const { a: stream, b: trigger, c: errno, timeNs } = r
      if (errno < 0) actor.failed?.push({ stream, timeNs, trigger, errno })
    } else {
      if (r.c >= 0) for (const one of actor.failed ?? []) this.add(one, r.b)
      actor.failed = null
    }
  }

  finish(): ReadonlyMap<number, readonly SwallowedError[]> {
    return new Map(this.found.entries())
  }

  private add({ stream, timeNs, trigger, errno }: Failed, call: number): void {
    const errors = this.found.get(stream)
    if (errors.length >= REPORTS_MAX) return
    const names = { call: CODES.call?.[call] ?? '', trigger: CODES.trigger?.[trigger] ?? '' }
    errors.push({ timeNs, ...names, errno })
  }
}
