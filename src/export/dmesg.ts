/**
 * The guest's kernel log as `dmesg` prints it: what the modelled kernel printed, its own checks and
 * the lock reports, in order of time, `[seconds.microseconds] text`. Times of the virtual clock.
 */
import { foldStore } from '../analysis/fold.ts'
import { LockdepFold } from '../analysis/lockdep/trace-fold.ts'
import { LogFold } from '../analysis/log.ts'
import type { Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'

/** What of a lock report is not the kernel's. */
const OURS = '\n\npcmsim:'

export interface DmesgLine {
  readonly timeNs: Ns
  /** With its time, without an end of line. */
  readonly text: string
}

export function* dmesgText(store: TraceStore): Generator<string, void, undefined> {
  for (const { text } of dmesgLines(store)) yield `${text}\n`
}

export function dmesgLines(store: TraceStore): readonly DmesgLine[] {
  const { lines } = foldStore(store, new LogFold(store.symbols), 0)
  const { reports } = foldStore(store, new LockdepFold(store.symbols), 0)
  const said = [
    ...lines.filter(({ source }) => source === 'kernel'),
    ...reports.map(({ timeNs, text }) => ({ timeNs, text: text.split(OURS)[0] ?? '' })),
  ]
  said.sort((a, b) => a.timeNs - b.timeNs)
  return said.flatMap(({ timeNs, text }) => {
    return text.split('\n').map((line) => ({ timeNs, text: `${stamp(timeNs)} ${line}` }))
  })
}

function stamp(ns: Ns): string {
  const micros = String(Math.floor(ns / 1000) % 1_000_000).padStart(6, '0')
  return `[${String(Math.floor(ns / 1e9)).padStart(5)}.${micros}]`
}
