/**
 * The file that a long recording keeps its records in while it runs and is read. It has no name any
 * more once it is open, so whatever ends the process, nothing is left. Windows keeps names: there a
 * killed run leaves a `.tmp`, which nothing reads.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { type BlockFile, ChunkPool } from '../sim/trace-columns.ts'
import { makeFolder } from './atomic-write.ts'
import { writing } from './io-reason.ts'

/** Recordings that go to a file in `folder` (default: that for temporary files) when long. */
export function filePool(folder: string = tmpdir()): ChunkPool {
  return new ChunkPool(() => new RecordFile(folder))
}

let filesMade = 0

class RecordFile implements BlockFile {
  private readonly folder: string
  private readonly path: string
  private readonly file: number
  private readonly named: boolean
  /** Where each block begins, and where the next one will. */
  private readonly starts = [0]
  private buffer = Buffer.alloc(0)

  constructor(folder: string) {
    this.folder = folder
    this.path = join(folder, `.records.${process.pid}-${threadId}-${filesMade++}.tmp`)
    this.file = this.trying(() => {
      makeFolder(folder)
      return openSync(this.path, 'wx+', 0o600)
    })
    this.named = !removed(this.path)
  }

  append(pieces: Iterable<Uint8Array>): void {
    let at = this.starts.at(-1) ?? 0
    for (const piece of pieces) {
      for (let done = 0; done < piece.length; ) {
        done += this.trying(() => writeSync(this.file, piece, done, piece.length - done, at + done))
      }
      at += piece.length
    }
    this.starts.push(at)
  }

  read(nth: number): Uint8Array {
    const from = this.starts[nth] ?? 0
    const length = (this.starts[nth + 1] ?? from) - from
    if (this.buffer.length < length) this.buffer = Buffer.allocUnsafeSlow(2 * length)
    for (let done = 0; done < length; ) {
      const got = readSync(this.file, this.buffer, done, length - done, from + done)
      if (got === 0) throw new Error(`${this.path} has become shorter`)
      done += got
    }
    return this.buffer.subarray(0, length)
  }

  close(): void {
    closeSync(this.file)
    if (this.named) removed(this.path)
  }

  private trying<V>(work: () => V): V {
    return writing(this.folder, work, 'the records of the run: ')
  }
}

/** Whether the name is gone; Windows refuses while the file is open. */
function removed(path: string): boolean {
  try {
    rmSync(path)
    return true
  } catch {
    return false
  }
}
