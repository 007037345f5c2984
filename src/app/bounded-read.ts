/**
 * Reading files that others wrote. A size is no promise: a device, a pipe and a file below /proc
 * have none, and a file may grow while it is read; so at most one byte more than is allowed is
 * read.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Refused } from './io-reason.ts'

const pieceBytes = 1 << 16
const mebibyte = 1 << 20

/** The whole file, `-` for standard input; throws Refused if it is larger, or is a folder. */
export function readBounded(path: string, bytesMax: number, what: string): Buffer {
  const file = path === '-' ? 0 : openSync(path, 'r')
  try {
    const stats = fstatSync(file)
    if (stats.isDirectory()) throw new Refused('EISDIR', 'is a folder, not a file')
    const tooLarge = `larger than ${bytesMax / mebibyte} MiB, the limit of ${what}`
    if (stats.isFile() && stats.size > bytesMax) throw new Refused('EFBIG', tooLarge)
    let buffer = Buffer.allocUnsafe(stats.isFile() ? stats.size + 1 : pieceBytes)
    let length = 0
    for (;;) {
      const got = readSync(file, buffer, length, buffer.length - length, null)
      if (got === 0) return buffer.subarray(0, length)
      length += got
      if (length > bytesMax) throw new Refused('EFBIG', tooLarge)
      if (length < buffer.length) continue
      const larger = Buffer.allocUnsafe(Math.min(bytesMax + 1, 2 * length + pieceBytes))
      buffer.copy(larger, 0, 0, length)
      buffer = larger
    }
  } finally {
    if (file !== 0) closeSync(file)
  }
}
