import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../../src/app/Commands.ts'
import type { Job, JobAnswer } from '../../../src/app/Jobs.ts'
import type { JobServer, RunOptions } from '../../../src/app/Runner.ts'
import { withLines } from '../../support/scenario-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcmsim-'))
const variants = withLines('variants: [{name: a}, {name: b, set: {seed: 7}}]')
writeFileSync(join(folder, 'one.yaml'), variants)

const plain: RunOptions = { out: 'out', checkDeterminism: false, json: false, quiet: false }

/** Answers every job at once, as if its run had gone that way. */
function server(answer: (job: Job) => JobAnswer): JobServer & { jobs: Job[] } {
  const jobs: Job[] = []
  return {
    jobs,
    async run(given, take) {
      jobs.push(...given)
      given.forEach((job, at) => take(answer(job), at))
    },
  }
}

function done(job: Job, pass: boolean): JobAnswer {
  const { spec, seed } = job
  const name = spec.variant === null ? spec.name : `${spec.name}/${spec.variant}`
  const summary = { name, seed, pass, outcome: 'completed', fingerprint: 'f'.repeat(64) }
  const counts = { xruns: 0, silentFailures: 0, expectations: [] }
  const json = `${JSON.stringify({ name, seed })}\n`
  return { kind: 'done', summary: { ...summary, ...counts }, report: null, json, files: [] }
}

async function run(options: Partial<RunOptions>, answer = (job: Job) => done(job, true)) {
  const text = { out: '', err: '' }
  const jobs = server(answer)
  const out = (piece: string) => {
    text.out += piece
  }
  const err = (piece: string) => {
    text.err += piece
  }
  const console = { out, print: out, err, progress: () => {} }
  const code = await runCommand([folder], { ...plain, ...options }, jobs, console)
  return { code, ...text, jobs: jobs.jobs }
}

describe('runs', () => {
  it('come in the order of scenario, variant, seed', async () => {
    const { jobs } = await run({ seeds: { first: 3, last: 5 } })
    expect(jobs.map((job) => `${job.spec.variant} ${job.seed}`)).toEqual([
      'a 3',
      'a 4',
      'a 5',
      'b 3',
      'b 4',
      'b 5',
    ])
  })
  it('take the seed of the scenario, or the one given', async () => {
    expect((await run({})).jobs.map((job) => job.seed)).toEqual([1, 7])
    expect((await run({ seed: 9 })).jobs.map((job) => job.seed)).toEqual([9, 9])
  })
  it('write charts and traces for one run, and for many only if asked', async () => {
    expect((await run({ filter: '/a' })).jobs[0]?.outputs).toMatchObject({ charts: true })
    expect((await run({})).jobs[0]?.outputs).toMatchObject({ charts: false, trace: false })
    expect((await run({ trace: true })).jobs[1]?.outputs).toMatchObject({ trace: true })
  })
  it('print one JSON array', async () => {
    const { out, code } = await run({ json: true })
    expect(JSON.parse(out)).toEqual([
      { name: 'minimal/a', seed: 1 },
      { name: 'minimal/b', seed: 7 },
    ])
    expect(code).toBe(0)
  })
  it('show the head of the one report before they begin', async () => {
    let before = ''
    const text = { out: '' }
    const out = (piece: string) => {
      text.out += piece
    }
    const jobs: JobServer = {
      async run(given, take) {
        before = text.out
        given.forEach((job, at) => take(done(job, true), at))
      },
    }
    const console = { out, print: out, err: out, progress: () => {} }
    await runCommand([folder], { ...plain, filter: '/a' }, jobs, console)
    expect(before).toMatch(
      /^minimal \/ a, seed 1\n(.|\n)*guest(.|\n)*driver(.|\n)*device.*\n.*host/,
    )
    for (const options of [{}, { json: true }, { quiet: true }]) {
      text.out = ''
      await runCommand([folder], { ...plain, ...options }, jobs, console)
      expect(before).toBe('')
    }
  })
  it('print nothing when quiet', async () => {
    expect((await run({ quiet: true })).out).toBe('')
  })
})

describe('exit codes', () => {
  it('1 if a verdict failed', async () => {
    const { code, out } = await run({}, (job) => done(job, job.spec.variant === 'a'))
    expect(code).toBe(1)
    expect(out).toMatch(/pass minimal\/a seed 1.*\nFAIL minimal\/b seed 7.*\nFAIL: 1 not/)
  })
  it('2 if nothing is chosen or nothing can be written', async () => {
    expect(await run({ filter: 'zzz' })).toMatchObject({ code: 2 })
    expect(await run({ tags: ['zzz'] })).toMatchObject({ code: 2 })
    const unwritable = (): JobAnswer => ({ kind: 'unwritable', path: 'x', reason: 'disk full' })
    expect((await run({}, unwritable)).err).toBe('x: cannot be written: disk full\n')
  })
  it('2 before anything runs, if a file stands where results would go', async () => {
    const out = join(folder, 'one.yaml')
    const { code, err, jobs } = await run({ out })
    expect({ code, err }).toEqual({ code: 2, err: `--out: ${out} is a file, not a folder\n` })
    expect(jobs).toEqual([])
  })
  it('4 if two runs differ, 70 if we failed', async () => {
    const differ = (): JobAnswer => ({ kind: 'nondeterminism', first: 'a', second: 'b' })
    expect((await run({}, differ)).code).toBe(4)
    const bug = (): JobAnswer => ({ kind: 'bug', message: 'oops', stack: 'at x' })
    const failed = await run({}, bug)
    expect(failed.code).toBe(70)
    expect(failed.err).toMatch(/a bug in pcmsim.*minimal\/a, seed 1: oops/)
  })
})
