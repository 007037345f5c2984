/**
 * The rules of docs/design.md that a compiler does not check: who may import whom, what the core
 * may not use, how long a line and a function may be. The tables are data; test/support/tidy-
 * rules.ts has the rules. Each rule is shown to fail on a synthetic tree.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  type Ban,
  bannedWords,
  deadFiles,
  type ImportTable,
  importCycles,
  lastingClosures,
  longFunctions,
  longLines,
  sortsWithoutComparator,
  type Tree,
  wrongArrows,
} from './support/tidy-rules.ts'

const traceSide = ['base', 'sim/trace*', 'sim/symbols', 'sim/lock-flags', 'sim/access-flags']
const machine = ['base', 'sim', 'model/machine']
const kernel = [...machine, 'model/linux']
const seams = ['model/virtio', 'model/xen']

const table: ImportTable = {
  arrows: {
    base: [],
    sim: ['base'],
    'model/machine': ['base', 'sim'],
    'model/linux': machine,
    'model/alsa': kernel,
    'model/virtio': kernel,
    'model/xen': kernel,
    'model/guest': [...kernel, 'model/alsa', ...seams],
    'model/host': [...machine, ...seams],
    'model/user': [...kernel, 'model/alsa'],
    analysis: traceSide,
    scenario: ['base', 'sim', 'model', 'analysis'],
    explore: ['base', 'sim', 'scenario', 'analysis'],
    chart: [...traceSide, 'analysis'],
    export: [...traceSide, 'analysis'],
    import: [...traceSide, 'analysis'],
    app: ['base', 'sim', 'model', 'scenario', 'analysis', 'explore', 'chart', 'export', 'import'],
    page: [...traceSide, 'analysis', 'chart'],
    cli: ['app'],
    index: ['base', 'sim', 'scenario', 'analysis', 'explore', 'chart', 'export', 'import', 'app'],
  },
  packages: {
    effect: ['app'],
    yaml: ['app'],
    commander: ['cli'],
    'd3-node': ['app/Charts'],
    '@resvg/resvg-js': ['app/Charts'],
    '@dagrejs/dagre': ['chart/lock-graph-layers'],
    'hdr-histogram-js': ['export/hdr-log'],
    sarif: ['export/sarif'],
    piscina: ['app/ExplorePool', 'app/explore-worker', 'app/SweepPool'],
    'node:': ['app', 'cli'],
  },
}

const entries = [
  'cli/main.ts',
  'index.ts',
  'app/run-worker.ts',
  'app/bench-worker.ts',
  'page/main.ts',
  'app/explore-worker.ts',
  'app/sweep-worker.ts',
]
const core = [
  'base',
  'sim',
  'model',
  'scenario',
  'analysis',
  'chart',
  'explore',
  'export',
  'import',
]

const notFixed =
  'acos|acosh|asin|asinh|atan|atanh|atan2|cbrt|cos|cosh|exp|expm1|hypot|log|log1p|log2|log10|pow|' +
  'random|sin|sinh|tan|tanh'

const bans: readonly Ban[] = [
  { pattern: /\bDate\b/, why: 'time is the virtual clock' },
  { pattern: /\bperformance\./, why: 'time is the virtual clock' },
  { pattern: new RegExp(`\\bMath\\.(?:${notFixed})\\b`), why: 'not the same on every machine' },
  { pattern: /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, why: 'no timers' },
  { pattern: /\bprocess\.(?:env|argv|exit|nextTick|hrtime|std\w+|platform)\b/, why: 'no process' },
  { pattern: /\bconsole\.|\bfetch\(/, why: 'no console, no network' },
  { pattern: /\basync\b|\bawait\b|\bPromise\b/, why: 'the core is synchronous' },
  { pattern: /\btoLocale\w+\(|\blocaleCompare\(|\bIntl\./, why: 'the same in every locale' },
]

/** Functions that were longer than the limit when the rule came; entries may only shrink. */
const longFunctionsKnown: Readonly<Record<string, number>> = {}

/** Files that sort typed arrays, whose own order is that of numbers. */
const typedSorts: readonly string[] = ['analysis/sample-set.ts', 'analysis/stats.ts']

const functionLinesMax = 70
const columnsMax = 100

function readTree(folder: string): Tree {
  const root = fileURLToPath(new URL(`../${folder}`, import.meta.url))
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
  const sources = paths.filter((path) => path.endsWith('.ts')).map((p) => p.replaceAll('\\', '/'))
  return new Map(sources.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

const src = readTree('src')
const test = readTree('test')

describe('src', () => {
  it('follows the import table', () => {
    expect(wrongArrows(src, table)).toEqual([])
  })
  it('has no import cycles', () => {
    expect(importCycles(src)).toEqual([])
  })
  it('has no dead files', () => {
    expect(deadFiles(src, entries)).toEqual([])
  })
  it('keeps clocks, chance and input out of the core', () => {
    expect(bannedWords(src, core, bans)).toEqual([])
  })
  it('sorts with a comparator in the core', () => {
    const found = sortsWithoutComparator(src, core)
    const kept = found.filter((one) => !typedSorts.some((path) => one.startsWith(`${path}:`)))
    expect(kept).toEqual([])
  })
  it('lets finished runs go', () => {
    expect(lastingClosures(src, ['sim', 'model', 'scenario', 'analysis'])).toEqual([])
  })
  it('keeps functions short', () => {
    expect(longFunctions(src, functionLinesMax, longFunctionsKnown)).toEqual([])
  })
  it('keeps lines short, tests too', () => {
    expect([...longLines(src, columnsMax), ...longLines(test, columnsMax)]).toEqual([])
  })
})

describe('each rule can fail', () => {
  const tree = (files: Readonly<Record<string, string>>): Tree => new Map(Object.entries(files))

  it('a wrong arrow, also in a dynamic import and from a folder of nobody', () => {
    const found = wrongArrows(
      tree({
        'sim/a.ts': "import { x } from '../app/b.ts'\n",
        'model/host/a.ts': "import type { Y } from '../alsa/pcm.ts'\n",
        'cli/a.ts': "const m = await import('../scenario/run.ts')\n",
        'other/a.ts': "import '../base/units.ts'\n",
        'analysis/a.ts': "import { S } from '../sim/scheduler.ts'\n",
      }),
      table,
    )
    expect(found).toEqual([
      'sim/a.ts must not import app/b.ts',
      'model/host/a.ts must not import model/alsa/pcm.ts',
      'cli/a.ts must not import scenario/run.ts',
      'other/a.ts is in no folder of the import table',
      'analysis/a.ts must not import sim/scheduler.ts',
    ])
  })
  it('the arrows of the table are allowed', () => {
    const good = tree({
      'model/guest/virtio-snd/a.ts': "import { x } from '../../virtio/virtio_snd.ts'\n",
      'analysis/a.ts': "import type { T } from '../sim/trace-store.ts'\n",
      'app/Charts.ts': "const d3 = await import('d3-node')\n",
    })
    expect(wrongArrows(good, table)).toEqual([])
  })
  it('a package in the wrong place', () => {
    const found = wrongArrows(
      tree({
        'scenario/a.ts': "import * as Schema from 'effect/Schema'\n",
        'app/Other.ts': "import d3 from 'd3-node'\n",
        'app/b.ts': "import x from 'left-pad'\n",
      }),
      table,
    )
    expect(found).toHaveLength(3)
  })
  it('a cycle of values, but not of types', () => {
    const values = { 'base/a.ts': "import './b.ts'\n", 'base/b.ts': "import './a.ts'\n" }
    expect(importCycles(tree(values))).toEqual(['base/a.ts -> base/b.ts -> base/a.ts'])
    const types = { ...values, 'base/b.ts': "import type { A } from './a.ts'\n" }
    expect(importCycles(tree(types))).toEqual([])
  })
  it('a dead file', () => {
    const files = { 'index.ts': "export * from './base/a.ts'\n", 'base/a.ts': '', 'base/b.ts': '' }
    expect(deadFiles(tree(files), entries)).toEqual(['base/b.ts is dead'])
  })
  it('each banned word, in code only', () => {
    const words = [
      'new Date()',
      'performance.now()',
      'Math.log(2)',
      'setTimeout(f)',
      'process.env',
      'console.log(1)',
      'async () => 1',
      'a.localeCompare(b)',
    ]
    for (const [i, word] of words.entries()) {
      expect(
        bannedWords(tree({ 'sim/a.ts': `const x = ${word}\n` }), core, [bans[i] as Ban]),
      ).toEqual([`sim/a.ts:1 ${bans[i]?.why}: const x = ${word}`])
    }
    const spoken = "// a Date here\nconst x = 'Math.random()' /* async */\n"
    expect(bannedWords(tree({ 'sim/a.ts': spoken }), core, bans)).toEqual([])
    expect(bannedWords(tree({ 'app/a.ts': 'new Date()\n' }), core, bans)).toEqual([])
  })
  it('each way of keeping a finished run', () => {
    const found = (line: string) => lastingClosures(tree({ 'sim/a.ts': `${line}\n` }), ['sim'])
    const wrong = [
      '    this.visit = (a: number, b) => a + b',
      '  fd.onSignal = () => device.onKick(0)',
      '    actions[1] = (cpu): Proc => run(cpu)',
      '  this.made ??= (one) => one',
      '  readonly isEmpty = (): boolean => this.count === 0',
      '  onSignal: () => void = () => {}',
      "  kernel.spawn('modprobe', 'task', function* (): Proc {",
      'const cores = new WeakMap<Kernel, SndCore>()',
    ]
    for (const line of wrong) expect(found(line), line).toHaveLength(1)
    const right = [
      '  const visit = (a: number) => a',
      '    this.visit = visit',
      '    this.all = cpus.map((cpu) => new Timer(cpu))',
      '  if (this.at >= (of ?? 0)) return',
      'export function* modprobe(world: World): Proc {',
    ]
    for (const line of right) expect(found(line), line).toEqual([])
  })
  it('a sort without a comparator', () => {
    expect(sortsWithoutComparator(tree({ 'base/a.ts': 'xs.toSorted()\n' }), core)).toHaveLength(1)
    expect(sortsWithoutComparator(tree({ 'base/a.ts': 'xs.sort(byTime)\n' }), core)).toEqual([])
  })
  it('a long function, and a ratchet that can be lowered', () => {
    const body = (lines: number): string => `function f(): void {\n${'  x()\n'.repeat(lines)}}\n`
    expect(longFunctions(tree({ 'base/a.ts': body(69) }), 70, {})).toHaveLength(1)
    expect(longFunctions(tree({ 'base/a.ts': body(68) }), 70, {})).toEqual([])
    expect(longFunctions(tree({ 'base/a.ts': body(88) }), 70, { 'base/a.ts': 90 })).toEqual([])
    expect(longFunctions(tree({ 'base/a.ts': body(80) }), 70, { 'base/a.ts': 90 })).toHaveLength(1)
  })
  it('a long line', () => {
    expect(longLines(tree({ 'base/a.ts': `// ${'x'.repeat(98)}\n` }), 100)).toHaveLength(1)
  })

  it('keeps what CI runs', () => {
    const script = readFileSync(fileURLToPath(new URL('../.ci/run', import.meta.url)), 'utf8')
    for (const line of ['npm ci', 'npm run check', 'npm test']) expect(script).toContain(line)
  })
})
