/** `pcmsim calibrate` as a user meets it, on an excerpt of a captured run. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadScenario } from '../../../src/index.ts'

const main = fileURLToPath(new URL('../../../dist/bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-calibrate-'))
const secondsMax = 60_000

function calibrate(...args: readonly string[]) {
  const options = { cwd: folder, encoding: 'utf8', timeout: secondsMax } as const
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'calibrate', ...args],
    options,
  )
  return { status, stdout, stderr }
}

const write = (name: string, text: string | Uint8Array): void =>
  writeFileSync(join(folder, name), text)

beforeAll(() => {
  const guest = readFileSync('test/data/import/play.ftrace.txt', 'utf8')
  // Behind line 850 the excerpt goes on four seconds later.
  write('guest.txt.gz', gzipSync(guest.split('\n').slice(0, 850).join('\r\n')))
  write('qemu.log', readFileSync('test/data/import/play.qemu.txt'))
})

describe('calibrate', () => {
  it('fits costs, which a scenario takes, and writes the replay and a plot', () => {
    const { status, stdout, stderr } = calibrate(
      ...['guest.txt.gz', 'qemu.log', '--out', 'costs.yaml', '--scenario', 'replay.yaml'],
      ...['--charts', 'plots', '--set', 'guest.costs.kworker_start=5ms'],
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/clocks aligned by 1 requests/)
    expect(stdout).toMatch(/xruns: captured 0, simulated 0, with --set 0/)
    const costs = readFileSync(join(folder, 'costs.yaml'), 'utf8')
    expect(costs).toMatch(/guest\.txt\.gz, sha256 of the text [0-9a-f]{64}/)
    const minimal = `version: 1\nname: x\ndriver: {kind: virtio-snd}\nstreams: [{}]\n${costs}`
    const [spec] = loadScenario(minimal)
    expect(spec?.host.costs.main_loop_wake.kind).toBe('quantiles')
    const replay = readFileSync(join(folder, 'replay.yaml'), 'utf8')
    expect(loadScenario(replay)[0]?.streams[0]).toMatchObject({ rate: 48_000, period_size: 480 })
    expect(readFileSync(join(folder, 'plots/guest.svg'), 'utf8')).toMatch(/<svg /)
  })

  it.each([
    ['nothing there', ['none.txt'], /^none\.txt: cannot be read: no such file or folder\n$/],
    ['no trace', ['rubbish.txt'], /no event of PCM timing in 1 lines/],
    ['not gzip', ['rubbish.gz'], /^rubbish\.gz: cannot be read/],
    ['an empty folder', ['empty'], /^empty: no trace in this folder/],
    ['a wrong folder', ['wrong'], /^wrong: not a captured run as we know it/],
    ['no JSON', ['nojson'], /config\.json: not JSON/],
    ['a short block', ['guest.txt.gz', '--blocks', '1ms'], /^--blocks: '1ms', allowed: a duration/],
    ['a wrong key', ['guest.txt.gz', '--set', 'guest.nothing=1'], /unknown key/],
  ])('refuses %s', (_name, args, pattern) => {
    write('rubbish.txt', 'rubbish')
    write('rubbish.gz', 'rubbish')
    for (const name of ['empty', 'wrong', 'nojson']) {
      mkdirSync(join(folder, name), { recursive: true })
      if (name === 'empty') continue
      writeFileSync(join(folder, name, 'trace.txt.gz'), readFileSync(join(folder, 'guest.txt.gz')))
      writeFileSync(join(folder, name, 'config.json'), name === 'wrong' ? '{}' : '{')
      writeFileSync(join(folder, name, 'distilled.json'), '{}')
    }
    const { status, stdout, stderr } = calibrate(...args, '--out', 'no.yaml')
    expect(stderr).toMatch(pattern)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(existsSync(join(folder, 'no.yaml'))).toBe(false)
  })
})
