/**
 * The formats of `pcmsim export` by name: what each needs and how it is written. A format is a pure
 * function of a recording and its result, in src/export; this table is where it is added.
 */
import { chromeTrace } from '../export/chrome.ts'
import { perfettoTrace } from '../export/perfetto.ts'
import type { Recording } from './SavedTrace.ts'

export interface ExportFormat {
  readonly name: string
  /** Not text: only into a file. */
  readonly binary: boolean
  /** Options beside those of every format that it takes. */
  readonly takes: readonly ('at' | 'machine')[]
  readonly write: (run: Recording) => Iterable<string | Uint8Array>
}

export const exportFormats: readonly ExportFormat[] = [
  {
    name: 'chrome',
    binary: false,
    takes: [],
    write: ({ store, result }) => chromeTrace(store, result.virtualTimeNs, aboutOf(result)),
  },
  {
    name: 'perfetto',
    binary: true,
    takes: [],
    write: ({ store, result }) => perfettoTrace(store, result.virtualTimeNs),
  },
]

function aboutOf({ scenario, variant, seed, fingerprint }: Recording['result']) {
  return { generator: 'pcmsim', scenario, variant, seed, fingerprint }
}
