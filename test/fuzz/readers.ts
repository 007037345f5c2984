/**
 * Every kind of file that somebody may give to pcmsim, and the commands that read it. The words of
 * a command name files below the current folder: inputs are in `in`, results go to `out`.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { compareCase } from '../../src/analysis/bench/compare.ts'
import { parseBaseline } from '../../src/app/BenchBaseline.ts'
import type { Prng } from '../../src/base/prng.ts'
import { alignClocks } from '../../src/import/clock-align.ts'
import type { Imported } from '../../src/import/guest-event.ts'
import { stagesOf } from '../../src/import/stages.ts'
import { TraceImport, TraceImportFault } from '../../src/import/trace-import.ts'

export interface Reader {
  readonly name: string
  /** Of 100,000 files so many are of this kind. */
  readonly share: number
  /** Where the mutated file stands. */
  readonly file: string
  /** Names of good files in the corpus begin so. */
  readonly corpus: string
  /** The commands; a file's number chooses one. */
  readonly commands: readonly string[]
  /** After the mutation: makes good again what would hide the rest, such as a checksum. */
  readonly mend?: (text: string, draw: Prng) => string
  /** Instead of the commands: an exit code. */
  readonly call?: (path: string) => number
  /** Written by the command, because it was named. */
  readonly alsoWrites?: readonly string[]
  /** Removed before each file: what a command would go on with. */
  readonly fresh?: string
}

/** So that a run of any scenario ends soon. */
export const SHORT = '--set duration=10ms --set expect={}'
const charts = 'timeline ring jitter latency locks contention critical-path'.split(' ')
const formats = 'chrome perfetto ftrace vcd proc dmesg hdr openmetrics junit sarif ktap'.split(' ')

export const readers: readonly Reader[] = [
  {
    name: 'scenario',
    share: 22_000,
    file: 'in/a.yaml',
    corpus: 'scenario',
    commands: ['check in/a.yaml', 'check in/a.yaml --json', 'list scenarios in/a.yaml'],
  },
  {
    name: 'scenario-run',
    share: 2_500,
    file: 'in/a.yaml',
    corpus: 'short',
    commands: [
      `export in/a.yaml ${SHORT} --format proc`,
      `export in/a.yaml ${SHORT} --format junit`,
      `explain in/a.yaml ${SHORT} --no-counterfactuals`,
      `locks in/a.yaml ${SHORT} --races`,
      `diff in/a.yaml ${SHORT} --seed-b 2`,
      `chart in/a.yaml ${SHORT} --out out/chart.svg`,
      `shrink in/a.yaml ${SHORT}`,
      `report in/a.yaml ${SHORT} --out out/report.html`,
    ],
  },
  {
    name: 'scenario-threads',
    share: 60,
    file: 'in/a.yaml',
    corpus: 'short',
    commands: [`run in/a.yaml ${SHORT}`, `replay in/a.yaml ${SHORT}`],
  },
  {
    name: 'trace',
    share: 21_000,
    file: 'in/trace.ndjson',
    corpus: 'trace',
    mend: (text) => recounted(text),
    commands: [
      'locks in/trace.ndjson --json',
      'locks in/trace.ndjson --races',
      'locks in/trace.ndjson --proc lockdep',
      'locks in/trace.ndjson --proc lockdep_chains',
      'locks in/trace.ndjson --proc lock_stat',
      'locks in/trace.ndjson --dot --once',
      'explain in/trace.ndjson --json',
      'explain in/trace.ndjson --late 1',
      'explain in/trace.ndjson --at 5ms',
      'explain in/trace.ndjson --from 1ms --to late:1',
      'diff in/trace.ndjson corpus/trace-0.ndjson',
      'diff corpus/trace-1.ndjson in/trace.ndjson --markdown',
      ...formats.map((format) => `export in/trace.ndjson --format ${format} --out out/exported`),
      'export in/trace.ndjson --format proc --at 3ms',
      'export in/trace.ndjson --format ftrace --machine host --out out/exported',
    ],
  },
  {
    name: 'trace-chart',
    share: 1_500,
    file: 'in/trace.ndjson',
    corpus: 'trace',
    mend: (text) => recounted(text),
    commands: [
      ...charts.map((kind) => `chart in/trace.ndjson --kind ${kind} --out out/chart.svg`),
      'chart in/trace.ndjson --from 1ms --to 4ms',
      'chart in/trace.ndjson --around late:1',
      'report in/trace.ndjson --out out/report.html',
      'locks in/trace.ndjson --charts out/locks',
    ],
  },
  {
    name: 'lock-cases',
    share: 10_000,
    file: 'in/cases.jsonl',
    corpus: 'cases',
    commands: ['locks --cases in/cases.jsonl --json', 'locks --cases in/cases.jsonl'],
  },
  {
    name: 'lock-baseline',
    share: 4_000,
    file: 'in/locks.json',
    corpus: 'locks',
    commands: ['locks corpus/trace-0.ndjson --baseline in/locks.json'],
  },
  {
    name: 'sweep-results',
    share: 8_000,
    file: 'in/results.jsonl',
    corpus: 'sweep',
    mend: resealed,
    commands: [
      'merge in/results.jsonl',
      'merge in/results.jsonl --json --measure wakeP99Ns',
      'merge in/results.jsonl corpus/sweep-0',
    ],
    fresh: 'out',
  },
  {
    name: 'sweep-resume',
    share: 60,
    file: 'out/first-light/sweep/results.jsonl',
    corpus: 'sweep-0',
    mend: resealed,
    commands: ['sweep corpus/tiny.yaml --vary streams.0.periods=2,4 --resume'],
    fresh: 'out',
  },
  {
    name: 'search',
    share: 60,
    file: 'in/search.jsonl',
    corpus: 'search',
    mend: withHead,
    commands: ['explore corpus/tiny.yaml --runs 8 --no-shrink --resume in/search.jsonl'],
    alsoWrites: ['in/search.jsonl'],
  },
  {
    name: 'capture-import',
    share: 16_780,
    file: 'in/trace.txt',
    corpus: 'import',
    commands: [],
    call: importedTrace,
  },
  {
    name: 'capture-text',
    share: 60,
    file: 'in/trace.txt',
    corpus: 'ftrace',
    commands: [
      'calibrate in/trace.txt corpus/qemu-0',
      'calibrate corpus/ftrace-0 in/trace.txt --json',
      'calibrate in/trace.txt --halves --scenario out/replay.yaml --out out/costs.yaml',
    ],
  },
  {
    name: 'capture-packed',
    share: 60,
    file: 'in/trace.txt.gz',
    corpus: 'ftrace',
    mend: (text, draw) => broken(gzipSync(Buffer.from(text, 'latin1')).toString('latin1'), draw),
    commands: ['calibrate in/trace.txt.gz'],
  },
  ...(['config', 'distilled'] as const).map(
    (kind): Reader => ({
      name: `capture-${kind}`,
      share: 60,
      file: `in/run/${kind}.json`,
      corpus: kind,
      commands: [
        `calibrate in/run --scenario out/${kind}.yaml`,
        'calibrate in/run --json --charts out/charts',
      ],
    }),
  ),
  {
    name: 'bench-suite',
    share: 5_000,
    file: 'in/suite.yaml',
    corpus: 'suite',
    commands: ['bench in/suite.yaml --filter no-case-has-this-name'],
  },
  {
    name: 'bench-baseline',
    share: 7_000,
    file: 'in/baseline.json',
    corpus: 'baseline',
    commands: [],
    call: comparedBaseline,
  },
  {
    name: 'alsa-conf',
    share: 800,
    file: 'in/card.conf',
    corpus: 'conf',
    commands: ['conformance --conf in/card.conf --json'],
  },
  ...(['proc', 'hw-params', 'sw-params', 'dmesg'] as const).map(
    (kind): Reader => ({
      name: `snapshot-${kind}`,
      share: 250,
      file: `in/${kind}.txt`,
      corpus: kind,
      commands: [`explain --${kind} in/${kind}.txt`, `explain --${kind} in/${kind}.txt --json`],
    }),
  ),
]

/** A trace is as long as its header says, so that what is cut is read all the same. */
function recounted(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '')
  return text.replace(/"records":\d+/, `"records":${lines.length - 1}`)
}

/** Lines of a sweep with the checksum that whoever changes them on purpose would write. */
function resealed(text: string, draw: Prng): string {
  if (draw.below(8) === 0) return text
  const seal = (line: string): string => {
    const end = line.lastIndexOf(',"sum":"')
    const body = end < 0 ? line.replace(/\}$/, '') : line.slice(0, end)
    const sum = createHash('sha256').update(Buffer.from(body, 'latin1')).digest('hex')
    return `${body},"sum":"${sum.slice(0, 16)}"}`
  }
  return text
    .split('\n')
    .map((line) => (line === '' ? line : seal(line)))
    .join('\n')
}

/** The first line says whose search it is: with another nothing more is read. */
function withHead(text: string): string {
  const head = readFileSync('corpus/search-0', 'latin1').split('\n')[0]
  return `${head}\n${text.slice(text.indexOf('\n') + 1)}`
}

/** Half of the packed files are damaged once more, behind the packing. */
function broken(packed: string, draw: Prng): string {
  if (draw.below(2) === 0) return packed
  const at = draw.below(packed.length)
  if (draw.below(2) === 0) return packed.slice(0, at)
  return packed.slice(0, at) + String.fromCharCode(draw.below(256)) + packed.slice(at + 1)
}

/** What `calibrate` does before it fits anything, which takes far longer. */
function importedTrace(path: string): number {
  const reader = new TraceImport({ events: 1_000 })
  try {
    reader.push(readFileSync(path, 'utf8'))
    reader.endFile()
    const run = reader.finish()
    holdImported(run)
    return run.guest.length + run.host.length > 0 ? 0 : 2
  } catch (error) {
    if (error instanceof TraceImportFault) return 2
    throw error
  }
}

/** Events in order of time, with finite numbers, whatever the text was. */
function holdImported(run: Imported): void {
  const numbers = [
    ...run.guest.flatMap((e) => [e.timeNs, e.task, e.arg, e.period, e.buffer, e.old]),
    ...run.host.flatMap((e) => [e.timeNs, e.code]),
  ]
  if (!numbers.every(Number.isFinite)) throw new Error('a number that is none')
  for (const events of [run.guest, run.host]) {
    let before = 0
    for (const { timeNs } of events) {
      if (timeNs < before) throw new Error('out of order')
      before = timeNs
    }
  }
  const aligned = alignClocks(run)
  if (aligned !== null && !(aligned.uncertaintyNs >= 0)) throw new Error('bounds crossed')
  for (const samples of Object.values(stagesOf(run, aligned?.offsetNs ?? null))) {
    for (const { atNs, ns } of samples) {
      if (!Number.isFinite(ns) || !Number.isFinite(atNs)) throw new Error('no time')
    }
  }
}

/** `bench --against` runs the cases first: here the baseline is compared with its good form. */
function comparedBaseline(path: string): number {
  const before = parseBaseline(readFileSync(path, 'utf8'))
  const now = parseBaseline(readFileSync('corpus/baseline-0', 'utf8'))
  if (typeof now === 'string') throw new Error(now)
  if (typeof before === 'string') return 2
  for (const [name, facts] of Object.entries(now.cases)) {
    const report = compareCase(name, before.cases[name], facts, {})
    writeFileSync('out/compared.json', JSON.stringify(report))
  }
  return 0
}
