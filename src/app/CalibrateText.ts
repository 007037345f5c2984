/** What calibration found, as text, JSON and as a cost preset with its provenance. */
import {
  distributionOf,
  KNOBS,
  ksOf,
  lognormalOf,
  quantile,
  SAMPLES_MIN,
  sorted,
  within,
} from '../import/fit.ts'
import { type Samples, STAGE_NAMES, STAGES, type Stage } from '../import/stages.ts'
import type { Calibration } from './CalibrateFit.ts'
import { notation } from './CostList.ts'

const SHARES = [0.5, 0.9, 0.99] as const
/** A prediction that is off by more misses. */
const MISS = 0.15

const us = (ns: number): string => (ns / 1000).toFixed(ns < 100_000 ? 1 : 0)

function cells(samples: Samples, stage: Stage): readonly string[] {
  const values = sorted(samples[stage])
  if (values.length === 0) return ['', '', '']
  return SHARES.map((share) => us(quantile(values, share)))
}

function row(first: string, cellsOf: readonly string[]): string {
  return `  ${first.padEnd(42)}${cellsOf.map((cell) => cell.padStart(9)).join('')}\n`
}

/** `changed`: the same run with what `--set` changed. */
export function calibrationText(found: Calibration, changed: Calibration | null): string {
  const { run, captured, simulated, clock, verdict } = found
  const { lines, malformed, skipped, lost } = run.events.counts
  const parts = [
    `${run.name}: ${lines} lines, ${skipped} of other events, `,
    `${malformed} malformed, ${lost} lost\n`,
    clock === null
      ? '  clocks not aligned: no request is in a trace of both, guest and host\n'
      : `  clocks aligned by ${clock.pairs} requests to ${us(clock.uncertaintyNs)} us\n`,
    `  preset ${found.base}, fitted to the first ${(found.fitNs / 1e9).toFixed(2)} s of `,
    `${(found.endNs / 1e9).toFixed(2)} s\n\n`,
    row('us', ['n', 'p50', 'p90', 'p99', 'KS', 'limit']),
  ]
  for (const stage of STAGE_NAMES) {
    const [a, b] = [sorted(captured[stage]), sorted(simulated[stage])]
    if (a.length === 0) continue
    parts.push(row(STAGES[stage], [`${a.length}`, ...cells(captured, stage)]))
    const ks = ksOf(a, b)
    const fit = ks === null ? [] : [ks.distance.toFixed(3), ks.limit.toFixed(3)]
    parts.push(row('  simulated', ['', ...cells(simulated, stage), ...fit]))
    const log = lognormalOf(a)
    if (log !== null) {
      const of = `  lognormal, sigma ${log.sigma.toFixed(2)}`
      const far = [log.ks.distance.toFixed(3), log.ks.limit.toFixed(3)]
      parts.push(row(of, ['', us(log.medianNs), '', '', ...far]))
    }
    if (changed !== null) parts.push(row('  with --set', ['', ...cells(changed.simulated, stage)]))
  }
  parts.push(`\n  xruns: captured ${verdict.xrunsCaptured}, simulated ${verdict.xrunsSimulated}`)
  if (changed !== null) parts.push(`, with --set ${changed.verdict.xrunsSimulated}`)
  parts.push(`\n  order of events: ${verdict.ordersAgree ? 'agrees' : 'differs'}\n`)
  for (const line of verdict.differences) parts.push(`  differs: ${line}\n`)
  if (found.fitNs < found.endNs) parts.push(predictionText(found))
  return parts.join('')
}

export interface Prediction {
  readonly stage: Stage
  readonly count: number
  readonly captured: readonly number[]
  readonly predicted: readonly number[]
  /** Relative errors, and those of taking the first part's quantiles for the rest's. */
  readonly errors: readonly number[]
  readonly persistence: readonly number[]
}

/** Of what was not fitted: captured against simulated. Stages of too few samples are left out. */
export function predictions(found: Calibration): readonly Prediction[] {
  const { captured, simulated, fitNs, endNs } = found
  const fitted = within(captured, 0, fitNs)
  const rest = within(captured, fitNs, endNs)
  const model = within(simulated, fitNs, endNs)
  return (['interval', 'wake'] as const).flatMap((stage) => {
    const [first, want, got] = [fitted, rest, model].map((of) => sorted(of[stage]))
    if (first === undefined || want === undefined || got === undefined) return []
    if (Math.min(first.length, want.length, got.length) < SAMPLES_MIN) return []
    const at = (values: readonly number[]) => SHARES.map((share) => quantile(values, share))
    const [a, b, c] = [at(want), at(got), at(first)]
    const off = (of: readonly number[]) => of.map((ns, i) => ns / (a[i] as number) - 1)
    const errors = off(b)
    return [{ stage, count: want.length, captured: a, predicted: b, errors, persistence: off(c) }]
  })
}

export function missed({ errors }: Prediction): boolean {
  return errors.some((error) => Math.abs(error) > MISS)
}

const percent = (error: number): string => `${error < 0 ? '' : '+'}${Math.round(100 * error)} %`

function predictionText(found: Calibration): string {
  const parts = ['\n  the rest of the run, which was not fitted\n']
  for (const one of predictions(found)) {
    parts.push(row(STAGES[one.stage], [`${one.count}`, ...one.captured.map(us)]))
    parts.push(row('  predicted', ['', ...one.predicted.map(us)]))
    parts.push(row('  error', ['', ...one.errors.map(percent)]))
  }
  return parts.join('')
}

/** Two rows of a Markdown table for each run, and how many quantiles miss. */
export function predictionTable(all: readonly Calibration[]): string {
  const head = ['run', 'of', 'n', 'captured', 'predicted', 'error', 'of the first half', 'within']
  const rows: string[][] = []
  let [hits, count] = [0, 0]
  for (const found of all) {
    const { verdict, run } = found
    const same = verdict.xrunsCaptured === verdict.xrunsSimulated
    const xruns = `${verdict.xrunsCaptured}${same ? '' : ` (simulated ${verdict.xrunsSimulated})`}`
    const order = verdict.ordersAgree ? 'order agrees' : 'order differs'
    rows.push([run.name, `xruns ${xruns}, ${order}`, '', '', '', '', '', ''])
    for (const one of predictions(found)) {
      count++
      if (!missed(one)) hits++
      rows.push([
        '',
        one.stage,
        `${one.count}`,
        one.captured.map(us).join(' '),
        one.predicted.map(us).join(' '),
        one.errors.map(percent).join(' '),
        one.persistence.map(percent).join(' '),
        missed(one) ? 'no' : 'yes',
      ])
    }
  }
  const lines = [head, head.map(() => '---'), ...rows].map((one) => `| ${one.join(' | ')} |`)
  return `${lines.join('\n')}\n\n${hits} of ${count} rows are within 15 %.\n`
}

/** A fragment of a scenario: `guest.costs` and `host.costs`, and where each number comes from. */
export function presetText(found: Calibration, version: string): string {
  const { run, base, fitted, captured, fitNs } = found
  const parts = [
    `# Costs fitted by pcmsim ${version} calibrate to ${run.name}.\n`,
    ...run.files.map(({ name, sha256 }) => `#   ${name}, sha256 of the text ${sha256}\n`),
    `# Preset ${base}; the entries below from the first ${(fitNs / 1e9).toFixed(3)} s.\n`,
  ]
  for (const side of ['guest', 'host'] as const) {
    parts.push(`${side}:\n  costs:\n    preset: ${base}\n`)
    for (const knob of KNOBS) {
      const prices = fitted[knob.stage]
      if (knob.side !== side || prices === undefined) continue
      const count = within(captured, 0, fitNs)[knob.stage].length
      parts.push(`    # ${STAGES[knob.stage]}: ${count} samples\n`)
      for (const cost of knob.costs)
        parts.push(`    ${cost}: ${notation(distributionOf(prices))}\n`)
    }
  }
  return parts.join('')
}

export function calibrationJson(found: Calibration): object {
  const { run, base, clock, verdict, fitNs, endNs } = found
  const stages = STAGE_NAMES.flatMap((stage) => {
    const [a, b] = [sorted(found.captured[stage]), sorted(found.simulated[stage])]
    if (a.length === 0) return []
    const at = (of: readonly number[]) =>
      of.length === 0 ? null : SHARES.map((share) => quantile(of, share))
    return [{ stage, count: a.length, captured: at(a), simulated: at(b), ks: ksOf(a, b) }]
  })
  const about = { files: run.files, counts: run.events.counts, base, clock, fitNs, endNs }
  return { run: run.name, ...about, stages, verdict, predictions: predictions(found) }
}
