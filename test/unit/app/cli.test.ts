/** The built command line, as a user meets it: `npm test` builds before it tests. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { textOf } from '../../support/explore-scenarios.ts'
import { minimal } from '../../support/scenario-text.ts'

const main = fileURLToPath(new URL('../../../dist/bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-cli-'))
const secondsMax = 60_000

function pcmsim(args: readonly string[], input = '') {
  const options = { cwd: folder, input, encoding: 'utf8', timeout: secondsMax } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options)
  return { status, stdout, stderr }
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content)
  return name
}

/** Bad input: exit 2, lines on standard error only, no stack trace, nothing written. */
function refused(args: readonly string[], pattern: RegExp, input = ''): void {
  for (const command of ['run', 'check']) {
    const { status, stdout, stderr } = pcmsim([command, ...args], input)
    expect(stderr).toMatch(pattern)
    expect(stderr).not.toMatch(/^\s+at .*\(/m)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(existsSync(join(folder, 'out'))).toBe(false)
  }
}

describe('bad input', () => {
  it('that is not there, empty, or binary', () => {
    refused(['nowhere.yaml'], /^nowhere\.yaml: no such file or folder$/m)
    refused([file('empty.yaml', '')], /^empty\.yaml:1:1: the document is empty/)
    refused([file('binary.yaml', Uint8Array.of(0, 1, 2, 255))], /not a text file/)
    refused([file('latin.yaml', Uint8Array.of(0x6e, 0xe4, 0x3a))], /not a text file/)
    refused(['none/*.yaml'], /no file matches/)
  })
  it('that is too large states the limit', () => {
    refused([file('big.yaml', `# ${'x'.repeat(50 * 1_048_576)}\n`)], /larger than 4 MiB/)
  })
  it('in a folder without scenarios, or as a folder named like a file', () => {
    mkdirSync(join(folder, 'bare'))
    refused(['bare'], /^bare: no scenario in this folder/)
    mkdirSync(join(folder, 'folder.yaml'))
    refused(['folder.yaml'], /no scenario in this folder/)
  })
  it.skipIf(process.getuid?.() === 0)('that may not be read', () => {
    chmodSync(join(folder, file('secret.yaml', minimal)), 0)
    refused(['secret.yaml'], /secret\.yaml: cannot be read: permission denied/)
  })
  it('on standard input', () => {
    refused(['-'], /^<stdin>:2:7: name: 'no way' cannot be a name/m, 'version: 1\nname: no way\n')
    refused(['-'], /^<stdin>:1:1: the document is empty/)
  })
  it('in several files at once', () => {
    const one = file('one.yaml', minimal.replace('v7', 'v9'))
    const two = file('two.yaml', minimal.replace('name: minimal', 'nam: minimal'))
    refused([one, two], /one\.yaml:3:37: driver\.version(.|\n)*two\.yaml:2:1: nam: unknown key/)
  })
  it('in overrides', () => {
    const good = file('good.yaml', minimal)
    refused([good, '--set', 'duration=5'], /--set duration=5: duration: 5 has no unit/)
    refused([good, '--set', 'duration'], /not an override, allowed: path=value/)
    refused([good, '--set', 'tags=[a'], /--set tags=\[a: not valid YAML/)
  })
  it('of one name twice', () => {
    const [a, b] = [file('a1.yaml', minimal), file('a2.yaml', minimal)]
    refused([a, b], /two scenarios are named 'minimal'/)
  })
})

describe('where results go', () => {
  const good = file('result.yaml', minimal)
  it('may be no file, nor a place where no folder can be made', () => {
    const plain = file('plain.txt', '')
    const out = ['--no-charts', '--no-trace', '--quiet', '--set', 'duration=20ms', '--out']
    expect(pcmsim(['run', good, ...out, plain])).toEqual({
      status: 2,
      stdout: '',
      stderr: '--out: plain.txt is a file, not a folder\n',
    })
    if (!existsSync('/proc')) return
    // Found before anything is simulated or printed.
    const report = ['run', good, '--set', 'duration=20ms', '--out', '/proc/nope']
    expect(pcmsim(report)).toEqual({
      status: 2,
      stdout: '',
      stderr: '--out: /proc: no folder can be made there\n',
    })
  })
  it('a window of a chart lies within the run', () => {
    const chart = (from: string, to: string) =>
      pcmsim(['chart', good, '--set', 'duration=100ms', '--from', from, '--to', to])
    expect(chart('10s', '11s')).toEqual({
      status: 2,
      stdout: '',
      stderr: '--from 10s: the run ends at 100ms, allowed: 0s..100ms\n',
    })
    expect(chart('50ms', '1s').stderr).toBe('--to 1s: the run ends at 100ms, allowed: 0s..100ms\n')
    expect(chart('2s', '1s').stderr).toBe('--to 1s: is not after --from, allowed: more than 2s\n')
    expect(chart('2', '1s').stderr).toMatch(/^--from 2: '2' has no unit, allowed: a duration/)
    expect(pcmsim(['chart', good, '--from', '1s']).stderr).toMatch(/^--to: is missing/)
    expect(chart('0ns', '50ms')).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('usage', () => {
  it('without or with a wrong command is exit 2', () => {
    expect(pcmsim([]).status).toBe(2)
    expect(pcmsim(['rnu'])).toMatchObject({ status: 2, stderr: expect.stringMatching(/run/) })
    expect(pcmsim(['run']).status).toBe(2)
    expect(pcmsim(['run', 'x', '--seed', 'y']).stderr).toMatch(/allowed: a whole number/)
    expect(pcmsim(['run', 'x', '--seeds', '5..1']).status).toBe(2)
    expect(pcmsim(['run', 'x', '--seed', '1', '--seeds', '1..2']).status).toBe(2)
    expect(pcmsim(['list', 'nothing']).status).toBe(2)
    expect(pcmsim(['list', 'driver']).stderr).toMatch(/did you mean 'drivers'\?, allowed: drivers/)
  })
  it('has a version and help with examples', () => {
    expect(pcmsim(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' })
    for (const command of ['run', 'check', 'chart', 'diff', 'explain', 'list', 'schema']) {
      const { status, stdout } = pcmsim([command, '--help'])
      expect(status).toBe(0)
      expect(stdout).toMatch(/Examples:\n {2}pcmsim/)
      expect(stdout).not.toMatch(/\[\]|undefined/)
    }
  })
  it('lists scenarios, its own where there are none, with their tags', () => {
    const listed = pcmsim(['list', 'scenarios', '--tag', 'report', '--json'])
    const { scenarios, tags } = JSON.parse(listed.stdout)
    expect(scenarios.length).toBeGreaterThanOrEqual(30)
    for (const one of scenarios) {
      expect(one.tags).toContain('report')
      expect(one.path).toMatch(/scenarios.reports.[\w-]+\.yaml$/)
      expect(one.variants.length).toBeGreaterThan(1)
    }
    expect(tags).toMatchObject({ report: scenarios.length })
    const one = pcmsim(['list', 'scenarios', file('mine.yaml', minimal)])
    expect(one).toMatchObject({ status: 0, stderr: '' })
    expect(one.stdout).toMatch(/^mine\.yaml\n(.*\n)*1 scenario; tags: none\n$/)
    const absent = pcmsim(['list', 'scenarios', 'mine.yaml', '--tag', 'nothing'])
    expect(absent).toMatchObject({ status: 2, stdout: '' })
    expect(absent.stderr).toBe('no scenario has --tag nothing, allowed: no tag is used\n')
    expect(pcmsim(['list', 'scenarios', 'nowhere']).status).toBe(2)
  })
  it('lists only what exists', () => {
    const { stdout } = pcmsim(['--help'])
    const commands = stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}(\w+)/gm)
    const names = [...commands].map(([, name]) => name as string)
    expect(names.length).toBeGreaterThan(10)
    for (const name of names.filter((one) => one !== 'help' && one !== 'pcmsim')) {
      expect(pcmsim([name, '--help'])).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('Usage: pcmsim '),
      })
    }
    expect(JSON.parse(pcmsim(['list', '--json']).stdout)).toHaveProperty('drivers')
    expect(JSON.parse(pcmsim(['schema']).stdout)).toHaveProperty('properties')
  })
  it('checks without writing', () => {
    const good = file('ok.yaml', `${minimal}variants: [{name: a}, {name: b}]\n`)
    expect(pcmsim(['check', good])).toMatchObject({
      status: 0,
      stdout: 'ok minimal/a\nok minimal/b\n',
    })
    expect(JSON.parse(pcmsim(['check', good, '--json']).stdout)).toMatchObject({ ok: true })
    expect(JSON.parse(pcmsim(['check', 'empty.yaml', '--json']).stdout)).toMatchObject({
      ok: false,
    })
    expect(readdirSync(folder)).not.toContain('out')
  })
})

describe('explore', () => {
  it('finds the same with one thread and with two', () => {
    const scenario = file('played.yaml', textOf('atomic', '100ms'))
    const args = ['explore', scenario, '--runs', '64', '--no-shrink', '--json', '--out', 'found']
    const one = pcmsim([...args, '--jobs', '1'])
    const two = pcmsim([...args, '--jobs', '2'])
    expect(one.stderr).toBe('')
    expect(two).toEqual(one)
    expect(JSON.parse(one.stdout)).toMatchObject({ runs: 64, schema: 1 })
  })
  it('says what is wrong with a schedule, and follows a good one', () => {
    const scenario = file('again.yaml', textOf('ack', '100ms'))
    const bad = pcmsim(['replay', scenario, '--schedule', 's2:h1=1'])
    expect(bad).toMatchObject({ status: 2, stdout: '' })
    expect(bad.stderr).toMatch(/schedule: its version is s2, allowed: s1:/)
    const good = pcmsim(['replay', scenario, '--schedule', 's1:h700=3000000', '--json'])
    expect(good.status).toBe(0)
    expect(JSON.parse(good.stdout)).toHaveLength(1)
    expect(pcmsim(['shrink', scenario]).stderr).toMatch(/nothing that is looked for fails/)
  })
})
