/**
 * docs/tour.md: every command is there, and prints what the page says. The page is a session in one
 * folder: its commands run one after the other. `npx vitest run test/unit/tour.test.ts -u` writes
 * the outputs anew.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-tour-'))
const page = readFileSync(join(root, 'docs/tour.md'), 'utf8')
const main = join(root, 'dist/bin/main.js')

const secondsMax = 180

/** The commands of a block with what each prints, both streams as a terminal shows them. */
function session(block: string): string {
  const commands = block.split('\n').filter((line) => line.startsWith('$ '))
  return commands.map((line) => `${line}\n${outputOf(line.slice(2))}`).join('')
}

function outputOf(command: string): string {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, NO_COLOR: '1' }
  const options = { cwd: folder, env, encoding: 'utf8', timeout: secondsMax * 1_000 } as const
  const { stdout } = spawnSync('sh', ['-c', `(${command}) 2>&1`], options)
  return stdout
}

it('shows every command', () => {
  const help = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' }).stdout
  const names = [...help.matchAll(/^ {2}(\w+) .*(?:\[|<|the |print )/gm)].map(([, name]) => name)
  const known = names.filter((name) => name !== 'help' && name !== 'pcmsim')
  expect(known.length).toBeGreaterThan(20)
  expect(known.filter((name) => !page.includes(`\n$ pcmsim ${name}`))).toEqual([])
})

it.skipIf(process.platform === 'win32')(
  'prints what the page says',
  async () => {
    const shim = join(folder, 'pcmsim')
    writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
    chmodSync(shim, 0o755)
    writeFileSync(
      join(folder, 'suite.yaml'),
      'version: 1\nname: demo\ncases:\n  - {scenario: demo.yaml}\n',
    )
    const fresh = page.replace(
      /(```console\n)([\s\S]*?)(```\n)/g,
      (_, before, block, after) => `${before}${session(block)}${after}`,
    )
    await expect(fresh).toMatchFileSnapshot('../../docs/tour.md')
  },
  secondsMax * 1_000,
)
