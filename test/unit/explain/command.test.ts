/** `pcmsim explain` as users meet it: of a scenario, of a trace alone, and with bad input. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeFileAtomically } from '../../../src/app/atomic-write.ts'
import { type ExplainOptions, explainCommand } from '../../../src/app/Explain.ts'
import { listening } from '../../support/said.ts'

const scenario = fileURLToPath(
  new URL('../../../scenarios/underrun-client-sleeps.yaml', import.meta.url),
)
const ordinary: ExplainOptions = { set: [], asked: null, json: false, trials: false }

async function command(path: string, options: Partial<ExplainOptions>) {
  const { said, console } = listening()
  const code = await explainCommand(path, { ...ordinary, ...options }, console)
  return { code, ...said }
}

describe('pcmsim explain', () => {
  it('says why, with parts that add up, in text and JSON', async () => {
    const asked = { kind: 'xrun', number: 1 } as const
    const text = await command(scenario, { asked })
    expect(text.code).toBe(0)
    expect(text.out).toMatch(/client slept 60\.\d ms by its own choice/)
    expect(text.out).toMatch(/client work: .* us \(\d+\.\d\d %\)/)
    expect(text.out).toMatch(/Slack lost: .*\(100\.00 %\)/)
    expect(text.out).toMatch(/record \d+/)
    const json = JSON.parse((await command(scenario, { asked, json: true })).out)
    const sum = json.parts.reduce((all: number, one: { ns: number }) => all + one.ns, 0)
    expect(sum).toBe(json.lostNs)
    expect(sum).toBeGreaterThan(0)
  })

  it('says of a fault of the driver which variants do not have it', async () => {
    const h01 = fileURLToPath(
      new URL('../../../scenarios/virtio-snd/H01-sleeping-lock-in-hardirq.yaml', import.meta.url),
    )
    const { out } = await command(h01, { filter: 'v6', trials: true })
    const text = out.replaceAll(/\s+/g, ' ')
    expect(text).toContain('It is in the driver: none of the 4 changed settings prevents report 1.')
    expect(text).toContain('Variants v7 and ack of this scenario do not have it')
    expect(text).toMatch(/virtio0-virtqueues holds .* and asks for pcmC0D0p:0 group->mutex/)
    expect(text).toMatch(
      /aplay in trigger\(START\) .*held pcmC0D0p:0 group->mutex, asked for &snd->q/,
    )
  })

  it('answers for a bad choice with what there is', async () => {
    const missing = await command(scenario, { asked: { kind: 'xrun', number: 9 } })
    expect(missing.code).toBe(2)
    expect(missing.err).toMatch(/--xrun 9: .*allowed: 1\.\.1/)
    expect((await command(scenario, { at: 'soon' })).err).toMatch(/--at soon: not a time/)
    expect((await command(scenario, { at: '1h' })).code).toBe(2)
    expect(missing.out).toBe('')
  })

  it('works on a trace alone, and says what it cannot do there', async () => {
    const { loadScenario } = await import('../../../src/index.ts')
    const { simulate } = await import('../../../src/app/Simulator.ts')
    const { traceTextOf } = await import('../../../src/app/SavedTrace.ts')
    const { readFileSync } = await import('node:fs')
    const [spec] = loadScenario(readFileSync(scenario, 'utf8'))
    if (spec === undefined) throw new Error('no scenario')
    const { recording, result, streamNames } = simulate(spec, 1)
    const path = join(mkdtempSync(join(tmpdir(), 'pcmsim-')), 'trace.ndjson')
    writeFileAtomically(path, traceTextOf(recording, result, streamNames))
    const json = { asked: { kind: 'xrun', number: 1 } as const, json: true }
    const ofTrace = JSON.parse((await command(path, json)).out)
    const ofScenario = JSON.parse((await command(scenario, json)).out)
    expect(ofTrace.note).toMatch(/Counterfactuals need the scenario/)
    expect(ofTrace.parts).toEqual(ofScenario.parts)
    expect(ofTrace.sentence).toBe(ofScenario.sentence)
    expect(ofTrace.fingerprint).toBe(ofScenario.fingerprint)
  })
})
