/** What `init`, `completion` and `man` print, read by those who read them in earnest. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { driverNames } from '../../../src/app/DriverNames.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'

const main = fileURLToPath(new URL('../../../dist/bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-init-'))

function pcmsim(...args: readonly string[]) {
  return spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' })
}

const hasProgram = (name: string): boolean =>
  spawnSync(name, ['--version'], { input: '' }).error === undefined

describe('init', () => {
  it.each(driverNames)('%s: runs and passes as it is', (name) => {
    const { stdout, status } = pcmsim('init', '--driver', name)
    expect(status).toBe(0)
    const [spec] = loadScenario(stdout, { set: ['duration=500ms'] })
    expect(spec && runScenario(spec).result.pass).toBe(true)
  })

  it('has comments that are good keys too', () => {
    const { stdout } = pcmsim('init')
    const commented =
      /^( *)# ?( *(?:preempt|tasks|stalls|- \{kind|variants|- name: short|set: |expect: ).*)$/gm
    const found = [...stdout.matchAll(commented)]
    expect(found.length).toBe(9)
    const text = stdout.replace('faults: []', 'faults:').replaceAll(commented, '$1$2')
    const specs = loadScenario(text)
    expect(specs.map(({ variant }) => variant)).toEqual(['short'])
    expect([specs[0]?.faults.length, specs[0]?.guest.tasks.length]).toEqual([1, 1])
  })

  it('names the schema by its way from the file', () => {
    expect(pcmsim('init', 'deep/one.yaml').status).toBe(0)
    const text = readFileSync(join(folder, 'deep/one.yaml'), 'utf8')
    const way = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)?.[1] ?? ''
    const schema = resolve(folder, 'deep', way)
    expect(JSON.parse(readFileSync(schema, 'utf8')).$schema).toContain('draft-07')
    expect(text).toMatch(/^name: one$/m)
  })

  it('replaces nothing unless told to', () => {
    writeFileSync(join(folder, 'mine.yaml'), 'mine\n')
    const refused = pcmsim('init', 'mine.yaml')
    expect([refused.status, refused.stderr]).toEqual([
      2,
      'mine.yaml: exists, allowed: another name, or --force to replace it\n',
    ])
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe('mine\n')
    expect(pcmsim('init', 'mine.yaml', '--force').status).toBe(0)
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toContain('version: 1')
    expect(pcmsim('init', 'mine.txt').status).toBe(2)
    expect(existsSync(join(folder, 'mine.txt'))).toBe(false)
  })
})

/** What bash would offer for a line that is typed so far. */
function offers(...words: readonly string[]): readonly string[] {
  const script = join(folder, 'pcmsim.bash')
  writeFileSync(script, pcmsim('completion', 'bash').stdout)
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const lines = [
    `source ${script}`,
    `COMP_WORDS=(pcmsim ${quoted}); COMP_CWORD=${words.length}`,
    `_pcmsim; printf "%s\\n" "\${COMPREPLY[@]}"`,
  ]
  const { stdout, stderr } = spawnSync('bash', ['-c', lines.join('\n')], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '')
}

describe.skipIf(!hasProgram('bash'))('completion of bash', () => {
  it('offers commands, their options, and the values of these', () => {
    expect(offers('ex')).toEqual(['explain', 'explore', 'export'])
    expect(offers('export', '--fo')).toEqual(['--format'])
    expect(offers('export', 'a.yaml', '--format', 'p')).toEqual(['perfetto', 'proc'])
    expect(offers('run', '--tr')).toEqual(['--trace'])
    expect(offers('help', 'rep')).toEqual(['report', 'replay'])
    expect(offers('list', 'nothing-such')).toEqual([])
  })
  it('offers files where a command takes some', () => {
    writeFileSync(join(folder, 'some-scenario.yaml'), '')
    expect(offers('run', 'some-')).toEqual(['some-scenario.yaml'])
    expect(offers('run', '--out', 'some-')).toEqual(['some-scenario.yaml'])
  })
})

describe.each(['zsh', 'fish'])('completion of %s', (shell) => {
  it.skipIf(!hasProgram(shell))('is a script that it can read', () => {
    const script = join(folder, `pcmsim.${shell}`)
    writeFileSync(script, pcmsim('completion', shell).stdout)
    const { status, stderr } = spawnSync(shell, ['-n', script], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })
  it('names every command', () => {
    const { stdout } = pcmsim('completion', shell)
    for (const name of ['run', 'sweep', 'locks', 'man']) {
      expect(stdout).toMatch(new RegExp(`[' ]${name}[:' ]`))
    }
  })
})

describe('man', () => {
  const page = pcmsim('man').stdout

  it('has each command and option of the help', () => {
    for (const command of ['run', 'explain', 'sweep', 'init', 'completion']) {
      expect(page).toContain(`.SS "pcmsim ${command} [options]`)
      const { stdout } = pcmsim(command, '--help')
      for (const [, long] of stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)) {
        expect(page).toContain(long?.replaceAll('-', '\\-'))
      }
    }
  })
  it('has no request of roff by accident', () => {
    const requests = new Set([...page.matchAll(/^[.'](\w*)/gm)].map(([, name]) => name))
    expect([...requests].sort()).toEqual(['B', 'I', 'PP', 'SH', 'SS', 'TH', 'TP', 'fi', 'nf'])
  })
  it.skipIf(!hasProgram('groff'))('is roff without a warning', () => {
    const options = { input: page, encoding: 'utf8' } as const
    const { stderr, stdout } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], options)
    expect(stderr).toBe('')
    expect(stdout).toContain('explain')
  })
})
