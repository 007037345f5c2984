/**
 * Whatever is in a trace, reading it ends soon, with events in order of time and finite numbers, or
 * with a fault that names a limit. 3,000 mutated files here; `npm run fuzz` tries 1e5.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { alignClocks } from '../../src/import/clock-align.ts'
import type { Imported } from '../../src/import/guest-event.ts'
import { stagesOf } from '../../src/import/stages.ts'
import { TraceImport, TraceImportFault } from '../../src/import/trace-import.ts'
import { mutated } from '../support/mutate.ts'

const lines = (file: string, count: number): string =>
  readFileSync(`test/data/import/${file}`, 'utf8').split('\n').slice(0, count).join('\n')

const guest = lines('play.ftrace.txt', 130)
const host = lines('play.qemu.txt', 80)
const files = Number(process.env['PCMSIM_FUZZ'] ?? 3000)

const whole = read([guest, host], 1e6) as Imported
/** So that copies of a piece exceed it. */
const eventsMax = whole.guest.length + whole.host.length + 10

function read(texts: readonly string[], events: number): Imported | string {
  const reader = new TraceImport({ events })
  try {
    for (const text of texts) {
      reader.push(text)
      reader.endFile()
    }
    return reader.finish()
  } catch (error) {
    if (error instanceof TraceImportFault) return error.message
    throw error
  }
}

function hold(run: Imported): void {
  const numbers = [
    ...run.guest.flatMap((e) => [e.timeNs, e.task, e.arg, e.period, e.buffer, e.old]),
    ...run.host.flatMap((e) => [e.timeNs, e.code]),
  ]
  if (!numbers.every(Number.isFinite)) throw new Error('a number that is none')
  for (const events of [run.guest, run.host]) {
    let before = 0
    for (const { timeNs } of events) {
      if (timeNs < before) throw new Error('out of order')
      before = timeNs
    }
  }
  const aligned = alignClocks(run)
  if (aligned !== null && !(aligned.uncertaintyNs >= 0)) throw new Error('bounds crossed')
  for (const samples of Object.values(stagesOf(run, aligned?.offsetNs ?? null))) {
    for (const { atNs, ns } of samples) {
      if (!Number.isFinite(ns) || !Number.isFinite(atNs)) throw new Error('no time')
    }
  }
}

it(`${files} mutated traces are read or refused`, { timeout: 3_600_000 }, () => {
  const seen = { read: 0, refused: 0, malformed: 0 }
  for (let seed = 0; seed < files; seed++) {
    const both = [mutated(guest, seed), mutated(host, seed + 1_000_000_000)]
    const found = read(both, eventsMax)
    if (typeof found === 'string') seen.refused++
    else {
      hold(found)
      seen.read++
      seen.malformed += Math.sign(found.counts.malformed)
    }
  }
  // Evidence that the mutations reach both ends.
  expect(seen.refused).toBeGreaterThan(files / 100)
  expect(seen.read).toBeGreaterThan(files / 2)
  expect(seen.malformed).toBeGreaterThan(files / 4)
})
