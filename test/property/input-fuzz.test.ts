/**
 * Whatever is in a file that somebody gives us, reading it ends soon, with a result or with a clear
 * refusal: exit code 0 to 4, never 70, no stack trace, nothing written but below `out`. Every kind
 * of file that a command takes, but captured traces (import-fuzz.test.ts). 60 mutated files of each
 * kind here; `npm run fuzz` tries 1e5 in all.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { parseBaseline } from '../../src/app/BenchBaseline.ts'
import { benchCommand } from '../../src/app/BenchCommand.ts'
import { checkCommand } from '../../src/app/Commands.ts'
import { explainCommand } from '../../src/app/Explain.ts'
import { ExploreState } from '../../src/app/ExploreState.ts'
import { exportCommand } from '../../src/app/ExportCommand.ts'
import { locksCommand } from '../../src/app/Locks.ts'
import { locksCasesCommand } from '../../src/app/LocksCases.ts'
import { mergeCommand } from '../../src/app/Merge.ts'
import { sweepCommand } from '../../src/app/Sweep.ts'
import { pointsInThisThread } from '../../src/app/SweepPool.ts'
import { loadScenario, runScenario, ScenarioError, traceText } from '../../src/index.ts'
import { readAlsaConf } from '../../src/scenario/alsa-conf.ts'
import { parseSchedule } from '../../src/sim/schedule.ts'
import { mutated, renumbered } from '../support/mutate.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-fuzz-'))
const out = join(folder, 'out')
const own = (path: string): string => readFileSync(join(root, path), 'utf8')
const files = Math.ceil(Number(process.env['PCMSIM_FUZZ'] ?? 480) / 8)

afterAll(() => rmSync(folder, { recursive: true }))

/** What a command says; 70 and stack traces are bugs. */
const said = { text: '' }
const say = (text: string): void => {
  said.text = text
}
const console = { out: say, err: say, print: say, progress: () => {} }

interface Reader {
  readonly name: string
  /** As users name such a file. */
  readonly file: string
  readonly good: string
  /** An exit code, or -1: a reader without one took it or refused it. */
  readonly read: (path: string, text: string, seed: number) => Promise<number> | number
}

const yaml = own('scenarios/first-light.yaml').replace('5100ms', '100ms')
const short = { name: 'short', set: ['duration=60ms', 'expect={}'] }
const [spec] = loadScenario(own('scenarios/first-light.yaml'), short)
if (spec === undefined) throw new Error('no scenario')
const run = runScenario(spec)
const { scenario, variant, seed, outcome, virtualTimeNs } = run.result
const meta = { scenario, variant, seed, outcome, virtualTimeNs, streamNames: {} }
const trace = [...traceText(run.store, meta)].join('')
const locks = { set: [], dot: false, once: false, rawNesting: false, explore: 0 } as const

const traceCommands: readonly ((path: string) => Promise<number>)[] = [
  (path) => locksCommand(path, { ...locks, json: true, races: true }, console),
  (path) => explainCommand(path, { set: [], asked: null, json: false, trials: false }, console),
  (path) => exportCommand(path, { set: [], format: 'chrome' }, console),
  (path) => exportCommand(path, { set: [], format: 'vcd' }, console),
  (path) => exportCommand(path, { set: [], format: 'sarif' }, console),
  (path) => exportCommand(path, { set: [], format: 'ftrace' }, console),
]

const merge = { out, json: false, quiet: true, confidence: 0.95, measure: 'failing' } as const
const grid = { vary: ['streams.0.periods=2,4'], where: [], failIf: [], skipInvalid: false }
const sweep = { ...grid, ...merge, jobs: 1, env: {}, resume: false, progress: 'none' } as const
await sweepCommand(
  put('tiny.yaml', own('scenarios/first-light.yaml')),
  { ...sweep, set: ['duration=60ms', 'expect={}'] },
  pointsInThisThread,
  console,
)
const results = readFileSync(join(out, 'first-light/sweep/results.jsonl'), 'utf8')

const readers: readonly Reader[] = [
  {
    name: 'a scenario',
    file: 'a.yaml',
    good: yaml,
    read: async (path, text, number) => {
      const code = await checkCommand([path], { set: [], json: false, quiet: false }, console)
      if (code === 0 && number % 8 < 2) runBriefly(text)
      return code
    },
  },
  {
    name: 'a saved trace',
    file: 'trace.ndjson',
    good: trace,
    read: (path, _, number) =>
      (traceCommands[(number >> 1) % traceCommands.length] as ReadTrace)(path),
  },
  {
    name: 'lock cases',
    file: 'cases.jsonl',
    good: own('test/data/lockdep-cases.jsonl').split('\n').slice(0, 40).join('\n'),
    read: (path) => locksCasesCommand(path, { json: true }, console),
  },
  {
    name: 'results of a sweep',
    file: 'results.jsonl',
    good: results,
    read: (path) => mergeCommand([path], merge, console),
  },
  {
    name: 'a baseline of benchmarks',
    file: 'baseline.json',
    good: own('bench/baselines/small.json'),
    read: (_, text) => (typeof parseBaseline(text) === 'string' ? 2 : 0),
  },
  {
    name: 'a suite of benchmarks',
    file: 'suite.yaml',
    good: own('bench/small.yaml'),
    read: (path) => {
      const none = { json: true, quiet: true, all: false, report: [] }
      const options = { ...none, baselines: out, records: out, rounds: 5, jobs: 1 }
      // No case has this name: the suites are read, nothing is run.
      return benchCommand([path], { ...options, filter: '\0none' } as never, console)
    },
  },
  {
    name: 'a configuration in the syntax of alsa-lib',
    file: 'pcm-test.conf',
    good: 'pcm.time1 {\n\tdescription "8 kHz [S16]"\n\talt_formats [ S32 S8 ]\n}\n',
    read: (path, text) => (readAlsaConf(path, text).fault === null ? 0 : 2),
  },
  {
    name: 'a saved search, and a schedule',
    file: 'search.jsonl',
    good: '{"pcmsim":"explore","version":1}\n[{"failures":[],"features":[1]}]\n',
    read: (path, text) => {
      parseSchedule(text.slice(0, 400))
      return typeof ExploreState.open(path, {}) === 'string' ? 2 : 0
    },
  },
]

type ReadTrace = (path: string) => Promise<number>

function put(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** What passes the check can be run; 20 ms of it, so that a long one ends. */
function runBriefly(text: string): void {
  try {
    for (const one of loadScenario(text, { set: ['duration=20ms'] })) runScenario(one)
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
  }
}

it.each(readers)(
  `$name: ${files} mutated files are read or refused`,
  async ({ file, good, read }) => {
    mkdirSync(out, { recursive: true })
    const codes = new Map<number, number>()
    for (let number = 0; number < files; number++) {
      const text = number % 2 === 0 ? mutated(good, number) : renumbered(good, number)
      said.text = ''
      const code = await read(put(file, text), text, number)
      if (![0, 1, 2, 3, 4].includes(code)) throw new Error(`number ${number}: ${said.text}`)
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    // Evidence that the mutations reach both ends.
    expect([...codes.keys()]).toContain(2)
    const strange = readdirSync(folder).filter((name) => !known.has(name))
    expect(strange).toEqual([])
  },
  3_600_000,
)

const known = new Set(['out', 'tiny.yaml', ...readers.map(({ file }) => file)])
