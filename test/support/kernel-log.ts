/** What a run of the machine model said: lines of the kernel log, and texts of reports. */
import { T } from '../../src/sim/trace.ts'
import type { TraceStore } from '../../src/sim/trace-store.ts'

interface Recorded {
  readonly store: TraceStore
}

/** Lines of the kernel log. */
export function logOf({ store }: Recorded): string[] {
  const lines: string[] = []
  store.replay({
    record: (r) => void (r.kind === T.printk && lines.push(store.symbols.name('text', r.a))),
  })
  return lines
}

/** Texts of the deadlocks that were found. */
export function deadlocksOf({ store }: Recorded): string[] {
  const texts: string[] = []
  store.replay({
    record: (r) => void (r.kind === T.deadlock && texts.push(store.symbols.name('text', r.a))),
  })
  return texts
}

/** How many records of a kind there are. */
export function countOf({ store }: Recorded, kind: number): number {
  let count = 0
  store.replay({ record: (r) => void (r.kind === kind && count++) })
  return count
}
