/** The built command line where a file cannot be written: its name and why, exit 2, any thread. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../../dist/bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-full-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Long enough to need the file for its records. */
const scenario = join(folder, 'long.yaml')
const text = `version: 1
name: long
duration: 30s
driver: {kind: virtio-snd}
streams: [{name: s, period_size: 240, length: 30s}]
`
writeFileSync(scenario, text)
const suite = join(folder, 'suite.yaml')
writeFileSync(suite, 'version: 1\nname: full\ncases: [{name: long, scenario: long.yaml}]\n')

function pcmsim(args: readonly string[], temporary: string) {
  const env = { ...process.env, TMPDIR: temporary }
  const options = { cwd: folder, env, encoding: 'utf8', timeout: 60_000 } as const
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], options)
  return { status, stderr }
}

const periods = 'streams.0.periods=2,4'
const rare = ['sweep', scenario, '--rare', '--particles', '10', '--repetitions', '3', '--quiet']
const commands: readonly (readonly [string, readonly string[]])[] = [
  ['sweep', ['sweep', scenario, '--seeds', '1..2', '--jobs', '2', '--quiet', '--out', 'swept']],
  ['sweep --rare', rare],
  ['sweep --frontier', ['sweep', scenario, '--vary', periods, '--frontier', 'streams.0.periods']],
  ['explore', ['explore', scenario, '--runs', '2', '--quiet']],
  ['bench', ['bench', suite]],
]

describe('a folder for temporary files that is a file', () => {
  const plain = join(folder, 'plain')
  writeFileSync(plain, '')
  it.each(commands)('%s', (_name, args) => {
    const reason = `the records of the run: ${plain} is a file, not a folder`
    const said = pcmsim(args, plain)
    expect(said.stderr.split('\n')).toContain(`${plain}: cannot be written: ${reason}`)
    expect(said.status).toBe(2)
    expect(said.stderr).not.toMatch(/a bug in pcmsim|^\s+at .*\(/m)
  })
})

/** A file system of its own with room for next to nothing; null: it takes root and mount(8). */
function smallDisk(name: string): string | null {
  const at = join(folder, name)
  mkdirSync(at)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'pcmsim-test', at])
  return status === 0 ? at : null
}

describe('a full disk', () => {
  const disk = smallDisk('disk')
  afterAll(() => {
    if (disk !== null) spawnSync('umount', [disk])
  })
  // Skipped where no file system can be mounted.
  it.skipIf(disk === null).each(commands.slice(0, 2))('%s', (_name, args) => {
    const { status, stderr } = pcmsim([...args, '--out', 'elsewhere'], disk as string)
    const reason = 'the records of the run: no space left on the device'
    expect(stderr.split('\n')).toContain(`${disk}: cannot be written: ${reason}`)
    expect(status).toBe(2)
  })
  it.skipIf(disk === null)('results', () => {
    const args = ['run', scenario, '--seeds', '1..2', '--quiet', '--out', disk as string]
    const { status, stderr } = pcmsim(args, folder)
    const reason = 'the records of the run: no space left on the device'
    expect(stderr).toBe(`${disk}: cannot be written: ${reason}\n`)
    expect(status).toBe(2)
  })
})
