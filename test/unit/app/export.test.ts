/** `pcmsim export` as built: files whole or not at all, the same from a scenario and its trace. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { minimal } from '../../support/scenario-text.ts'

const main = fileURLToPath(new URL('../../../dist/bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-export-'))
const scenario = join(folder, 'short.yaml')
writeFileSync(scenario, minimal)

function pcmsim(...args: readonly string[]) {
  const options = { cwd: folder, encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options)
  return { status, stdout, stderr }
}

const short = ['--set', 'duration=50ms']

describe('export', () => {
  it('of a scenario and of its saved trace is the same, to a file and to standard output', () => {
    pcmsim('run', scenario, ...short, '--trace', '--no-charts', '--quiet', '--out', 'out')
    const trace = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((one) =>
      one.endsWith('trace.ndjson'),
    )
    const format = ['--format', 'chrome']
    expect(pcmsim('export', scenario, ...short, ...format, '--out', 'a.json')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    })
    const text = readFileSync(join(folder, 'a.json'), 'utf8')
    expect(JSON.parse(text).traceEvents.length).toBeGreaterThan(100)
    expect(pcmsim('export', String(trace), ...format).stdout).toBe(text)
    expect(pcmsim('export', scenario, ...short, ...format, '--out', '-').stdout).toBe(text)
  })

  it('writes verdicts of several scenarios, with the explanation of what failed', () => {
    const failing = 'name: failing\nexpect: {xruns: 5}\n'
    writeFileSync(join(folder, 'failing.yaml'), minimal.replace(/^name: .*\n/m, failing))
    const { status, stdout } = pcmsim('export', '*.yaml', ...short, '--format', 'junit')
    expect(status).toBe(0)
    expect(stdout.match(/<testcase /g)?.length).toBe(2)
    expect(stdout.match(/<failure /g)?.length).toBe(1)
    const trace = join('out', readdirSync(join(folder, 'out'))[0] as string, 'seed-1/trace.ndjson')
    const skipped = pcmsim('export', trace, '--format', 'ktap').stdout
    expect(skipped).toMatch(/^KTAP version 1\n1\.\.1\nok 1 .* # SKIP /)
    const wrong = pcmsim('export', scenario, '--format', 'ktap', '--at', '1ms')
    expect(wrong.stderr).toBe('--at: means nothing to ktap, allowed: with --format proc\n')
    const late = pcmsim('export', scenario, ...short, '--format', 'proc', '--at', '1h')
    expect(late.stderr).toBe('--at 1h: is not within the run, allowed: 0s..50ms\n')
  })

  it('refuses what it cannot do, and writes nothing', () => {
    const binary = pcmsim('export', scenario, '--format', 'perfetto')
    expect(binary).toEqual({
      status: 2,
      stdout: '',
      stderr: '--format perfetto: is not text, allowed: together with --out <file>\n',
    })
    expect(pcmsim('export', scenario).status).toBe(2)
    const wrong = pcmsim('export', scenario, '--format', 'pcap')
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('chrome') })
    writeFileSync(join(folder, 'cut.ndjson'), '{"format":"pcmsim-trace"')
    const cut = pcmsim('export', 'cut.ndjson', '--format', 'chrome', '--out', 'cut.json')
    expect(cut).toMatchObject({ status: 2, stderr: expect.stringMatching(/^cut\.ndjson:1:1: /) })
    expect(existsSync(join(folder, 'cut.json'))).toBe(false)
    const nowhere = ['--format', 'chrome', '--out', `${scenario}/below/a.json`]
    expect(pcmsim('export', scenario, ...short, ...nowhere).status).toBe(2)
  })
})
