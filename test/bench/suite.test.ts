/**
 * The project's own suite, small: every count and fingerprint is the one in bench/baselines, in one
 * process and in two. If a change is meant: pcmsim bench bench/small.yaml --save small
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { sortedJson } from '../../src/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/bin/main.js')
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-suite-'))
afterAll(() => rmSync(folder, { recursive: true }))

function bench(...args: readonly string[]) {
  const env = { ...process.env, GITHUB_ACTIONS: '' }
  const options = { cwd: root, encoding: 'utf8', env } as const
  return spawnSync(process.execPath, [main, 'bench', 'bench/small.yaml', ...args], options)
}

describe('bench/small.yaml', () => {
  it('does what its baseline says, which is sorted, with two jobs and with one', () => {
    const two = bench('--against', 'small', '--jobs', '2')
    expect(two.stdout + two.stderr).toContain('PASS: 14 cases against small')
    expect(two.status).toBe(0)
    const one = bench('--against', 'small', '--json', '--jobs', '1')
    const again = bench('--against', 'small', '--json', '--jobs', '2')
    expect(again.stdout).toBe(one.stdout)
    const text = readFileSync(join(root, 'bench/baselines/small.json'), 'utf8')
    expect(text).toBe(sortedJson(JSON.parse(text)))
  })

  it('reaches what it is for', () => {
    const text = readFileSync(join(root, 'bench/baselines/small.json'), 'utf8')
    const { cases } = JSON.parse(text) as {
      cases: Record<string, { metrics: Record<string, number | string> }>
    }
    const metric = (name: string, key: string) => cases[`small/${name}`]?.metrics[key]
    expect(metric('lock-heavy/v5-atomic/seed-1', 'outcome')).toBe('deadlock')
    expect(metric('lock-heavy/v7/seed-1', 'outcome')).toBe('completed')
    expect(metric('sixteen-streams/seed-1', 'periods')).toBeGreaterThan(16 * 15)
    expect(metric('first-light/seed-1', 'silent_failures.stale')).toBe(1)
    // 20,000 turns that add 1 and 2 in turn.
    expect(metric('ping-pong', 'check')).toBe(30_000)
  })
})
