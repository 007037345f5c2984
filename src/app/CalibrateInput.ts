/**
 * The traces that `calibrate` is given: files of one run, or folders of captured runs. Read in
 * pieces, packed by gzip or not, so that a large file takes time but no memory.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'
import * as Effect from 'effect/Effect'
import { parseJson } from '../base/json.ts'
import type { Capture } from '../import/capture.ts'
import { capturedRun } from '../import/captured-run.ts'
import type { Imported } from '../import/guest-event.ts'
import type { Replayed } from '../import/scenario.ts'
import { TraceImport, TraceImportFault } from '../import/trace-import.ts'
import { tracedRun } from '../import/traced-run.ts'
import { readBounded } from './bounded-read.ts'
import { InputError } from './Errors.ts'
import { reasonOf } from './io-reason.ts'

export interface TracedRun {
  readonly name: string
  /** Name and SHA-256 of each trace. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[]
  readonly events: Imported
  /** Facts that a captured run's folder tells; null: there are traces only. */
  readonly capture: Capture | null
  readonly replayed: Replayed
}

/** Text of one trace, unpacked; a limit against a small file that unpacks to a huge one. */
const textBytesMax = 4 * 1024 * 1024 * 1024
const jsonBytesMax = 16 * 1024 * 1024
const packed = /\.gz$/

export const readRuns = Effect.fnUntraced(function* (paths: readonly string[]) {
  const folders = paths.filter(isFolder)
  const files = paths.filter((path) => !isFolder(path))
  const runs: TracedRun[] = []
  for (const folder of folders) {
    const traces = ['trace.txt', 'qemu.txt'].flatMap((name) =>
      [join(folder, name), join(folder, `${name}.gz`)]
        .filter((path) => existsSync(path))
        .slice(0, 1),
    )
    if (traces.length === 0) {
      const line = `${folder}: no trace in this folder, allowed: trace.txt[.gz], qemu.txt[.gz]`
      return yield* new InputError({ lines: [line] })
    }
    runs.push(yield* readRun(basename(folder), traces, folder))
  }
  if (files.length > 0) {
    const name = basename(files[0] as string).replace(/(\.txt|\.log)?(\.gz)?$/, '')
    runs.push(yield* readRun(name === '' ? 'trace' : name, files, null))
  }
  return runs
})

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

const readRun = Effect.fnUntraced(function* (
  name: string,
  paths: readonly string[],
  folder: string | null,
) {
  const read = yield* Effect.promise(() => readTraces(paths))
  if (typeof read === 'string') return yield* new InputError({ lines: [read] })
  const { events, files } = read
  if (events.guest.length === 0) {
    const { lines } = events.counts
    const what = `no event of PCM timing in ${lines} lines`
    const line = `${paths[0]}: ${what}, allowed: ftrace text, QEMU's -trace log`
    return yield* new InputError({ lines: [line] })
  }
  const capture = folder === null ? null : captureIn(folder, events)
  if (typeof capture === 'string') return yield* new InputError({ lines: [capture] })
  const replayed = capture ?? tracedRun(name, events)
  if (replayed === null) {
    const line = `${paths[0]}: no stream, allowed: a trace with snd_pcm:hwptr and snd_pcm:applptr`
    return yield* new InputError({ lines: [line] })
  }
  const run: TracedRun = { name, files, events, capture, replayed }
  return run
})

/** The capture, null if the folder has traces only, or what is wrong. */
function captureIn(folder: string, events: Imported): Capture | null | string {
  const paths = ['config.json', 'distilled.json'].map((name) => join(folder, name))
  if (!paths.every((path) => existsSync(path))) return null
  const read: unknown[] = []
  for (const path of paths) {
    try {
      const bytes = readBounded(path, jsonBytesMax, "a capture's JSON")
      read.push(parseJson(bytes.toString('utf8')))
    } catch (error) {
      return `${path}: ${error instanceof SyntaxError ? 'not JSON' : reasonOf(error)}`
    }
  }
  try {
    return capturedRun(read[0], read[1], events)
  } catch (error) {
    return `${folder}: not a captured run as we know it: ${(error as Error).message}`
  }
}

interface Read {
  readonly events: Imported
  readonly files: readonly { readonly name: string; readonly sha256: string }[]
}

/** Or the line that says what is wrong. */
async function readTraces(paths: readonly string[]): Promise<Read | string> {
  const reader = new TraceImport()
  const files: { name: string; sha256: string }[] = []
  for (const path of paths) {
    try {
      files.push({ name: basename(path), sha256: await readOne(path, reader) })
    } catch (error) {
      if (error instanceof TraceImportFault) return `${path}: ${error.message}`
      return `${path}: cannot be read: ${reasonOf(error)}`
    }
  }
  return { events: reader.finish(), files }
}

async function readOne(path: string, reader: TraceImport): Promise<string> {
  const hash = createHash('sha256')
  const source = createReadStream(path)
  const text = packed.test(path) ? source.pipe(createGunzip()) : source
  if (text !== source) source.on('error', (error) => text.destroy(error))
  const decoder = new StringDecoder('utf8')
  let bytes = 0
  for await (const piece of text as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > textBytesMax) throw new TraceImportFault('larger than 4 GiB, the limit of a trace')
    hash.update(piece)
    reader.push(decoder.write(piece))
  }
  reader.endFile()
  return hash.digest('hex')
}
