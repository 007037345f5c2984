/**
 * A sweep of 200 points under a real Slurm and a real GNU parallel: workers are killed at random,
 * what did not end is sent again, and the merged results are those of one process, byte for byte.
 * ROUNDS (20) of each. Skipped, and said so, where the programs are not installed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import { hasSlurm, type Slurm, sleep, startSlurm } from './slurm.ts'

const main = fileURLToPath(new URL('../../dist/bin/main.js', import.meta.url))
const script = fileURLToPath(new URL('../../deploy/sweep.sbatch', import.meta.url))
const rounds = Number(process.env.ROUNDS ?? 20)
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-cluster-'))
const SHARDS = 4
const POINTS = 200

const scenario = join(folder, 'tiny.yaml')
const grid = [
  scenario,
  ...['--vary', 'streams.0.period_size=64..1024:log20', '--vary', 'streams.0.periods=2,4'],
  ...['--seeds', '1..5', '--quiet'],
]
const results = (out: string): string => join(out, 'tiny/sweep/results.jsonl')
const shardFile = (out: string, nth: number): string =>
  join(out, `tiny/sweep/shard-${nth}-of-${SHARDS}.jsonl`)
const shards = Array.from({ length: SHARDS }, (_, i) => i + 1)

function pcmsim(args: readonly string[]) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
}

let whole = ''

beforeAll(() => {
  writeFileSync(
    scenario,
    'version: 1\nname: tiny\nduration: 3s\ndriver: {kind: virtio-snd}\n' +
      'streams: [{name: music, client: aplay, length: 2800ms}]\n',
  )
  const out = join(folder, 'whole')
  expect(pcmsim(['sweep', ...grid, '--out', out])).toMatchObject({ status: 0, stderr: '' })
  whole = readFileSync(results(out), 'utf8')
  expect(whole.split('\n').length).toBe(1 + POINTS + 1)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Shards with runs missing, as their files say. */
function unfinished(out: string): readonly number[] {
  return shards.filter((nth) => {
    try {
      const lines = readFileSync(shardFile(out, nth), 'utf8').split('\n')
      return lines.filter((line) => line.endsWith('"}')).length < 1 + POINTS / SHARDS
    } catch {
      return true
    }
  })
}

function expectWhole(out: string): void {
  const files = shards.map((nth) => shardFile(out, nth))
  const merged = pcmsim(['merge', ...files, '--out', out, '--quiet'])
  expect(merged).toMatchObject({ status: 0, stderr: '' })
  expect(readFileSync(results(out), 'utf8') === whole).toBe(true)
  rmSync(out, { recursive: true })
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('close', (code) => resolve(code)))
}

/** How many submissions needed another one: a test in which nobody was killed shows nothing. */
let again = 0

describe.skipIf(!hasSlurm())('Slurm arrays', () => {
  let slurm: Slurm

  beforeAll(async () => {
    slurm = await startSlurm(join(folder, 'slurm'))
  })
  afterAll(() => slurm?.stop())

  it(`lose and double nothing in ${rounds} rounds of kills`, async () => {
    const rng = new Prng(1, 'cluster/slurm')
    for (let round = 0; round < rounds; round++) {
      const out = join(folder, `slurm-${round}`)
      const pcmsimCommand = `${process.execPath} ${main}`
      const env = { ...slurm.env, SHARDS: `${SHARDS}`, OUT: out, PCMSIM: pcmsimCommand }
      let open: readonly number[] = shards
      for (let send = 0; open.length > 0 && send < 12; send++) {
        if (send > 0) again++
        const args = ['--parsable', `--array=${open.join(',')}`, '--chdir', folder, script, ...grid]
        const sent = spawnSync('sbatch', args, { env, encoding: 'utf8' })
        expect(sent.status, sent.stderr).toBe(0)
        const job = sent.stdout.trim().split(';')[0] ?? ''
        for (let kills = send < 3 ? 1 + rng.below(3) : 0; kills > 0; kills--) {
          await sleep(200 + rng.below(1_800))
          const task = open[rng.below(open.length)]
          spawnSync('scancel', ['--full', '--signal=KILL', `${job}_${task}`], { env })
        }
        for (;;) {
          const queue = spawnSync('squeue', ['-h', '-j', job], { env, encoding: 'utf8' })
          if (queue.stdout.trim() === '') break
          await sleep(300)
        }
        open = unfinished(out)
      }
      expectWhole(out)
      process.stdout.write(`Slurm: round ${round + 1} of ${rounds} whole, ${again} sent again\n`)
    }
    expect(again).toBeGreaterThan(0)
  })
})

const hasParallel = spawnSync('parallel', ['--version'], { encoding: 'utf8' })
const isGnu = hasParallel.status === 0 && /GNU parallel/.test(hasParallel.stdout)

describe.skipIf(!isGnu)('GNU parallel', () => {
  it(`loses and doubles nothing in ${rounds} rounds of kills`, async () => {
    const rng = new Prng(1, 'cluster/parallel')
    let killed = 0
    for (let round = 0; round < rounds; round++) {
      const out = join(folder, `parallel-${round}`)
      const command = [process.execPath, main, 'sweep', ...grid, '--resume', '--out', out]
      for (let send = 0; unfinished(out).length > 0 && send < 12; send++) {
        // A session of its own: the kill goes to parallel's children too, and to nobody else.
        const args = ['-j2', '--will-cite', ...command, '--shard', `{}/${SHARDS}`, ':::']
        const numbers = shards.map((nth) => `${nth}`)
        const options = { detached: true, stdio: 'ignore' } as const
        const child = spawn('parallel', [...args, ...numbers], options)
        const end = ended(child)
        if (send < 2 && child.pid !== undefined) {
          await sleep(300 + rng.below(2_500))
          if (child.exitCode === null) {
            process.kill(-child.pid, 'SIGKILL')
            killed++
          }
        }
        await end
      }
      expectWhole(out)
      process.stdout.write(`parallel: round ${round + 1} of ${rounds} whole, ${killed} killed\n`)
    }
    expect(killed).toBeGreaterThan(0)
  })
  it('says by PARALLEL_SEQ which shard a job is', async () => {
    const out = join(folder, 'seq')
    const command = [
      process.execPath,
      main,
      'sweep',
      ...grid,
      '--shards',
      `${SHARDS}`,
      '--out',
      out,
    ]
    const args = ['-j2', '--will-cite', '-n0', ...command, ':::', ...shards.map((nth) => `${nth}`)]
    expect(spawnSync('parallel', args, { encoding: 'utf8' }).status).toBe(0)
    expectWhole(out)
  })
})
