/** The file of a long recording: what comes back, what is left on disk, and what a user is told. */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { UnwritableError } from '../../../src/app/io-reason.ts'
import { runOne } from '../../../src/app/RunOne.ts'
import { filePool } from '../../../src/app/record-file.ts'
import { simulate } from '../../../src/app/Simulator.ts'
import { loadScenario } from '../../../src/index.ts'

const newFolder = () => mkdtempSync(join(tmpdir(), 'pcmsim-'))

/** Just long enough to need the file. */
const longRun = () => {
  const text =
    'version: 1\nname: long\ndriver: {kind: virtio-snd}\nstreams: [{name: s, period_size: 240}]\n'
  const [spec] = loadScenario(text, { set: ['duration=30s', 'streams.0.length=30s'] })
  if (spec === undefined) throw new Error('no scenario')
  return spec
}

it('gives each block back, whichever is asked for', () => {
  const folder = newFolder()
  const file = filePool(join(folder, 'made')).openFile?.()
  const blocks = [[1, 2, 3], [], [4], Array.from({ length: 100_000 }, (_, i) => i & 255)]
  for (const block of blocks) {
    file?.append([Uint8Array.from(block.slice(0, 1)), Uint8Array.from(block.slice(1))])
  }
  for (const nth of [2, 0, 3, 1, 3]) expect([...(file?.read(nth) ?? [])]).toEqual(blocks[nth])
  // Nothing is left whatever happens to the process: the file has no name.
  if (process.platform !== 'win32') expect(readdirSync(join(folder, 'made'))).toEqual([])
  file?.close()
  expect(readdirSync(join(folder, 'made'))).toEqual([])
})

it('a run with a file has the result of one without', () => {
  const spec = longRun()
  const onFile = simulate(spec, 1, { recordIn: newFolder() })
  const inMemory = simulate(spec, 1, { recordIn: null })
  expect(onFile.result).toEqual(inMemory.result)
  onFile.recording.release()
}, 120_000)

it('a folder that takes no file is named', async () => {
  const plain = join(newFolder(), 'plain')
  writeFileSync(plain, '')
  expect(() => filePool(plain).openFile?.()).toThrow(UnwritableError)
  const answer = await runOne({
    spec: longRun(),
    seed: 1,
    outputs: { out: plain, charts: false, trace: false },
    checkDeterminism: false,
    wantReport: false,
    wantJson: false,
  })
  const reason = `the records of the run: ${plain} is a file, not a folder`
  expect(answer).toEqual({ kind: 'unwritable', path: plain, reason })
})
