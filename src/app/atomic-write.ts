/**
 * Whole files or none: text goes to a temporary file beside the target, which is renamed when it is
 * complete. A killed command leaves the old file or the new one, and at worst a `.tmp` beside it.
 */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'

const flushCharacters = 1 << 20

/** Takes text in pieces, because a trace is larger than a JavaScript string may be. */
export function writeFileAtomically(path: string, text: string | Iterable<string>): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true })
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${threadId}.tmp`)
  try {
    const file = openSync(temporary, 'w')
    try {
      writePieces(file, typeof text === 'string' ? [text] : text)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function writePieces(file: number, pieces: Iterable<string>): void {
  let pending = ''
  for (const piece of pieces) {
    pending += piece
    if (pending.length < flushCharacters) continue
    writeAll(file, pending)
    pending = ''
  }
  writeAll(file, pending)
}

/** A write may take fewer bytes than it was given, on a pipe or a full disk. */
function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  let done = 0
  while (done < bytes.length) done += writeSync(file, bytes, done)
}
