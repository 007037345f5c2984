/** What calibration found, as text, JSON and as a cost preset with its provenance. */
import {
  distributionOf,
  KNOBS,
  ksOf,
  lognormalOf,
  quantile,
  SHARES,
  sorted,
} from '../import/fit.ts'
import { chosen } from '../import/part.ts'
import { type Samples, STAGE_NAMES, STAGES, type Stage } from '../import/stages.ts'
import { type Calibration, costsOf, together } from './CalibrateFit.ts'
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
  const { run, captured, clock, verdict } = found
  const simulated = together(found.replays)
  const other = changed === null ? null : together(changed.replays)
  const { lines, malformed, skipped, lost } = run.events.counts
  const parts = [
    `${run.name}: ${lines} lines, ${skipped} of other events, `,
    `${malformed} malformed, ${lost} lost\n`,
    clock === null
      ? '  clocks not aligned: no request is in a trace of both, guest and host\n'
      : `  clocks aligned by ${clock.pairs} requests to ${us(clock.uncertaintyNs)} us\n`,
    `  preset ${found.base}, fitted to ${found.part.text}\n`,
    `${stretchesText(found)}\n`,
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
    if (other !== null) parts.push(row('  with --set', ['', ...cells(other, stage)]))
  }
  parts.push(`\n  xruns: captured ${verdict.xrunsCaptured}, simulated ${verdict.xrunsSimulated}`)
  if (changed !== null) parts.push(`, with --set ${changed.verdict.xrunsSimulated}`)
  parts.push(`\n  order of events: ${verdict.ordersAgree ? 'agrees' : 'differs'}\n`)
  for (const line of verdict.differences) parts.push(`  differs: ${line}\n`)
  if (found.part.leavesRest) parts.push(predictionText(predictions(found), row))
  return parts.join('')
}

/** How much of the time the host was slow, and what followed. */
function stretchesText({ stretches }: Calibration): string {
  if (stretches === null) return '  no slow stretches that the steps have in common\n'
  const { slow, meanNs, weights } = stretches
  const of = STAGE_NAMES.flatMap((stage) => {
    const weight = weights[stage]
    return weight === undefined ? [] : [`    ${weight.toFixed(2)} of ${STAGES[stage]}\n`]
  })
  const mean = (meanNs / 1e6).toFixed(0)
  const what = `  slow for ${100 * slow} % of the time, drawn anew after ${mean} ms; followed by`
  return `${what}\n${of.join('')}`
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
  const { run, base, fitted, captured, part } = found
  const target = chosen(captured, part.has)
  const parts = [
    `# Costs fitted by pcmsim ${version} calibrate to ${run.name}.\n`,
    ...run.files.map(({ name, sha256 }) => `#   ${name}, sha256 of the text ${sha256}\n`),
    `# Preset ${base}; the entries below from ${part.text}.\n`,
  ]
  const costs = costsOf(run, found)
  for (const side of ['guest', 'host'] as const) {
    parts.push(`${side}:\n`)
    if (side === 'host' && costs.stretches !== null) {
      parts.push(`  stretches: ${flow(costs.stretches)}\n`)
    }
    parts.push(`  costs:\n    preset: ${base}\n    # What else the preset has, at its median.\n`)
    const known: string[] = ['preset']
    const lines: string[] = []
    for (const knob of KNOBS) {
      const prices = fitted[knob.stage]
      if (knob.side !== side || prices === undefined) continue
      lines.push(`    # ${STAGES[knob.stage]}: ${target[knob.stage].length} samples\n`)
      for (const cost of knob.costs) {
        known.push(cost)
        lines.push(`    ${cost}: ${notation(distributionOf(prices))}\n`)
      }
    }
    for (const [cost, price] of Object.entries(costs[side])) {
      if (!known.includes(cost)) parts.push(`    ${cost}: ${flow(price)}\n`)
    }
    parts.push(...lines)
  }
  return parts.join('')
}

/** YAML, as scenario files commonly have it. */
function flow(value: unknown): string {
  return JSON.stringify(value).replaceAll('"', '').replaceAll(/[:,]/g, '$& ')
}

export function calibrationJson(found: Calibration): object {
  const { run, base, clock, verdict, part, endNs } = found
  const simulated = together(found.replays)
  const stages = STAGE_NAMES.flatMap((stage) => {
    const [a, b] = [sorted(found.captured[stage]), sorted(simulated[stage])]
    if (a.length === 0) return []
    const at = (of: readonly number[]) =>
      of.length === 0 ? null : SHARES.map((share) => quantile(of, share))
    return [{ stage, count: a.length, captured: at(a), simulated: at(b), ks: ksOf(a, b) }]
  })
  const { files, events } = run
  const about = {
    files,
    counts: events.counts,
    base,
    stretches: found.stretches,
    clock,
    fitted: part.text,
    fitNs: part.endNs,
    endNs,
  }
  return { run: run.name, ...about, stages, verdict, predictions: predictions(found) }
}
