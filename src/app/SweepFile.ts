/**
 * The results of a sweep in a file that is only appended to: a line that says what is swept, then a
 * line for each run, or each search for rare failures, in JSON with a checksum. A kill may leave a
 * broken line anywhere; such lines count for nothing and their runs are made again. Lines may stand
 * twice and in any order; the finished file has each once, in the order of the points, whoever ran
 * them.
 */
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { parseJson } from '../base/json.ts'
import { codeOf, reasonOf, writing } from './io-reason.ts'
import { isHeader, isPoint, type PointLine, type SweepHeader } from './SweepLines.ts'

const sumDigits = 16
const sumAt = `,"sum":"`.length + sumDigits + 2

/** JSON with a checksum of all that stands before it as its last member. */
export function sealed(value: SweepHeader | PointLine): string {
  const body = JSON.stringify(value).slice(0, -1)
  return `${body},"sum":"${sumOf(body)}"}`
}

/** Null: spoilt. The checksum finds accidents; what is sealed need not be ours all the same. */
function unsealed(line: string): SweepHeader | PointLine | null {
  const body = line.slice(0, -sumAt)
  if (line.length <= sumAt || line !== `${body},"sum":"${sumOf(body)}"}`) return null
  try {
    const value = parseJson(line)
    return isHeader(value) || isPoint(value) ? withoutSum(value) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, sumDigits)
}

export interface FoundLine {
  readonly point: PointLine
  /** Where its bytes stand. */
  readonly offset: number
  readonly length: number
}

export interface ReadSweep {
  readonly header: SweepHeader | null
  /** Lines that a kill or a bad disk spoilt. */
  readonly spoilt: number
  /** Whether the file ends with a whole line. */
  readonly ends: boolean
}

/** Calls `take` for each good line. Reads in pieces, because a file may have a million lines. */
export function readSweep(path: string, take: (line: FoundLine) => void): ReadSweep {
  let header: SweepHeader | null = null
  let spoilt = 0
  const { ends } = eachLine(path, (text, offset, length) => {
    const value = unsealed(text)
    if (value === null || !belongs(value, header)) spoilt++
    else if ('pcmsim' in value) header ??= value
    else take({ point: value, offset, length })
  })
  return { header, spoilt, ends }
}

/** A point of the sweep whose header stands before it: a run of a sweep, a search of searches. */
function belongs(value: SweepHeader | PointLine, header: SweepHeader | null): boolean {
  if (header === null || 'pcmsim' in value) return true
  if ((value.search === undefined) !== (header.rare === undefined)) return false
  return value.at < header.points && value.set.length === header.axes.length
}

function withoutSum<T extends object>(value: T): T {
  const { sum: _, ...rest } = value as T & { sum: string }
  return rest as unknown as T
}

const pieceBytes = 1 << 20
/** A header has every value of every axis. A longer line is spoilt, and its text is not kept. */
const lineBytesMax = 16 << 20

function eachLine(
  path: string,
  take: (text: string, offset: number, length: number) => void,
): { readonly ends: boolean } {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    let rest = Buffer.alloc(0)
    let restAt = 0
    let cut = false
    for (let at = 0; at < size; ) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, size - at))
      const got = readSync(file, piece, 0, piece.length, at)
      if (got === 0) break
      at += got
      const bytes = Buffer.concat([rest, piece.subarray(0, got)])
      let from = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        if (cut || end - from > lineBytesMax) take('', restAt + from, end - from)
        else if (end > from) take(bytes.toString('utf8', from, end), restAt + from, end - from)
        cut = false
        from = end + 1
      }
      rest = bytes.subarray(from)
      restAt += from
      if (rest.length <= lineBytesMax && !cut) continue
      cut = true
      restAt += rest.length
      rest = Buffer.alloc(0)
    }
    if (rest.length > 0 || cut) take(rest.toString('utf8'), restAt, rest.length)
    return { ends: rest.length === 0 && !cut }
  } finally {
    closeSync(file)
  }
}

/** A file of results that is being written. */
export class SweepWriter {
  private readonly path: string
  private readonly file: number

  private constructor(path: string) {
    this.path = path
    this.file = openSync(path, 'a')
  }

  /** Behind what is there; a broken end becomes a line of its own. */
  static goOn(path: string, { ends, header: found }: ReadSweep, header: SweepHeader): SweepWriter {
    const writer = new SweepWriter(path)
    if (!ends) writer.append('\n')
    if (found === null) writer.append(`${sealed(header)}\n`)
    return writer
  }

  add(lines: readonly PointLine[]): void {
    this.append(lines.map((line) => `${sealed(line)}\n`).join(''))
  }

  close(): void {
    closeSync(this.file)
  }

  /** One call where the system takes it: two writers do not tear each other's lines. */
  private append(text: string): void {
    const bytes = Buffer.from(text, 'utf8')
    writing(this.path, () => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.file, bytes, done)
    })
  }
}

/** Whether a file stands there with at least one byte; else why it cannot be read. */
export function standsAt(path: string): boolean | string {
  try {
    const file = openSync(path, 'r')
    try {
      return fstatSync(file).size > 0
    } finally {
      closeSync(file)
    }
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? false : reasonOf(error)
  }
}

/**
 * Good lines of several files, each point once: the sources of a merge. Keeps where lines stand,
 * not the lines. `conflict` names the first point of which two files say different things.
 */
export class SweepSources {
  conflict: { readonly at: number; readonly path: string; readonly before: string } | null = null
  spoilt = 0
  private readonly files: { readonly path: string; readonly fd: number }[] = []
  private readonly places = new Map<number, { file: number; offset: number; length: number }>()
  private readonly sums = new Map<number, string>()

  /** The file's header. */
  add(path: string): ReadSweep {
    const fd = openSync(path, 'r')
    const file = this.files.push({ path, fd }) - 1
    const found = readSweep(path, ({ point, offset, length }) => {
      const sum = `${point.key} ${sumOf(JSON.stringify(point.result))}`
      const known = this.sums.get(point.at)
      if (known === undefined) {
        this.sums.set(point.at, sum)
        this.places.set(point.at, { file, offset, length })
      } else if (known !== sum && this.conflict === null) {
        const first = this.files[this.places.get(point.at)?.file ?? 0]?.path ?? ''
        this.conflict = { at: point.at, path, before: first }
      }
    })
    this.spoilt += found.spoilt
    return found
  }

  get size(): number {
    return this.places.size
  }

  /** The whole file in pieces: the header, then the points in their order. */
  *text(header: SweepHeader): Generator<string> {
    yield `${sealed(header)}\n`
    for (const at of [...this.places.keys()].toSorted((a, b) => a - b)) {
      yield `${this.lineOf(at)}\n`
    }
  }

  /** The points in their order. */
  *points<R>(): Generator<PointLine<R>> {
    for (const at of [...this.places.keys()].toSorted((a, b) => a - b)) {
      yield withoutSum(JSON.parse(this.lineOf(at)) as PointLine<R>)
    }
  }

  close(): void {
    for (const { fd } of this.files) closeSync(fd)
  }

  private lineOf(at: number): string {
    const place = this.places.get(at)
    if (place === undefined) throw new RangeError(`no point ${at}`)
    const bytes = Buffer.allocUnsafe(place.length)
    readSync(this.files[place.file]?.fd ?? -1, bytes, 0, place.length, place.offset)
    return bytes.toString('utf8')
  }
}
