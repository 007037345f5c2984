/**
 * Whatever is in a file that somebody gives us, reading it ends soon, with a result or with a clear
 * refusal: exit code 0 to 4, never 70, no stack trace, nothing written but below `out`. A small
 * share of what `npm run fuzz` does (test/fuzz), in this process.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Batch } from '../fuzz/batch.ts'
import { makeCorpus } from '../fuzz/corpus.ts'
import { loadProgram, type Program } from '../fuzz/program.ts'
import { readers } from '../fuzz/readers.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const home = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-fuzz-'))
let program: Program

/** Of 100,000 files, by a reader's share, but as many as show something. */
const share = 1 / 125
const least = 60
/** A fit of half a second a file, a pool of threads: one file. The reading of captures is quick. */
const slowShare = 60
const more: Readonly<Record<string, number>> = { 'capture-import': 3000 }
/** A case named here is refused in any form: `--filter` chooses none of it. */
const neverRead = ['bench-suite']
/** Any text is a kernel log. */
const neverRefused = ['snapshot-dmesg']

beforeAll(async () => {
  process.chdir(folder)
  for (const one of ['in', 'home']) mkdirSync(one)
  program = await loadProgram(root)
  await makeCorpus(root, program)
}, 120_000)

afterAll(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true })
})

it.each(readers)(
  '$name: mutated files are read or refused',
  { timeout: 120_000 },
  async (reader) => {
    const usual = Math.max(least, Math.round(reader.share * share))
    const to = reader.share <= slowShare ? 1 : (more[reader.name] ?? usual)
    const wrong: string[] = []
    const task = {
      root,
      reader: reader.name,
      from: 0,
      to,
      cpuLimitMs: 10_000,
      realEvery: 0,
      heapMb: 0,
    }
    const batch = new Batch(task, reader, program, {
      at: () => {},
      failed: (number, what) => wrong.push(`${reader.name}:${number}: ${what}`),
    })
    const { codes } = await batch.run()
    expect(wrong).toEqual([])
    // Evidence that the mutations reach both ends.
    if (to < least) return
    if (!neverRefused.includes(reader.name)) expect(codes).toHaveProperty('2')
    if (!neverRead.includes(reader.name)) expect(codes['0']).toBeGreaterThan(to / 100)
    if (reader.name === 'capture-import') expect(codes['0']).toBeGreaterThan(to / 2)
  },
)
