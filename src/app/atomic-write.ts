/**
 * Whole files or none: text goes to a temporary file beside the target, which is renamed when it is
 * complete. A killed command leaves the old file or the new one, and at worst a `.tmp` beside it.
 */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { codeOf, Refused, reasonOf, writing } from './io-reason.ts'

const bufferBytes = 1 << 20
/** Bytes of one UTF-16 unit. */
const utf8BytesMax = 3

/**
 * Takes text or bytes in pieces, because a trace is larger than a JavaScript string may be; never
 * both kinds in one file. Throws an UnwritableError.
 */
export function writeFileAtomically(
  path: string,
  content: string | Uint8Array | Iterable<string | Uint8Array>,
): void {
  writing(path, () => writeWhole(path, content))
}

function writeWhole(path: string, content: string | Uint8Array | Iterable<string | Uint8Array>) {
  const folder = dirname(path)
  makeFolder(folder)
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${threadId}.tmp`)
  try {
    // Never through what somebody put there: a link may lead anywhere.
    rmSync(temporary, { force: true })
    const file = openSync(temporary, 'wx')
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
 * Why no results can be written below a folder that need not exist yet, or undefined. Tried by
 * making a folder in what stands there, which is taken away again.
 */
export function folderRefusal(folder: string): string | undefined {
  try {
    const stands = statOf(folder)
    if (stands === undefined) return folderRefusal(dirname(folder))
    if (!stands.isDirectory()) return `${folder} is a file, not a folder`
    rmdirSync(mkdtempSync(join(folder, '.pcmsim-')))
    return undefined
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'no folder can be made there' : reasonOf(error)
    return `${folder}: ${why}`
  }
}

/**
 * Component by component: the recursive mkdirSync() of Node 20 does not return where mkdir(2)
 * answers ENOENT although the parent exists, as it does in /proc.
 */
export function makeFolder(folder: string): void {
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

/** Texts are gathered in one buffer, which is used again: a trace is millions of lines. */
function writePieces(file: number, pieces: Iterable<string | Uint8Array>): void {
  const buffer = Buffer.allocUnsafe(bufferBytes)
  let used = 0
  for (const piece of pieces) {
    const fits = typeof piece === 'string' && used + utf8BytesMax * piece.length <= bufferBytes
    if (fits) {
      used += buffer.write(piece, used)
      continue
    }
    writeBytes(file, buffer.subarray(0, used))
    used = 0
    writeBytes(file, typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece)
  }
  writeBytes(file, buffer.subarray(0, used))
}

/** A write may take fewer bytes than it was given, on a pipe or a full disk. */
function writeBytes(file: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) done += writeSync(file, bytes, done)
}
