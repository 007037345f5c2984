/**
 * Paste-a-snapshot: what a scenario shows in /proc/asound and in the kernel log leads back to it,
 * also pasted as people paste it; and no text whatever breaks the parsers.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstSubject } from '../../../src/analysis/explain/subject.ts'
import { readSignatures } from '../../../src/app/Signatures.ts'
import { groupsOf, snapshotCommand } from '../../../src/app/Snapshot.ts'
import { nameOf, rankSnapshot } from '../../../src/app/SnapshotMatch.ts'
import { dmesgLines } from '../../../src/export/dmesg.ts'
import { procAsound } from '../../../src/export/proc-asound.ts'
import { type Feature, logFeatures, procFeatures } from '../../../src/import/snapshot.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'
import { listening } from '../../support/said.ts'

const folder = fileURLToPath(new URL('../../../scenarios/', import.meta.url))
const signatures = readSignatures()

/** Hazards whose snapshot at the first failure, or at the end, must lead back to them. */
const hazards: readonly (readonly [file: string, variant: string, at: 'failure' | 'end'])[] = [
  ['virtio-snd/H01-sleeping-lock-in-hardirq', 'v6', 'failure'],
  ['virtio-snd/H02-abba-if-nonatomic-is-dropped', 'v6-atomic', 'end'],
  ['virtio-snd/H04-gfp-kernel-in-trigger', 'v6-atomic', 'failure'],
  ['virtio-snd/H05-irqsave-advice-half-applied', 'v6-plain', 'end'],
  ['virtio-snd/H06-start-waits-under-the-stream-lock', 'ack', 'failure'],
  ['virtio-snd/H08-naive-free', 'v5-free', 'failure'],
  ['virtio-snd/H11-reset-work-against-remove', 'v5-cancel', 'end'],
  ['virtio-snd/H12-stale-audio', 'v7', 'failure'],
  ['virtio-snd/H13-xrun-event-lost', 'v7', 'failure'],
  ['virtio-snd/H17-work-starved', 'ack', 'failure'],
  ['virtio-snd/H20-no-room-in-the-ring', 'v7', 'end'],
  ['virtio-snd/H23-whole-ring-in-one-batch', 'ack-256x4', 'failure'],
  ['xen/X01-lost-boundary', 'p2-shipped', 'failure'],
  ['xen/X02-slow-stop', 'slow-ge', 'end'],
  ['xen/X04-recovery-without-reset', 'on-start-ge', 'end'],
  ['xen/X07-timeout-storm', 'dead-shipped', 'end'],
]

interface Pasted {
  readonly proc: string
  readonly log: string
}

function pastedOf(file: string, variant: string, at: 'failure' | 'end'): Pasted {
  const text = readFileSync(`${folder}${file}.yaml`, 'utf8')
  const spec = loadScenario(text).find((one) => one.variant === variant)
  if (spec === undefined) throw new Error(`no variant ${variant}`)
  const { store, result } = runScenario(spec)
  const subject = firstSubject(result, [])
  const atNs = at === 'end' || subject.kind === 'late' ? result.virtualTimeNs : subject.timeNs
  const log = dmesgLines(store).filter(({ timeNs }) => timeNs <= atNs)
  const lines = log.map((one) => one.text)
  return { proc: [...procAsound(store, result, atNs)].join(''), log: lines.join('\n') }
}

function ranked({ proc, log }: Pasted) {
  const features = [
    ...procFeatures([{ name: 'status.txt', text: proc }]),
    ...logFeatures({ name: 'log.txt', text: log }),
  ]
  for (const one of features) if (typeof one === 'string') throw new Error(one)
  return groupsOf(rankSnapshot(features as Feature[], signatures, true))
}

function firstNames(pasted: Pasted): readonly string[] {
  const [first] = ranked(pasted)
  if (first === undefined) return []
  return [first.match, ...first.others].map(({ signature }) => nameOf(signature))
}

/** As a log comes from another machine, and through a mail client. */
function distorted({ proc, log }: Pasted): Pasted {
  const lines = log.split('\n').map((line, i) => {
    const text = line.replace(/^\[ *(\d+)\.(\d+)\]/, (_, s, us) => `[${90 + Number(s)}.${us}]`)
    return i % 2 === 0 ? `Nov 21 10:00:0${i % 10} guest kernel: ${text}` : `<4>${text}`
  })
  const noise = ['[  1.000000] e1000: eth0 NIC Link is Up 1000 Mbps', 'systemd[1]: Started cron.']
  return { proc: proc.replaceAll('\n', '\r\n'), log: [...noise, ...lines, ...noise].join('\r\n') }
}

describe('a snapshot', () => {
  it.each(hazards)('of %s %s leads back to it', (file, variant, at) => {
    const pasted = pastedOf(file, variant, at)
    const name = `${file.split('/')[1]}/${variant}`
    expect(firstNames(pasted)).toContain(name)
    expect(firstNames(distorted(pasted))).toContain(name)
    // What is as like it can be said: it differs in nothing that the snapshot tells of.
    const [first] = ranked(pasted)
    for (const other of first?.others ?? []) expect(other.likeness).toBeCloseTo(1, 9)
  })

  it('says which line matched, which did not, and how to make it', async () => {
    const pasted = pastedOf('virtio-snd/H01-sleeping-lock-in-hardirq', 'v6', 'failure')
    const dir = mkdtempSync(join(tmpdir(), 'pcmsim-'))
    const place = (name: string, text: string): string => {
      writeFileSync(join(dir, name), text)
      return join(dir, name)
    }
    const status = place('status.txt', pasted.proc)
    const log = place('log.txt', `${pasted.log}\nvirtio_snd virtio0: something else 17\n`)
    const { said, console } = listening()
    expect(await snapshotCommand({ proc: status, dmesg: log, json: false }, console)).toBe(0)
    expect(said.out).toMatch(/1\. H01-sleeping-lock-in-hardirq\/v[56]/)
    expect(said.out).toMatch(
      /pcmsim explain scenarios\/virtio-snd\/H01-.*\.yaml --filter .*\/v[56] --seed 1/,
    )
    expect(said.out).toMatch(/log\.txt:\d+: log sleep in atomic context/)
    expect(said.out).toMatch(
      /In no scenario:\s+\S*log\.txt:\d+:\s+line\s+virtio_snd\s+virtioN:\s+something\s+else\s+N/,
    )
    const bad = place('bad.txt', 'state: FLYING\navail : many\n')
    expect(await snapshotCommand({ proc: bad, json: false }, console)).toBe(2)
    expect(said.err).toMatch(/bad\.txt:1:8: state: 'FLYING' is no state, allowed: OPEN, SETUP/)
    expect(said.err).toMatch(/bad\.txt:2:9: avail: 'many' is not a number/)
    const prose = place('prose.txt', 'it does not work\n')
    expect(await snapshotCommand({ proc: prose, json: false }, console)).toBe(2)
    expect(said.err).toMatch(/prose\.txt:1:1: nothing of a substream here, allowed: status/)
    expect(await snapshotCommand({ proc: join(dir, 'none'), json: false }, console)).toBe(2)
    expect(said.err).toMatch(/none: cannot be read/)
  })

  it('is read in the layouts of kernels and of log tools', () => {
    const said = (text: string): readonly string[] =>
      logFeatures({ name: 'l', text }).map((one) => (typeof one === 'string' ? one : one.feature))
    const hung = 'INFO: task aplay:4711 blocked for more than 120 seconds.'
    for (const head of ['', '[ 7251.004211] ', '[ 7251.004211] [T4711] ', '<6>[ 7251.004211] ']) {
      expect(said(`${head}${hung}`)).toContain('log hung task')
    }
    expect(said(`2026-11-21T10:00:00.123456+01:00 host kernel: ${hung}`)).toContain('log hung task')
    expect(said('[Sat Nov 21 10:00:00 2026] ALSA: PCM: XRUN: pcmC0D0p:0')).toEqual(
      said('snd: ALSA: PCM: XRUN: pcmC0D0p:0').map((one) => one.replace('snd: ', '')),
    )
    expect(said('virtio_snd virtio1: device reset')).toEqual(
      said('virtio_snd virtio7: device reset'),
    )
    expect(said(' (&group->mutex){+.+.}-{3:3}, at: snd_pcm_action_lock_mutex+0x1/0x2')).toContain(
      'lock &group->mutex',
    )
    expect(said('e1000: link is up')).toEqual([])
    const status = (text: string): readonly string[] =>
      procFeatures([{ name: 's', text }]).map((one) =>
        typeof one === 'string' ? one : one.feature,
      )
    expect(status('closed\n')).toEqual(['proc closed'])
    expect(status('no setup\n')).toEqual(['proc no setup'])
    const cut =
      'state: RUNNING\r\nowner_pid   : 4711\r\ndelay       : 0\r\nhw_ptr      : 0\r\nappl_p'
    expect(status(cut)).toContain('proc RUNNING, delay 0')
    expect(status(cut)).toContain('proc hw_ptr has not moved')
  })

  it('is never too odd: any text gives features or faults with a place, and few', () => {
    const word = fc.constantFrom(
      'state: ',
      'avail : ',
      'hw_ptr: ',
      '==> a/status <==',
      '\n',
      '\r\n',
      '[ 1.5] ',
      '<4>',
      'BUG: ',
      '(&a){',
      'XRUN: pcm',
      'virtio_snd ',
      '-1',
      '99999999999999999999',
      'closed',
      '\0',
      '0x',
      '%s',
    )
    const text = fc
      .array(fc.oneof(word, fc.string()), { maxLength: 60 })
      .map((list) => list.join(''))
    fc.assert(
      fc.property(text, (one) => {
        const source = { name: 'f', text: one }
        const features = [...procFeatures([source]), ...logFeatures(source)]
        expect(features.length).toBeLessThan(3_000)
        for (const each of features) {
          if (typeof each === 'string') expect(each).toMatch(/^f:\d+:\d+: /)
          else expect(each.line).toBeGreaterThan(0)
        }
        const known = features.filter((each) => typeof each !== 'string') as Feature[]
        for (const { likeness } of rankSnapshot(known, signatures.slice(0, 5), true).matches) {
          expect(likeness).toBeGreaterThan(0)
          expect(likeness).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 400, seed: 5 },
    )
    const long = `${'a'.repeat(1_000_000)}: 1\n`.repeat(3)
    expect(logFeatures({ name: 'f', text: long })).toEqual([])
  })
})
