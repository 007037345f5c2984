/**
 * Files of one kind, one after the other: each is made from its number, read by its command, and
 * judged. The current folder is the batch's own: `corpus` and `in` are there, results go to `out`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Prng } from '../../src/base/prng.ts'
import { hostile } from '../support/mutate.ts'
import type { Done, Program } from './program.ts'
import type { Reader } from './readers.ts'

export interface Task {
  readonly root: string
  /** Empty: make the corpus. */
  readonly reader: string
  readonly from: number
  readonly to: number
  readonly cpuLimitMs: number
  /** Every so many files the command runs in a process of its own too; 0: none. */
  readonly realEvery: number
  readonly heapMb: number
}

export interface BatchFacts {
  readonly codes: Readonly<Record<string, number>>
  readonly cpuMs: number
  readonly slowestMs: number
  readonly slowest: number
  readonly peakMb: number
  readonly real: number
}

/** Told of each file before it is read, and of what is wrong with how it was. */
export interface Listener {
  at(number: number): void
  failed(number: number, what: string): void
}

const allowedCodes = [0, 1, 2, 3, 4]
const cleanEvery = 100

export class Batch {
  private readonly task: Task
  private readonly reader: Reader
  private readonly program: Program
  private readonly listener: Listener
  private readonly goods: readonly string[]
  private readonly before = new Set(readdirSync('.'))
  private readonly codes: Record<string, number> = {}
  private cpuMs = 0
  private slowestMs = 0
  private slowest = -1
  private real = 0
  private thrown: unknown = null

  constructor(task: Task, reader: Reader, program: Program, listener: Listener) {
    this.task = task
    this.reader = reader
    this.program = program
    this.listener = listener
    const own = (name: string): boolean =>
      name === reader.corpus || name.startsWith(`${reader.corpus}-`)
    this.goods = readdirSync('corpus')
      .filter(own)
      .toSorted()
      .map((name) => readFileSync(join('corpus', name), 'latin1'))
  }

  async run(): Promise<BatchFacts> {
    const { from, to } = this.task
    const onThrown = (error: unknown): void => {
      this.thrown ??= error
    }
    process.on('unhandledRejection', onThrown)
    for (let number = from; number < to; number++) {
      this.listener.at(number)
      const what = await this.one(number)
      if (what !== null) this.listener.failed(number, what)
      if (number % cleanEvery === cleanEvery - 1) rmSync('out', { recursive: true, force: true })
    }
    process.off('unhandledRejection', onThrown)
    const { codes, cpuMs, slowestMs, slowest, real } = this
    const peakMb = process.resourceUsage().maxRSS / 1024
    return { codes, cpuMs, slowestMs, slowest, peakMb, real }
  }

  /** What is wrong with how the file was read; null: nothing. */
  private async one(number: number): Promise<string | null> {
    const { reader, task } = this
    const draw = new Prng(number, reader.name)
    const text = hostile(this.goods, draw)
    if (reader.fresh !== undefined) rmSync(reader.fresh, { recursive: true, force: true })
    mkdirSync(dirname(reader.file), { recursive: true })
    mkdirSync('out', { recursive: true })
    writeFileSync(reader.file, reader.mend?.(text, draw) ?? text, 'latin1')
    const words = reader.commands[number % reader.commands.length]?.split(' ') ?? []
    const before = process.cpuUsage()
    const done = await this.read(words)
    const { user, system } = process.cpuUsage(before)
    const ms = (user + system) / 1000
    this.cpuMs += ms
    if (ms > this.slowestMs) {
      this.slowestMs = ms
      this.slowest = number
    }
    this.codes[done.code] = (this.codes[done.code] ?? 0) + 1
    const stray = readdirSync('.').filter((name) => !this.before.has(name) && name !== 'out')
    if (stray.length > 0) return `written beside out: ${stray.join(', ')}`
    return judged(done, ms, this) ?? this.asProcess(number, words, done.code, task)
  }

  get cpuLimitMs(): number {
    return this.task.cpuLimitMs
  }

  /** Whether the command may write there. */
  mayWrite(path: string): boolean {
    const temporary = resolve(process.env['TMPDIR'] ?? '/tmp')
    if ([resolve('out'), temporary].some((one) => path === one || path.startsWith(`${one}/`))) {
      return true
    }
    // A folder is tried by a folder that is made in it and taken away.
    return (this.reader.alsoWrites ?? []).some(
      (one) => resolve(one) === path || path.startsWith(resolve(dirname(one), '.pcmsim-')),
    )
  }

  private async read(words: readonly string[]): Promise<Done> {
    const { call, file } = this.reader
    this.thrown = null
    let done: Done
    try {
      done =
        call === undefined
          ? await this.program(words)
          : { code: call(file), text: '-', written: new Set() }
    } catch (error) {
      done = {
        code: 70,
        text: error instanceof Error ? `${error.stack}` : `${error}`,
        written: new Set(),
      }
    }
    await new Promise((resolved) => setImmediate(resolved))
    if (this.thrown !== null) {
      const text = `an unhandled rejection: ${(this.thrown as Error).stack ?? this.thrown}`
      return { ...done, code: 70, text }
    }
    return done
  }

  /** The same words in a process of their own must come to the same. */
  private asProcess(number: number, words: readonly string[], code: number, task: Task) {
    const { reader } = this
    const every = task.realEvery
    if (every === 0 || number % every !== every - 1 || reader.call !== undefined) return null
    if (reader.alsoWrites !== undefined || reader.name === 'sweep-resume') return null
    this.real++
    const main = join(task.root, 'dist/bin/main.js')
    const args = [`--max-old-space-size=${task.heapMb}`, main, ...words]
    const { status, signal } = spawnSync(process.execPath, args, { stdio: 'ignore' })
    return status === code ? null : `as a process: exit code ${status ?? signal}, here ${code}`
  }
}

function judged({ code, text, written }: Done, ms: number, batch: Batch): string | null {
  if (!allowedCodes.includes(code)) return `exit code ${code}: ${text.slice(-3000)}`
  if (code === 2 && text.trim() === '') return 'exit code 2 and not a word'
  if (/\n {4}at .*:\d+:\d+/.test(text)) return `a stack trace: ${text.slice(-3000)}`
  if (ms > batch.cpuLimitMs) return `${Math.round(ms)} ms of processor time`
  const strays = [...written].filter((path) => !batch.mayWrite(path))
  return strays.length > 0 ? `written outside out: ${strays.join(', ')}` : null
}
