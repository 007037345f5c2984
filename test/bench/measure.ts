/**
 * Paired measurements: every contender runs in a fresh process, right after a run of the base it is
 * compared with. Not pinned to a processor: the engine compiles in threads of its own. A ratio is
 * taken inside such a pair, then the median over the pairs, so that a slow moment of the machine
 * slows both sides.
 *
 * Rates are from user CPU time. Nothing here decides what is fast: it prints median and min..max.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expectSame, type Outcome } from '../../src/app/bench-workload.ts'

export interface Sample extends Outcome {
  readonly userUs: number
}

export interface Contender {
  readonly name: string
  readonly command: readonly string[]
  /** Contenders of one load do the same work: equal operation counts, equal check values. */
  readonly load: string
}

/** A contender's samples, each with one of the base taken just before it. */
export interface Row {
  readonly contender: Contender
  readonly own: Sample[]
  readonly base: Sample[]
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Runs one contender once; every contender prints one line of JSON, a Sample. */
function runOnce(contender: Contender): Sample {
  const [program, ...args] = contender.command
  const run = spawnSync(program as string, args, { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`bench: ${contender.name} failed: ${run.stderr}`)
  return JSON.parse(run.stdout) as Sample
}

/** Runs base and contender in turn, contender after contender, round after round. */
export function interleave(contenders: readonly Contender[], rounds: number): Row[] {
  const base = contenders[0] as Contender
  const rows = contenders.map((contender): Row => ({ contender, own: [], base: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const row of rows) {
      row.base.push(runOnce(base))
      row.own.push(runOnce(row.contender))
    }
  }
  assertSameWork(base, rows)
  return rows
}

/** Every sample of a load must have done the same work; otherwise its rate means nothing. */
function assertSameWork(base: Contender, rows: readonly Row[]): void {
  const firsts = new Map<string, Sample>()
  const check = ({ name, load }: Contender, sample: Sample): void => {
    const first = firsts.get(load) ?? sample
    firsts.set(load, first)
    expectSame(`${name}, operations`, sample.ops, first.ops)
    expectSame(`${name}, check value`, sample.check, first.check)
  }
  for (const { contender, own, base: before } of rows) {
    for (const sample of before) check(base, sample)
    for (const sample of own) check(contender, sample)
  }
}

/** A contender that is one of our own cases; see one.ts for the words that name a case. */
export function ownCase(name: string, ...words: (string | number)[]): Contender {
  const script = fileURLToPath(new URL('./one.js', import.meta.url))
  return { name, command: [process.execPath, script, ...words.map(String)], load: '' }
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (place: number): number => sorted[place] as number
  const last = sorted.length - 1
  const median = (at(last >> 1) + at((last + 1) >> 1)) / 2
  return { median, min: at(0), max: at(last) }
}

/** Operations per user second, in millions. */
export function rate(sample: Sample): number {
  return sample.ops / sample.userUs
}

/** How many times the rate of the base a contender has, pair by pair. */
export function ratios({ own, base }: Row): Spread {
  return spread(own.map((sample, at) => rate(sample) / rate(base[at] as Sample)))
}

export function showSpread(s: Spread, digits = 2): string {
  return `${s.median.toFixed(digits)} (${s.min.toFixed(digits)}..${s.max.toFixed(digits)})`
}

/** Prints a table whose ratios are against the first contender. */
export function compare(title: string, contenders: readonly Contender[], rounds: number): void {
  const rows = interleave(contenders, rounds)
  console.log(`\n${title}: ${rounds} pairs each\n`)
  console.log('| what | M ops/s, median (min..max) | ratio to the first row | operations | check |')
  console.log('|---|---|---|---|---|')
  for (const row of rows) {
    const { ops, check } = row.own[0] as Sample
    const rates = showSpread(spread(row.own.map(rate)))
    console.log(
      `| ${row.contender.name} | ${rates} | ${showSpread(ratios(row))} | ${ops} | ${check} |`,
    )
  }
}
