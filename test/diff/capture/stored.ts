/** The captures that are kept with the tests, and those in folders elsewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Capture } from '../../../src/import/capture.ts'
import { type Condensed, expand } from './condensed.ts'
import { readFolder } from './folder.ts'

export const STORE = 'test/data/captures'

/** Names of the captures in test/data/captures. */
export function storedNames(): readonly string[] {
  const files = readdirSync(STORE).filter((file) => file.endsWith('.json'))
  return files.map((file) => basename(file, '.json')).toSorted()
}

export function stored(name: string): Capture {
  const text = readFileSync(join(STORE, `${name}.json`), 'utf8')
  return expand(JSON.parse(text) as Condensed)
}

/** A capture's folder, or the folders of captures in one. */
export function captureFolders(path: string): readonly string[] {
  const isCapture = (folder: string): boolean => existsSync(join(folder, 'distilled.json'))
  if (isCapture(path)) return [path]
  return readdirSync(path)
    .map((name) => join(path, name))
    .filter((folder) => isCapture(folder) && existsSync(join(folder, 'config.json')))
    .toSorted()
}

export function capturesOf(path: string): readonly Capture[] {
  return captureFolders(path).map(readFolder)
}
