/** The folder of a captured run (config.json, distilled.json, trace.txt.gz) as a Capture. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Capture } from '../../../src/import/capture.ts'
import { capturedRun } from '../../../src/import/captured-run.ts'
import { TraceImport } from '../../../src/import/trace-import.ts'

export function readFolder(folder: string): Capture {
  const json = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const reader = new TraceImport()
  reader.push(gunzipSync(readFileSync(join(folder, 'trace.txt.gz'))).toString('utf8'))
  return capturedRun(json('config.json'), json('distilled.json'), reader.finish())
}
