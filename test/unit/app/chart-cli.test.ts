/** `chart` and `report` of the built command line: faults, pixels, the page, and watching. */
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../../dist/bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-chart-'))

const scenario = (summary: string): string => `version: 1
name: short
summary: ${summary}
duration: 300ms
driver: {kind: virtio-snd, version: v7}
streams: [{name: music, period_size: 480, periods: 4, stalls: [{at: 100ms, for: 60ms}]}]
variants: [{name: v7}, {name: ack, driver: {version: ack}}]
`
writeFileSync(join(folder, 's.yaml'), scenario('before'))
const one = ['s.yaml', '--filter', '/v7']

function pcmsim(args: readonly string[]) {
  const options = { cwd: folder, encoding: 'utf8', timeout: 60_000 } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options)
  return { status, stdout, stderr }
}

describe('chart', () => {
  it.each([
    [['--kind', 'pie'], /^--kind pie: no such chart, allowed: timeline, /],
    [['--around', 'monday'], /^--around monday: is no event, allowed: xrun:1, /],
    [['--around', 'xrun:0'], /^--around xrun:0: is no event/],
    [['--around', 'xrun:9'], /^--around xrun:9: did not happen, allowed: xrun:1\.\.xrun:1$/m],
    [['--around', 'deadlock'], /^--around deadlock: did not happen, allowed: another event/],
    [['--around', 'xrun:1', '--span', '0ms'], /^--span 0s: is no window/],
    [['--around', 'xrun:1', '--span', '5'], /^--span 5: '5' has no unit/],
    [['--around', 'xrun:1', '--to', '1s'], /^--around: names a window of its own/],
    [['--span', '5ms'], /^--span: has no middle/],
    [['--png'], /^--png: pixels are not text, allowed: together with --out/],
    [['--kind', 'compare', '--from', '0s', '--to', '1s'], /^--from: a comparison shows whole runs/],
  ] as const)('%j is refused in words', (args, words) => {
    const { status, stdout, stderr } = pcmsim(['chart', ...one, ...args])
    expect(stderr).toMatch(words)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })
  it('zooms to an event', () => {
    const { status, stdout } = pcmsim(['chart', ...one, '--around', 'xrun:1', '--span', '20ms'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/Around the xrun, 0\.1\d\d–0\.1\d\d s/)
  })
  it('centres on a report of locks, names it and marks it', () => {
    const h01 = fileURLToPath(
      new URL('../../../scenarios/virtio-snd/H01-sleeping-lock-in-hardirq.yaml', import.meta.url),
    )
    const usual = pcmsim(['chart', h01, '--filter', 'v6']).stdout
    expect(usual).toMatch(/<title>no xrun, but at 0\.010 s BUG: sleeping function called from /)
    expect(usual).toMatch(/Around the report, 0\.000–0\.0\d\d s/)
    expect(usual).toContain('>lock report<')
    expect(usual).toContain('>pcmC0D0p:0 group-&gt;mutex<')
    expect(pcmsim(['chart', h01, '--filter', 'v7']).stdout).not.toContain('report')
    const near = pcmsim(['chart', h01, '--filter', 'v6', '--around', 'report:1', '--span', '2ms'])
    expect(near.stdout).toMatch(/Around the report, 0\.0090?\d*–0\.011/)
    const none = pcmsim(['chart', h01, '--filter', 'v7', '--around', 'report:1'])
    expect(none.stderr).toMatch(/^--around report:1: did not happen, allowed: another event/)
  })
  it('compares the variants of a file', () => {
    const { status, stdout } = pcmsim(['chart', 's.yaml', '--kind', 'compare'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/<title>2 of 2 fail: v7 \(1 xrun.*\), ack \(1 xrun.*\)<\/title>/)
  })
  it('makes pixels of twice the size', () => {
    expect(pcmsim(['chart', ...one, '--kind', 'jitter', '--out', 'j.png']).status).toBe(0)
    const bytes = readFileSync(join(folder, 'j.png'))
    expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    expect(bytes.readUInt32BE(16)).toBe(2_400)
  })
})

describe('report', () => {
  it('writes a page that asks for nothing and has everything', () => {
    const { status, stdout } = pcmsim(['report', ...one, '--out', 'r.html'])
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'r.html\n' })
    const html = readFileSync(join(folder, 'r.html'), 'utf8')
    const kinds = [...html.matchAll(/<figure data-kind="(\w+)"/g)].map((match) => match[1])
    expect(kinds).toEqual(expect.arrayContaining(['timeline', 'ring', 'jitter', 'latency']))
    expect(html).toContain('music: xrun at 0.1')
    expect(html).not.toMatch(/<(?:script|img|link|iframe)[^>]+(?:src|href)="(?!data:)/)
    const json = /<script type="application\/json" id="result">([\s\S]*?)<\/script>/.exec(html)?.[1]
    expect(JSON.parse(json ?? '{}')).toMatchObject({ scenario: 'short', variant: 'v7' })
    expect(pcmsim(['report', ...one, '--out', 'again.html']).status).toBe(0)
    expect(readFileSync(join(folder, 'again.html'), 'utf8')).toBe(html)
  })
  it('stands beside the results of a run unless told otherwise', () => {
    expect(pcmsim(['report', ...one]).stdout).toBe('out/short/v7/seed-1/report.html\n')
    expect(statSync(join(folder, 'out/short/v7/seed-1/report.html')).size).toBeGreaterThan(50_000)
  })
  it('is not written of bad input, and standard input cannot be watched', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'version: 2\n')
    const before = readdirSync(folder).length
    expect(pcmsim(['report', 'bad.yaml', '--out', 'bad.html']).status).toBe(2)
    expect(readdirSync(folder).length).toBe(before)
    expect(pcmsim(['report', '-', '--watch'])).toMatchObject({
      status: 2,
      stderr: '-: cannot be watched, allowed with --watch: files\n',
    })
  })
  it('is written again when the scenario changes, until it is interrupted', async () => {
    const page = join(folder, 'w.html')
    const args = [main, 'report', ...one, '--out', 'w.html', '--watch', '--quiet']
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' })
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
    const shows = async (word: string): Promise<void> => {
      for (let i = 0; i < 300; i++) {
        if (existsSync(page) && readFileSync(page, 'utf8').includes(word)) return
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      expect.fail(`the page does not show ${word}`)
    }
    try {
      await shows('<p class="summary">before</p>')
      writeFileSync(join(folder, 's.yaml'), scenario('afterwards'))
      await shows('<p class="summary">afterwards</p>')
      expect(readFileSync(page, 'utf8')).toMatch(/ data-mark="[^"]+"/)
    } finally {
      child.kill('SIGINT')
    }
    expect(await ended).toBe(130)
  })
})
