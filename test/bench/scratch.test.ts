/**
 * What a benchmark is for, on a copy of the sources: one changed line is found, named and refused;
 * a comment is not. The first differing record is stated exactly where the old records were kept,
 * and as near as the checks tell where they were not.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'pcmsim-scratch-'))

const suite = `version: 1
name: scratch
cases:
  - name: light
    scenario: scenarios/first-light.yaml
    set: {duration: 400ms, streams.0.length: 300ms, expect: {}}
`

function run(program: string, args: readonly string[]) {
  const env = { ...process.env, GITHUB_ACTIONS: '' }
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: scratch,
    encoding: 'utf8',
    env,
  })
  return { status, text: stdout + stderr }
}

function bench(...args: readonly string[]) {
  return run(process.execPath, ['dist/cli/main.js', 'bench', 'suite.yaml', ...args])
}

/** Changes a text of a source that stands there once, builds, and puts it back afterwards. */
function withChange<T>(file: string, from: string, to: string, use: () => T): T {
  const path = join(scratch, 'src', file)
  const before = readFileSync(path, 'utf8')
  expect(before.split(from), `${file}: ${from}`).toHaveLength(2)
  writeFileSync(path, before.replace(from, to))
  try {
    const tsc = 'node_modules/typescript/bin/tsc'
    const built = run(process.execPath, [tsc, '-p', 'src/tsconfig.json'])
    expect(built).toEqual({ status: 0, text: '' })
    return use()
  } finally {
    writeFileSync(path, before)
  }
}

beforeAll(() => {
  for (const name of ['src', 'scenarios', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(scratch, name), { recursive: true })
  }
  // Not dist/bin: the change must not need a bundle.
  const skipped = [join(root, 'dist/bin'), join(root, 'dist/bench')]
  const filter = (path: string): boolean => !skipped.some((one) => path.startsWith(one))
  cpSync(join(root, 'dist'), join(scratch, 'dist'), { recursive: true, filter })
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'))
  writeFileSync(join(scratch, 'suite.yaml'), suite)
  expect(bench('--save', 'base')).toMatchObject({ status: 0 })
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const ops = 'model/guest/virtio-snd/v7/virtio_pcm_ops.ts'
const msg = 'model/guest/virtio-snd/v7/virtio_pcm_msg.ts'

describe('a changed line of the model', () => {
  it('a cost: by its name, its prices and the first record that it moves', () => {
    withChange('scenario/cost-presets.ts', 'spin_lock: fixed(15,', 'spin_lock: fixed(16,', () => {
      const { status, text } = bench('--against', 'base')
      expect(status).toBe(3)
      expect(text).toContain('scratch/light/seed-1: CHANGED')
      expect(text).toMatch(/^ {2}metric +baseline +now +change +verdict$/m)
      expect(text).toContain('cost guest.spin_lock: 15ns -> 16ns')
      // Exactly, with both records: the same but for a nanosecond.
      const found = /was +\{"t":(\d+),(.*)\n +now +\{"t":(\d+),(.*)\n/.exec(text)
      expect(Number(found?.[3]) - Number(found?.[1])).toBe(1)
      expect(found?.[4]).toBe(found?.[2])
      const sentence = /^scratch\/light\/seed-1 changes from record \d+ \(.*15ns -> 16ns.*\.$/m
      expect(text).toMatch(sentence)
    })
  })

  it("a lock's order: by the new dependency and the report that follows", () => {
    const queue = '  const flags = yield* spin_lock_irqsave(queue.lock)\n'
    const stream = '  yield* spin_lock(vss.lock)\n'
    const next = '  const rc = yield* virtsnd_pcm_msg_send(vss)\n'
    withChange(ops, queue + stream + next, stream + queue + next, () => {
      const { status, text } = bench('--against', 'base')
      expect(status).toBe(3)
      expect(text).toContain('lock + &vss->lock -> &snd->queues[i].lock')
      expect(text).toMatch(/lock \+ predicted circular: /)
      expect(text).toMatch(/locks\.predicted +0 +2 +\+2 +worse/)
      expect(text).toMatch(/now +\{.*"ctx":"aplay","args":\{"lock":"vss0->lock"/)
    })
  })

  it("a driver's step: by its record, also when the old records were not kept", () => {
    const work = '    yield* variantScheduleWork(vss.snd.variant, vss.elapsed_period)\n'
    const send = '    yield* virtsnd_pcm_msg_send(vss)\n'
    withChange(msg, work + send, send + work, () => {
      const exact = bench('--against', 'base')
      renameSync(join(scratch, 'out'), join(scratch, 'away'))
      const near = bench('--against', 'base')
      renameSync(join(scratch, 'away'), join(scratch, 'out'))
      expect([exact.status, near.status]).toEqual([3, 3])
      const record = Number(/first difference: record ([\d,]+) /.exec(exact.text)?.[1])
      expect(exact.text).toMatch(/now +\{.*"ev":"virtio:virtqueue_add"/)
      // queue_work() takes the lock of its pool first.
      expect(exact.text).toMatch(/was +\{.*"ev":"lock:lock_acquire".*"lock":"pool\/0"/)
      expect(near.text).toContain('was   not kept')
      const range = /first difference: (?:one of )?records? ([\d,]+)(?: to ([\d,]+))? /.exec(
        near.text,
      )
      const [from, to] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])]
      expect(from).toBeLessThanOrEqual(record)
      expect(to).toBeGreaterThanOrEqual(record)
      expect(to - from).toBeLessThanOrEqual(record / 512)
    })
  })

  it('a comment: nothing', () => {
    const line = '  const rc = yield* virtsnd_pcm_msg_send(vss)\n'
    withChange(ops, line, `  // Sends.\n${line}`, () => {
      const { status, text } = bench('--against', 'base')
      expect(text).toBe('scratch/light/seed-1: ok\nPASS: 1 case against base\n')
      expect(status).toBe(0)
    })
  })
})

describe('the same sources in another place', () => {
  it('give the same baseline, byte for byte, in one process and in two', () => {
    const path = join(root, 'dist/bin/main.js')
    const args = [path, 'bench', 'suite.yaml', '--save']
    expect(run(process.execPath, [...args, 'two', '--jobs', '2']).status).toBe(0)
    const read = (name: string): string =>
      readFileSync(join(scratch, `bench/baselines/${name}.json`), 'utf8')
    expect(read('two')).toBe(read('base'))
  })
})
