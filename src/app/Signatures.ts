/**
 * What each scenario looks like from outside, in /proc/asound and in the kernel log: at its first
 * failure, a millisecond after it, and at its end. Computed by running it;
 * schema/signatures.ndjson keeps them, one a line,
 * and test/unit/scenarios.test.ts holds the file to the runs (`npm run signatures` writes it anew).
 */
import { readFileSync } from 'node:fs'
import { firstSubject } from '../analysis/explain/subject.ts'
import { NS_PER_MS, type Ns } from '../base/units.ts'
import { dmesgLines } from '../export/dmesg.ts'
import { procAsound } from '../export/proc-asound.ts'
import { logFeatures, procFeatures } from '../import/snapshot.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Recording } from './SavedTrace.ts'

export interface Signature {
  /** Below `scenarios/`, with forward slashes. */
  readonly file: string
  readonly scenario: string
  readonly variant: string | null
  readonly seed: number
  /** When it looks so. */
  readonly at: 'failure' | 'after' | 'end'
  /** First sentence of its summary. */
  readonly summary: string
  /** Sorted (import/snapshot.ts). */
  readonly features: readonly string[]
}

export function signaturesOf(
  file: string,
  { variant, seed, name: scenario, summary: text }: ScenarioSpec,
  { store, result }: Recording,
): readonly Signature[] {
  const log = dmesgLines(store)
  const subject = firstSubject(result, [])
  const summary = firstSentence(text)
  const instants: [Signature['at'], Ns][] = [['end', result.virtualTimeNs]]
  if (subject.kind !== 'late') {
    const { timeNs } = subject
    instants.unshift(['failure', timeNs], ['after', timeNs + NS_PER_MS])
  }
  return instants.map(([at, atNs]): Signature => {
    const proc = [...procAsound(store, result, atNs)].join('')
    const lines = log.filter(({ timeNs }) => timeNs <= atNs).map((one) => one.text)
    const features = [
      ...procFeatures([{ name: 'proc', text: proc }]),
      ...logFeatures({ name: 'log', text: lines.join('\n') }),
    ].map((one) => (typeof one === 'string' ? one : one.feature))
    const unique = [...new Set(features)].sort((a, b) => (a < b ? -1 : 1))
    return { file, scenario, variant, seed, at, summary, features: unique }
  })
}

function firstSentence(text: string): string {
  const whole = text.replace(/\s+/g, ' ').trim()
  return /^.{1,200}?[.!?](?= |$)/.exec(whole)?.[0] ?? whole.slice(0, 200)
}

const PLACE = new URL('../../schema/signatures.ndjson', import.meta.url)

/** All of them, in the order of the files. */
export function readSignatures(): readonly Signature[] {
  const lines = readFileSync(PLACE, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Signature)
}

export function signatureLine(one: Signature): string {
  return `${JSON.stringify(one)}\n`
}
