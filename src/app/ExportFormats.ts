/**
 * The formats of `pcmsim export` by name: what each needs and how it is written. A format is a pure
 * function of a recording and its result, in src/export; this table is where it is added.
 */
import { createHash } from 'node:crypto'
import type { Ns } from '../base/units.ts'
import { chromeTrace } from '../export/chrome.ts'
import { dmesgText } from '../export/dmesg.ts'
import type { ExportedRun } from '../export/exported-run.ts'
import { ftraceText, type Machine } from '../export/ftrace.ts'
import { hdrLog } from '../export/hdr-log.ts'
import { junitXml } from '../export/junit.ts'
import { ktapText } from '../export/ktap.ts'
import { openMetrics } from '../export/openmetrics.ts'
import { perfettoTrace } from '../export/perfetto.ts'
import { procAsound } from '../export/proc-asound.ts'
import { sarifLog } from '../export/sarif.ts'
import { vcdText } from '../export/vcd.ts'
import type { Recording } from './SavedTrace.ts'
import { pcmsimVersion } from './Version.ts'

export interface ExportFormat {
  readonly name: string
  /** Not text: only into a file. */
  readonly binary: boolean
  /** Options beside those of every format that it takes. */
  readonly takes: readonly ('at' | 'machine')[]
  readonly write: (run: Recording, choice: ExportChoice) => Iterable<string | Uint8Array>
}

export interface ExportChoice {
  /** The instant of a snapshot. */
  readonly atNs: Ns
  readonly machine: Machine
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
  {
    name: 'ftrace',
    binary: false,
    takes: ['machine'],
    write: ({ store }, { machine }) => ftraceText(store, machine),
  },
  {
    name: 'vcd',
    binary: false,
    takes: [],
    write: ({ store, result }) => vcdText(store, result.virtualTimeNs, commentOf(result)),
  },
  {
    name: 'proc',
    binary: false,
    takes: ['at'],
    write: ({ store, result }, { atNs }) => procAsound(store, result, atNs),
  },
  {
    name: 'dmesg',
    binary: false,
    takes: [],
    write: ({ store }) => dmesgText(store),
  },
]

/** Formats of verdicts: of every scenario and variant that the options name. */
export const verdictFormats: readonly VerdictFormat[] = [
  { name: 'hdr', needs: 'latencies', write: hdrLog },
  { name: 'openmetrics', needs: 'result', write: openMetrics },
  { name: 'junit', needs: 'result', write: junitXml },
  { name: 'sarif', needs: 'findings', write: (runs) => sarifLog(runs, sarifMaker()) },
  { name: 'ktap', needs: 'result', write: ktapText },
]

function sarifMaker() {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')
  return { version: pcmsimVersion(), digest }
}

export interface VerdictFormat {
  readonly name: string
  /** What it reads beside the result. */
  readonly needs: 'result' | 'latencies' | 'findings'
  readonly write: (runs: readonly ExportedRun[]) => Iterable<string>
}

function aboutOf({ scenario, variant, seed, fingerprint }: Recording['result']) {
  return { generator: 'pcmsim', scenario, variant, seed, fingerprint }
}

function commentOf({ scenario, variant, seed }: Recording['result']): string {
  return `pcmsim ${variant === null ? scenario : `${scenario}/${variant}`} seed ${seed}`
}
