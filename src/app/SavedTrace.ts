/**
 * A saved trace back into a recording and its result. Read in pieces, because a trace may be larger
 * than a JavaScript string. What the records do not tell stands in the header's `meta`.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { buildResult, type RunMeta, type RunResult, type Thresholds } from '../analysis/result.ts'
import { AssertionFault } from '../base/assert.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { TraceTextFault, TraceTextReader, traceTextBytes } from '../sim/trace-text.ts'
import { fingerprint } from './Fingerprint.ts'
import { reasonOf, UnwritableError } from './io-reason.ts'
import { filePool } from './record-file.ts'

export interface Recording {
  readonly store: TraceStore
  readonly result: RunResult
}

const pieceBytes = 1 << 20

/** The file's bytes. `streamNames` tells the result's name of a stream from its device's. */
export function traceTextOf(
  store: TraceStore,
  result: RunResult,
  streamNames: Readonly<Record<string, string>>,
): Iterable<Uint8Array> {
  const { scenario, variant, seed, outcome, virtualTimeNs } = result
  const about = { scenario, variant, seed, outcome, virtualTimeNs, streamNames }
  return traceTextBytes(store, { ...about, thresholds: thresholdsIn(result) })
}

function thresholdsIn(result: RunResult): Readonly<Record<string, Thresholds>> {
  return Object.fromEntries(
    Object.entries(result.streams).flatMap(([name, { params }]) =>
      params.thresholds === undefined ? [] : [[name, params.thresholds]],
    ),
  )
}

/** The recording, or a line that says what is wrong with the file. */
export function readTraceFile(path: string): Recording | string {
  try {
    return withResult(readStore(path))
  } catch (error) {
    if (error instanceof TraceTextFault) return `${path}:${error.line}:1: ${error.message}`
    if (error instanceof UnwritableError) throw error
    if (error instanceof AssertionFault) {
      return `${path}: the records contradict each other: ${error.message}`
    }
    if (error instanceof Error && 'code' in error)
      return `${path}: cannot be read: ${reasonOf(error)}`
    throw error
  }
}

function readStore(path: string): ReturnType<TraceTextReader['finish']> {
  const reader = new TraceTextReader(filePool())
  const decoder = new StringDecoder('utf8')
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes)
    for (let got = readSync(file, buffer); got > 0; got = readSync(file, buffer)) {
      reader.push(decoder.write(buffer.subarray(0, got)))
    }
    return reader.finish()
  } finally {
    closeSync(file)
  }
}

function withResult({ store, meta }: ReturnType<TraceTextReader['finish']>): Recording {
  const about = meta as Partial<RunMeta>
  const result = buildResult(store, {
    scenario: String(about.scenario ?? 'trace'),
    variant: about.variant ?? null,
    seed: Number(about.seed ?? 0),
    virtualTimeNs: Number(about.virtualTimeNs ?? 0),
    outcome: about.outcome ?? 'completed',
    fingerprint: fingerprint(store),
    streamNames: about.streamNames ?? {},
    thresholds: about.thresholds ?? {},
  })
  return { store, result }
}
