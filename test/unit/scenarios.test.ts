/**
 * Every scenario of scenarios/ keeps its word for five seeds, and the words that first-light says
 * on the wire are the ones in test/golden/scenarios (`npx vitest run` on this file with `-u` writes
 * them anew; read the difference before committing it).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import {
  readSignatures,
  type Signature,
  signatureLine,
  signaturesOf,
} from '../../src/app/Signatures.ts'
import { loadScenario, runScenario, type ScenarioRun, type ScenarioSpec } from '../../src/index.ts'
import { T, TraceRecord } from '../../src/sim/trace.ts'
import { CODES } from '../../src/sim/trace-kinds.ts'
import { wireText } from '../support/wire-text.ts'

const folder = fileURLToPath(new URL('../../scenarios', import.meta.url))
const golden = '../golden/scenarios'
const seeds = [1, 2, 3, 4, 5]
const update = process.env['UPDATE_GOLDEN'] === '1'
const signatureFile = fileURLToPath(new URL('../../schema/signatures.ndjson', import.meta.url))
const signatures: Signature[] = []
const known = readSignatures()

function isOf({ scenario, variant }: Signature, spec: ScenarioSpec): boolean {
  return scenario === spec.name && variant === spec.variant
}

/** Those of files that did not run, as with `-t FILE`, stay as they are. */
afterAll(() => {
  if (!update) return
  const ran = new Set(signatures.map(({ file }) => file))
  const kept = known.filter(({ file }) => !ran.has(file))
  const all = paths.flatMap((path) => [...signatures, ...kept].filter(({ file }) => file === path))
  writeFileSync(signatureFile, all.map(signatureLine).join(''))
})
/** First line of a file: where its schema is, from where it is. */
function modelineOf(file: string): string {
  const up = '../'.repeat(file.split(/[\\/]/).length)
  return `# yaml-language-server: $schema=${up}schema/scenario.schema.json`
}

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .toSorted((a, b) => (a < b ? -1 : 1))
/** As signatures name them. */
const paths = files.map((file) => file.replaceAll('\\', '/'))

function textOf(file: string): string {
  return readFileSync(join(folder, file), 'utf8')
}

/** Unmet verdicts, as the command line prints them. */
function broken({ result }: ScenarioRun): readonly string[] {
  return result.expectations
    .filter((one) => !one.pass)
    .map((one) => `${one.name}: expected ${one.expected}, was ${one.actual}`)
}

const STALE = (CODES.fresh as readonly string[]).indexOf('stale')

/** Reads of frames that were read before, and what was played of them from then on. */
function stalePeriods({ store }: ScenarioRun) {
  const copies: { first: number; frames: number; state: string }[] = []
  const plays: number[] = []
  let state = ''
  const record = new TraceRecord()
  for (let i = 0; i < store.length; i++) {
    const r = store.at(i, record)
    if (r.kind === T.snd_pcm_state) state = CODES.state?.[r.c] ?? ''
    if (r.kind === T.audio_copy && r.e === STALE) copies.push({ first: r.d, frames: r.c, state })
    if (r.kind !== T.audio_play) continue
    const again = copies.some(({ first, frames }) => r.b >= first && r.b < first + frames)
    if (again) plays.push(r.b)
  }
  return { copies, plays }
}

describe.each(files)('%s', (file) => {
  const specs = loadScenario(textOf(file), { name: file })

  it('says why it is there, in its second line, its summary, its sources and its tags', () => {
    const [first, second] = textOf(file).split('\n')
    expect(first).toBe(modelineOf(file))
    expect(second).toMatch(/^# Why: /)
    for (const spec of specs) {
      expect(spec.summary).not.toBe('')
      expect(spec.tags).not.toEqual([])
      expect(spec.source).not.toEqual([])
    }
  })
  it('is named as its file', () => {
    expect(`${specs[0]?.name}.yaml`).toBe(file.split(/[\\/]/).at(-1))
  })
  it.each(specs.map((spec) => [spec.variant ?? 'plain', spec] as const))('%s', (_, spec) => {
    // Something beside the outcome, which is implied.
    expect(spec.expect.filter((one) => one.fact.name !== 'outcome')).not.toEqual([])
    for (const seed of seeds) {
      const run = runScenario(spec, seed)
      const found = broken(run)
      expect({ seed, found }).toEqual({ seed, found: [] })
      if (seed !== spec.seed) continue
      const fresh = signaturesOf(file.replaceAll('\\', '/'), spec, run)
      if (update) signatures.push(...fresh)
      else expect(known.filter((one) => isOf(one, spec))).toEqual(fresh)
    }
  })
})

describe('first-light', () => {
  const [spec] = loadScenario(textOf('first-light.yaml'))
  if (spec === undefined) throw new Error('first-light has no run')
  const run = runScenario(spec)

  it('says on the wire what the merged driver says', async () => {
    await expect(wireText(run.store)).toMatchFileSnapshot(`${golden}/first-light.wire.txt`)
  })
  it('says the same for every seed', () => {
    const text = wireText(run.store)
    for (const seed of seeds.slice(1)) expect(wireText(runScenario(spec, seed).store)).toBe(text)
  })
  it('shows the lock edges that a real lockdep kernel shows', () => {
    const { edges } = run.result.locks
    const seen = edges.map(({ before, after }) => `${before} -> ${after}`)
    for (const edge of [
      '&snd->queues[i].lock -> &vss->lock',
      '&group->mutex -> &snd->queues[i].lock',
      '(work_completion)(&vss->elapsed_period) -> &group->mutex',
      '&vss->lock -> &vss->msg_empty',
    ]) {
      expect(seen).toContain(edge)
    }
    expect(run.result.locks).toMatchObject({ predicted: [], actual: [] })
  })
  it('reads one period twice, at the end of the drain, and plays none of it', () => {
    const { copies, plays } = stalePeriods(run)
    expect(copies).toHaveLength(1)
    expect(copies[0]).toMatchObject({ frames: 480, state: 'DRAINING' })
    expect(plays).toEqual([])
  })
  it('is the same run twice', () => {
    expect(runScenario(spec).result.fingerprint).toBe(run.result.fingerprint)
  })
})
