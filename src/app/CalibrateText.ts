/** What calibration found, as text, JSON and as a cost preset with its provenance. */
import {
  distributionOf,
  KNOBS,
  ksOf,
  lognormalOf,
  quantile,
  SHARES,
  sorted,
  within,
} from '../import/fit.ts'
import { type Samples, STAGE_NAMES, STAGES, type Stage } from '../import/stages.ts'
import type { Calibration } from './CalibrateFit.ts'
import { predictions, predictionText, us } from './CalibratePrediction.ts'
import { notation } from './CostList.ts'

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
    warmUpText(found),
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
  if (found.fitNs < found.endNs) parts.push(predictionText(predictions(found), row))
  return parts.join('')
}

/** Of the periods that are left out, what they took. */
function warmUpText({ warmUp }: Calibration): string {
  const { interval, wake } = warmUp
  if (interval.length === 0) return ''
  const times = wake.map(({ ns }) => us(ns)).join(' ')
  return `  not in what follows: the first periods after the first START, wake ${times} us\n\n`
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
