/**
 * The package as npm would publish it, unpacked into a folder of its own beside nothing but its
 * dependencies: the command runs there, the library can be imported, its types hold, and what the
 * pages link to is in it.
 */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pcmsim-pack-')))
const modules = join(folder, 'node_modules')
const own = join(modules, 'pcmsim')
const secondsMax = 120

function run(command: string, args: readonly string[], cwd = folder) {
  const options = { cwd, encoding: 'utf8', timeout: secondsMax * 1_000 } as const
  const { status, stdout, stderr } = spawnSync(command, args, options)
  return { status, stdout, stderr }
}

/** Packages of the lock file that are there without development. */
function dependencies(): readonly string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const entries = Object.entries(lock.packages as Record<string, { readonly dev?: boolean }>)
  return entries
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path]) => path.slice('node_modules/'.length))
    .filter(
      (name) => !name.includes('/node_modules/') && existsSync(join(root, 'node_modules', name)),
    )
}

beforeAll(() => {
  const packed = run(
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    root,
  )
  const [{ filename }] = JSON.parse(packed.stdout)
  mkdirSync(own, { recursive: true })
  expect(
    run('tar', ['xzf', join(folder, filename), '--strip-components=1', '-C', own]).status,
  ).toBe(0)
  for (const name of dependencies()) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
}, secondsMax * 1_000)

describe('the package', () => {
  it('runs, draws, and lists its own scenarios', () => {
    const main = join(own, 'dist/bin/main.js')
    const scenario = join(own, 'scenarios/first-light.yaml')
    const set = ['--set', 'duration=300ms', '--set', 'expect={}']
    const { status, stderr } = run(process.execPath, [main, 'run', scenario, ...set])
    expect([status, stderr]).toEqual([0, ''])
    expect(existsSync(join(folder, 'out/first-light/seed-1/timeline.svg'))).toBe(true)
    const listed = run(process.execPath, [main, 'list', 'scenarios', '--tag', 'xen'])
    expect(listed.stdout).toContain('X01')
    const page = run(process.execPath, [main, 'report', scenario, ...set, '--out', 'page.html'])
    expect(page.status).toBe(0)
  })

  it('is a library with types', () => {
    const program = `
import { drawTimeline, explain, foldStore, ftraceText, loadScenario, LockdepFold } from 'pcmsim'
import { type RunResult, runScenario } from 'pcmsim'
const text = 'version: 1\\nname: mine\\nduration: 200ms\\ndriver: {kind: ideal}\\nstreams: [{}]\\n'
const [spec] = loadScenario(text)
if (spec === undefined) throw new Error('no scenario')
const { result, store } = runScenario(spec)
const typed: RunResult = result
const svg: string = await drawTimeline(store, typed)
const { edges } = foldStore(store, new LockdepFold(store.symbols), result.virtualTimeNs)
const [head] = ftraceText(store, 'guest')
const why = explain(store, result)
const facts = [svg.includes('<svg '), edges.length > 0, head?.startsWith('#'), why]
process.stdout.write(\`\${typed.outcome} \${facts.map(Boolean).join(' ')}\`)
`
    writeFileSync(join(folder, 'use.mts'), program)
    const compiler = { module: 'nodenext', target: 'es2023', strict: true, types: ['node'] }
    const typeRoots = [join(root, 'node_modules/@types')]
    const config = { compilerOptions: { ...compiler, typeRoots }, files: ['use.mts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    expect(run(process.execPath, [tsc, '-p', folder]).stdout).toBe('')
    const { stdout, stderr } = run(process.execPath, ['use.mjs'])
    expect([stdout, stderr]).toEqual(['completed true true true true', ''])
  })

  it('has what its pages link to, and the man page', () => {
    const text = readFileSync(join(own, 'README.md'), 'utf8')
    const links = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => link as string)
    const local = links.filter((link) => !/^[a-z]+:/.test(link))
    expect(local.length).toBeGreaterThan(10)
    expect(local.filter((link) => !existsSync(join(own, link)))).toEqual([])
    const { man } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'))
    expect(readFileSync(join(own, man), 'utf8')).toContain('.SH NAME')
  })

  it('holds no sources, tests or recordings', () => {
    expect(['src', 'test', 'out', 'bench'].filter((name) => existsSync(join(own, name)))).toEqual(
      [],
    )
  })
})
