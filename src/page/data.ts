/** What the page carries: the result, and the records of the run (or the first of them). */
import type { RunResult } from '../analysis/result.ts'
import { readTraceBytes } from '../sim/trace-bytes.ts'
import type { TraceStore } from '../sim/trace-store.ts'

/** Facts about the page that stand beside the data. */
export interface PageFacts {
  /** Records that are embedded. */
  readonly records: number
  readonly theme: 'auto' | 'light' | 'dark'
}

export interface PageData {
  readonly facts: PageFacts
  readonly result: RunResult
  readonly store: TraceStore
}

export function readPage(): PageData {
  const facts = JSON.parse(textOf('facts')) as PageFacts
  const result = JSON.parse(textOf('result')) as RunResult
  const text = atob(textOf('trace').trim())
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0))
  return { facts, result, store: readTraceBytes(bytes, facts.records) }
}

function textOf(id: string): string {
  return document.getElementById(id)?.textContent ?? ''
}
