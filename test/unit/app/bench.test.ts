/** `pcmsim bench` as a user meets it: faults of suites, outputs, limits, exit codes. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { timeLeft } from '../../../src/app/bench-progress.ts'
import { checkReference } from '../../../src/app/bench-reference.ts'
import { minimal } from '../../support/scenario-text.ts'

const main = fileURLToPath(new URL('../../../dist/bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

function bench(args: readonly string[], extra: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, GITHUB_ACTIONS: '', ...extra }
  const options = { cwd: folder, encoding: 'utf8', env } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'bench', ...args], options)
  return { status, stdout, stderr }
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return name
}

file('short.yaml', `${minimal}duration: 60ms\n`)
const suite = file(
  'suite.yaml',
  `version: 1
name: tiny
cases:
  - {name: run, scenario: short.yaml, seeds: 1..2}
  - {name: hold, loop: hold, processes: 10, operations: 1000}
`,
)

describe('a suite with faults', () => {
  it('has all of them said, each with its place, and runs nothing', () => {
    const path = file(
      'bad.yaml',
      `version: 1
name: bad
metrics: [xrun, speed]
thresholds:
  jiter.p99: {relative: 5%}
  xruns: {absolute: 2, worse: upp}
  jitter: {absolute: 10}
cases:
  - {name: a, scenario: short.yaml, seeds: 5..1}
  - {name: b, loop: holt}
  - {name: c, scenario: short.yaml, colour: red}
`,
    )
    const { status, stdout, stderr } = bench([path, '--save', 'x'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(
      /^bad\.yaml:3:11: metrics\.0: 'xrun' is no metric, did you mean 'xruns'\?/m,
    )
    expect(stderr).toMatch(
      /^bad\.yaml:5:3: thresholds\..*unknown key, did you mean 'jitter\.p99'\?/m,
    )
    expect(stderr).toMatch(/^bad\.yaml:6:\d+: thresholds\.xruns\.worse: .*did you mean 'up'\?/m)
    expect(stderr).toMatch(
      /^bad\.yaml:7:\d+: thresholds\.jitter\.absolute: .*duration with its unit/m,
    )
    expect(stderr).toMatch(/^bad\.yaml:9:\d+: cases\.0\.seeds: '5\.\.1' names no seeds/m)
    expect(stderr).toMatch(/^bad\.yaml:10:\d+: cases\.1\.loop: .*did you mean 'hold'\?/m)
    expect(stderr).toMatch(/^bad\.yaml:11:\d+: cases\.2\.colour: unknown key/m)
    expect(existsSync(join(folder, 'bench'))).toBe(false)
  })

  it('that only a look at the scenario tells', () => {
    const path = file(
      'cross.yaml',
      `version: 1
name: cross
cases:
  - {name: a}
  - {name: b, scenario: short.yaml, loop: hold}
  - {name: c, scenario: short.yaml, operations: 5}
  - {name: d, scenario: nowhere.yaml}
  - {name: e, scenario: short.yaml, variants: [v9]}
  - name: f
    scenario: short.yaml
    set: {guest.hz: 251}
`,
    )
    const { status, stderr } = bench([path])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^cross\.yaml:4:5: cases\.0: names nothing to run, allowed: either/m)
    expect(stderr).toMatch(/^cross\.yaml:5:5: cases\.1: names a scenario and a loop/m)
    expect(stderr).toMatch(/^cross\.yaml:6:\d+: cases\.2\.operations: belongs to a loop$/m)
    expect(stderr).toMatch(/^cross\.yaml:7:\d+: cases\.3\.scenario: nowhere\.yaml: cannot be read/m)
    expect(stderr).toMatch(/^cross\.yaml:8:\d+: cases\.4\.variants\.0: there is no variant 'v9'/m)
    // An override's fault points at the override, not at the scenario.
    expect(stderr).toMatch(/^cross\.yaml:11:21: guest\.hz: /m)
  })

  it('a baseline that is none, or is not there', () => {
    expect(bench([suite, '--against', 'nobody'])).toMatchObject({
      status: 2,
      stderr: 'bench/baselines/nobody.json: cannot be read: no such file or folder\n',
    })
    const other = bench([suite, '--against', file('other.json', '{"schema": 7}')])
    expect(other).toMatchObject({ status: 2, stdout: '' })
    expect(other.stderr).toMatch(/^other\.json: is not a baseline of this version/)
    expect(bench([suite, '--save', '../x']).stderr).toMatch(/^--save \.\.\/x: not a name/)
    expect(bench([suite, '--vs', 'nowhere']).stderr).toMatch(/^--vs nowhere: neither a folder nor/)
  })
})

describe('a suite that runs', () => {
  it('saves, compares, and finds what another seed does', () => {
    expect(bench([suite, '--save', 'first'])).toMatchObject({ status: 0 })
    expect(bench([suite, '--against', 'first'])).toMatchObject({
      status: 0,
      stdout:
        'tiny/run/seed-1: ok\ntiny/run/seed-2: ok\ntiny/hold: ok\nPASS: 3 cases against first\n',
    })
    file('short.yaml', `${minimal}duration: 70ms\n`)
    const args = ['--against', 'first', '--report', 'junit=b.xml', '--report', 'html=b.html']
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'step.md') }
    const changed = bench([suite, ...args], env)
    file('short.yaml', `${minimal}duration: 60ms\n`)
    expect(changed.status).toBe(3)
    expect(changed.stdout).toMatch(/virtual_time +60\.0000 ms +70\.0000 ms +\+16\.67 % +changed/)
    expect(changed.stdout).toMatch(/was +the run had ended\n/)
    expect(changed.stderr).toMatch(/^::error file=suite\.yaml,line=4,title=tiny\/run\/seed-1::/)
    expect(readFileSync(join(folder, 'step.md'), 'utf8')).toContain('| tiny/run/seed-1 | records |')
    expect(readFileSync(join(folder, 'b.xml'), 'utf8')).toContain('tests="3" failures="2"')
    expect(readFileSync(join(folder, 'b.html'), 'utf8')).toContain('<h1 class="fail">Regression')
  })

  it('--json prints one document; --filter keeps the rest of a baseline', () => {
    const { stdout } = bench([suite, '--json', '--filter', 'hold'])
    const { pass, cases } = JSON.parse(stdout) as { pass: boolean; cases: { name: string }[] }
    expect({ pass, names: cases.map(({ name }) => name) }).toEqual({
      pass: true,
      names: ['tiny/hold'],
    })
    expect(bench([suite, '--save', 'first', '--filter', 'hold']).status).toBe(0)
    expect(bench([suite, '--against', 'first']).status).toBe(0)
    expect(bench([suite, '--filter', 'nothing'])).toMatchObject({ status: 2 })
  })

  it('a case out of time fails, and the others go on', () => {
    const path = file(
      'slow.yaml',
      `version: 1
name: slow
cases:
  - {name: endless, loop: hold, operations: 1000000000, time_limit: 300ms}
  - {name: quick, loop: ping-pong, operations: 10}
`,
    )
    const { status, stdout } = bench([path])
    expect(status).toBe(3)
    expect(stdout).toMatch(/^slow\/endless: CHANGED$/m)
    expect(stdout).toContain('exceeds its time limit of 300ms')
    expect(stdout).toMatch(/^ {2}operations +10$/m)
  })

  it('times when it is asked to, each sample in a process of its own', () => {
    const args = ['--timing', '--rounds', '5', '--filter', 'hold', '--json']
    const { status, stdout, stderr } = bench([suite, ...args])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { cases } = JSON.parse(stdout) as {
      cases: { rows: { metric: string; now: number; nowTiming?: { samples: number } }[] }[]
    }
    const rows = cases[0]?.rows ?? []
    expect(rows.map(({ metric }) => metric)).toEqual([
      'operations',
      'check',
      'speed',
      'peak_memory',
    ])
    expect(rows.map(({ nowTiming }) => nowTiming?.samples)).toEqual([undefined, undefined, 5, 5])
    expect(rows.every(({ now }) => now > 0)).toBe(true)
  })

  it('compares with another build', () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url))
    const { status, stdout } = bench([suite, '--vs', root, '--no-timing'])
    expect({ status, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      status: 0,
      last: `PASS: 3 cases against ${root}`,
    })
  })
})

it('the reference loop is the one that speeds were recorded with', () => {
  expect(checkReference).not.toThrow()
})

it('time left is said in minutes from one minute on', () => {
  expect([0.2, 59.5, 61, 3_599.5].map(timeLeft)).toEqual([
    '1 s',
    '1 min 0 s',
    '1 min 1 s',
    '60 min 0 s',
  ])
})
