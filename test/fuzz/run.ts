/**
 * The entry of `npm run fuzz`: hostile files for every reader of files, in batches, each in a
 * process of its own with a limited heap. Prints a row for each reader; exit code 1 if anything was
 * that must not be, with the words that make it again.
 *
 * usage: npm run fuzz -- [files=100000] [jobs=2] [batch=1000] [only=READER] [READER:NUMBER ...]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BatchFacts, Task } from './batch.ts'
import type { Message } from './child.ts'
import { readers } from './readers.ts'

/** What a process that reads one file after the other may take. */
const HEAP_MB = 320
const PEAK_MB = 640
/** Processor time of one file. */
const FILE_MS = 10_000
/** Then the process is ended, s of processor time and of the clock: machines are busy. */
const KILL_CPU_S = 30
const KILL_CLOCK_S = 900
const REAL_EVERY = 1000
const READERS_TOTAL = readers.reduce((sum, { share }) => sum + share, 0)

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const child = fileURLToPath(new URL('./child.js', import.meta.url))
const words = process.argv.slice(2)
const sandbox = mkdtempSync(join(tmpdir(), 'pcmsim-fuzz-'))

function option(name: string, otherwise: string): string {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? otherwise
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

interface Row {
  files: number
  codes: Record<string, number>
  cpuMs: number
  slowestMs: number
  slowest: number
  peakMb: number
  real: number
}

const failures: string[] = []

function fail(reader: string, number: number, what: string): void {
  failures.push(`${reader}:${number}`)
  say(`FAILED ${reader}:${number} (again: npm run fuzz -- ${reader}:${number}): ${what}`)
}

/** A folder for one process: what it may write to is `out` in it, and what stands there is ours. */
function makeFolder(name: string): string {
  const folder = join(sandbox, name)
  for (const one of ['in', 'home', 'tmp']) mkdirSync(join(folder, one), { recursive: true })
  const corpus = join(sandbox, 'made')
  if (name !== 'made') {
    cpSync(join(corpus, 'corpus'), join(folder, 'corpus'), { recursive: true })
    cpSync(join(corpus, 'in'), join(folder, 'in'), { recursive: true })
  }
  return folder
}

/** Seconds of processor time that a process took; 0 where that cannot be asked. */
function cpuSeconds(pid: number | undefined): number {
  try {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
    const fields = rest.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

interface Ended {
  readonly facts: BatchFacts | null
  /** The file under way when it ended. */
  readonly at: number
  readonly why: string
}

function runBatch(task: Task, folder: string): Promise<Ended> {
  const process_: ChildProcess = fork(child, [], {
    cwd: folder,
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    env: { ...process.env, HOME: join(folder, 'home'), TMPDIR: join(folder, 'tmp'), NO_COLOR: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return new Promise((resolve) => {
    let facts: BatchFacts | null = null
    let at = task.from
    let why = ''
    let [sinceMs, sinceCpu] = [performance.now(), cpuSeconds(process_.pid)]
    const watch = setInterval(() => {
      const clock = (performance.now() - sinceMs) / 1000
      const cpu = cpuSeconds(process_.pid) - sinceCpu
      if (clock < KILL_CLOCK_S && cpu < KILL_CPU_S) return
      why = `no end after ${cpu.toFixed(0)} s of processor time, ${clock.toFixed(0)} s`
      process_.kill('SIGKILL')
    }, 1000)
    process_.on('message', (message: Message) => {
      if (message.kind === 'done') facts = message.facts
      else if (message.kind === 'failed') fail(task.reader, message.number, message.what)
      else {
        at = message.number
        sinceMs = performance.now()
        sinceCpu = cpuSeconds(process_.pid)
      }
    })
    process_.on('exit', (code, signal) => {
      clearInterval(watch)
      resolve({ facts, at, why: why === '' ? `the process ended: ${signal ?? code}` : why })
    })
    process_.send(task)
  })
}

/** Batches of a reader; after a file that ends the process the rest goes on in another. */
async function readAll(reader: string, from: number, to: number, row: Row): Promise<void> {
  const folder = makeFolder(`${reader}-${from}`)
  for (let next = from; next < to; ) {
    const task = { root, reader, from: next, to, cpuLimitMs: FILE_MS, realEvery: REAL_EVERY }
    const { facts, at, why } = await runBatch({ ...task, heapMb: HEAP_MB }, folder)
    if (facts === null) {
      fail(reader, at, why)
      next = at + 1
      continue
    }
    add(row, facts, to - next)
    const each = (facts.cpuMs / (to - next)).toFixed(1)
    say(`${reader} ${next}..${to}: ${each} ms a file, ${facts.peakMb.toFixed(0)} MiB`)
    if (facts.peakMb > PEAK_MB) {
      fail(
        reader,
        facts.slowest,
        `files ${next}..${to}: ${facts.peakMb.toFixed(0)} MiB at its peak`,
      )
    }
    next = to
  }
  const strays = [...readdirSync(join(folder, 'home')), ...readdirSync(join(folder, 'tmp'))]
  if (strays.length > 0) fail(reader, from, `left in the folders of the user: ${strays.join(', ')}`)
  if (failures.length === 0) rmSync(folder, { recursive: true })
}

function add(row: Row, facts: BatchFacts, files: number): void {
  row.files += files
  for (const [code, count] of Object.entries(facts.codes)) {
    row.codes[code] = (row.codes[code] ?? 0) + count
  }
  row.cpuMs += facts.cpuMs
  row.real += facts.real
  row.peakMb = Math.max(row.peakMb, facts.peakMb)
  if (facts.slowestMs > row.slowestMs) {
    row.slowestMs = facts.slowestMs
    row.slowest = facts.slowest
  }
}

const rows = new Map<string, Row>()

function rowOf(reader: string): Row {
  const row = rows.get(reader)
  if (row !== undefined) return row
  const none = { files: 0, codes: {}, cpuMs: 0, slowestMs: 0, slowest: -1, peakMb: 0, real: 0 }
  rows.set(reader, none)
  return none
}

function show(): void {
  say('| reader | files | read | refused | other | processes | CPU s | slowest ms | peak MiB |')
  say('|---|---|---|---|---|---|---|---|---|')
  let total = 0
  for (const [name, row] of rows) {
    total += row.files
    const { 0: read = 0, 2: refused = 0 } = row.codes as Record<number, number>
    const other = row.files - read - refused
    const slowest = `${row.slowestMs.toFixed(0)} (${row.slowest})`
    const [cpu, peak] = [(row.cpuMs / 1000).toFixed(0), row.peakMb.toFixed(0)]
    const cells = [name, row.files, read, refused, other, row.real, cpu, slowest, peak]
    say(`| ${cells.join(' | ')} |`)
  }
  say(`${total} files, ${failures.length} failed`)
  if (failures.length > 0) say(failures.join(' '))
}

/** How far in its reader, so that all of them come forward together. */
type Work = readonly [share: number, run: () => Promise<void>]

async function main(): Promise<void> {
  const made = await runBatch(
    { root, reader: '', from: 0, to: 0, cpuLimitMs: 0, realEvery: 0, heapMb: HEAP_MB },
    makeFolder('made'),
  )
  if (made.facts === null) throw new Error(`no corpus: ${made.why}`)
  const again = words.filter((word) => /^[a-z-]+:\d+$/.test(word))
  const names = [option('only', readers[0]?.name ?? ''), ...again.map((word) => word.split(':')[0])]
  const unknown = names.find((name) => !readers.some((one) => one.name === name))
  if (unknown !== undefined) throw new Error(`no reader ${unknown}`)
  const work: Work[] = again.map((word) => {
    const [reader = '', number] = word.split(':')
    return [0, () => readAll(reader, Number(number), Number(number) + 1, rowOf(reader))]
  })
  if (again.length === 0) {
    const files = Number(option('files', '100000'))
    const batch = Number(option('batch', '1000'))
    const only = option('only', '')
    for (const { name, share } of readers) {
      if (only !== '' && name !== only) continue
      const count = only === '' ? Math.ceil((files * share) / READERS_TOTAL) : files
      for (let from = 0; from < count; from += batch) {
        const to = Math.min(count, from + batch)
        work.push([to / count, () => readAll(name, from, to, rowOf(name))])
      }
    }
  }
  work.sort(([a], [b]) => a - b)
  const threads = Array.from({ length: Number(option('jobs', '2')) }, async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next[1]()
  })
  await Promise.all(threads)
  show()
  if (failures.length > 0) say(`their folders are in ${sandbox}`)
  else rmSync(sandbox, { recursive: true })
  process.exitCode = failures.length > 0 ? 1 : 0
}

await main()
