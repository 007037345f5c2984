/**
 * Whole files or none: text goes to a temporary file beside the target, which is renamed when it is
 * complete. A killed command leaves the old file or the new one, and at worst a `.tmp` beside it.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { codeOf, Refused, reasonOf } from './io-reason.ts'

const flushCharacters = 1 << 20

/**
 * Takes text or bytes in pieces, because a trace is larger than a JavaScript string may be; never
 * both kinds in one file.
 */
export function writeFileAtomically(
  path: string,
  content: string | Uint8Array | Iterable<string | Uint8Array>,
): void {
  const folder = dirname(path)
  makeFolder(folder)
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${threadId}.tmp`)
  try {
    const file = openSync(temporary, 'w')
    try {
      if (content instanceof Uint8Array) writeBytes(file, content)
      else writePieces(file, typeof content === 'string' ? [content] : content)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/**
 * Why no results can be written below a folder that need not exist yet, or undefined. Looks at
 * what stands there and writes nothing.
 */
export function folderRefusal(folder: string): string | undefined {
  try {
    const stands = statOf(folder)
    if (stands === undefined) return folderRefusal(dirname(folder))
    return stands.isDirectory() ? undefined : `${folder} is a file, not a folder`
  } catch (error) {
    return `${folder}: ${reasonOf(error)}`
  }
}

/**
 * Component by component: the recursive mkdirSync() of Node 20 does not return where mkdir(2)
 * answers ENOENT although the parent exists, as it does in /proc.
 */
function makeFolder(folder: string): void {
  const stands = statOf(folder)
  if (stands?.isDirectory()) return
  if (stands !== undefined) throw new Refused('ENOTDIR', `${folder} is a file, not a folder`)
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder)
  } catch (error) {
    // Another thread may have been faster.
    if (codeOf(error) === 'EEXIST' && statOf(folder)?.isDirectory()) return
    const why = codeOf(error) === 'ENOENT' ? '' : `: ${reasonOf(error)}`
    throw new Refused(codeOf(error), `no folder ${folder} can be made${why}`)
  }
}

/** What stands at a path; undefined if nothing does. A file on the way is said by its own name. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function writePieces(file: number, pieces: Iterable<string | Uint8Array>): void {
  let pending = ''
  for (const piece of pieces) {
    if (typeof piece !== 'string') {
      writeBytes(file, piece)
      continue
    }
    pending += piece
    if (pending.length < flushCharacters) continue
    writeAll(file, pending)
    pending = ''
  }
  writeAll(file, pending)
}

/** A write may take fewer bytes than it was given, on a pipe or a full disk. */
function writeAll(file: number, text: string): void {
  writeBytes(file, Buffer.from(text, 'utf8'))
}

function writeBytes(file: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) done += writeSync(file, bytes, done)
}
