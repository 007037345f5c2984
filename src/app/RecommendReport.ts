/** A recommendation as text and JSON: the setting, its evidence, its margin, ready fragments. */
import type { Candidate, Question } from '../explore/sweep/candidates.ts'
import type { PointResult } from '../explore/sweep/point.ts'
import type { Fragment } from '../export/fragments.ts'
import { formatDuration } from '../scenario/quantity.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { MarginReport } from './Margins.ts'
import { sortedJson } from './ResultJson.ts'
import { plural, shortDuration } from './report-format.ts'

export interface Found {
  readonly candidate: Candidate
  readonly spec: ScenarioSpec
  readonly ringNs: number
  /** Runs of the setting, none of which failed. */
  readonly runs: number
  readonly confidence: number
  /** Share of such runs that may fail, with that confidence. */
  readonly bound: number
  readonly results: readonly PointResult[]
  /** The next smaller setting, which fails; null: not known to. */
  readonly smaller: Smaller | null
  /** Runs of the whole search. */
  readonly searched: number
}

/** A setting that fails, and how. */
export interface Smaller {
  readonly candidate: Candidate
  readonly runs: number
  readonly failing: number
  /** Of all runs. */
  readonly xruns: number
  readonly silentFailures: number
  /** Frames of silence that sinks played for want of data. */
  readonly silence: number
}

export function failuresOf(results: readonly PointResult[]): Omit<Smaller, 'candidate'> {
  const sum = (count: (one: PointResult) => number): number =>
    results.reduce((all, one) => all + count(one), 0)
  return {
    runs: results.length,
    failing: results.filter((one) => one.fails).length,
    xruns: sum((one) => one.xruns),
    silentFailures: sum((one) => one.silentFailures),
    silence: sum((one) => one.silence),
  }
}

export interface Answer extends Found {
  readonly margins: MarginReport
  readonly question: Question
  readonly latencyNs: number
  readonly fragments: readonly Fragment[]
}

export function recommendText(answer: Answer): string {
  const { candidate, question, latencyNs, ringNs, runs, bound, smaller, searched } = answer
  const { driver, device, client, load, durationNs } = question
  const on = driver === 'xen-snd' ? '' : ` on ${device}`
  const percent = `${Math.round(answer.confidence * 1e4) / 100} %`
  const facts = factsOf(answer)
  const use = `${settingText(candidate)}: a ring of ${shortDuration(ringNs)}${timerText(candidate)}`
  const within = `a ring of up to ${shortDuration(latencyNs)}`
  const lines = [
    ringNs > latencyNs ? `Nothing within the latency is safe. Beyond it: ${use}` : `Use ${use}`,
    `  for ${client} on ${driver}${on}, ${load} load, ${within}`,
    `  weakest point: ${weakestText(answer.margins)}`,
    'evidence:',
    `  none of ${plural(runs, 'run')} of ${formatDuration(durationNs)} fails: with ${percent} ` +
      `confidence less than ${(bound * 100).toPrecision(2)} % of such runs do`,
    smaller === null
      ? '  the next smaller setting was not seen to fail'
      : `  the next smaller setting, ${settingText(smaller.candidate)}, fails: ${howText(smaller)}`,
    `  from write to sound: ${shortDuration(facts.endToEndP50Ns)}, at most ` +
      `${shortDuration(facts.endToEndMaxNs)}; ${facts.wakeUpsPerSecond} wake-ups a second`,
    `  ${plural(searched, 'run')} in all`,
    'margin, the shortest single stall that is heard:',
    ...marginLines(answer.margins),
    '',
    ...answer.fragments.flatMap(({ title, text }) => [`# ${title}`, text, '']),
  ]
  return lines.join('\n')
}

function settingText({ period_size, periods, headroom }: Candidate): string {
  if (headroom !== null) return `quantum ${period_size}, headroom ${headroom}`
  return `period_size ${period_size}, periods ${periods}`
}

/** A wave of runs is judged as a whole: it ends the search for failures, so counts are of it. */
function howText({ runs, failing, xruns, silentFailures, silence }: Smaller): string {
  const what = [
    ...(xruns === 0 ? [] : [plural(xruns, 'xrun')]),
    ...(silentFailures === 0 ? [] : [plural(silentFailures, 'silent failure')]),
    ...(silence === 0 ? [] : [`${plural(silence, 'frame')} of silence`]),
  ]
  const told = what.length === 0 ? '' : `: ${what.join(', ')}`
  return `${failing} of ${plural(runs, 'run')}${told}`
}

/** A single stall, in words; of the kinds the one of which the least is heard. */
const STALLS: Readonly<Record<string, (time: string) => string>> = {
  vcpu: (time) => `a vCPU stopped for ${time}`,
  worker: (time) => `a kworker or interrupt thread that starts ${time} late`,
  interrupt: (time) => `an interrupt that comes ${time} late`,
  device: (time) => `the device's thread ${time} late`,
}

function weakestText(report: MarginReport): string {
  if (report.none)
    return 'it has no margin: an ordinary run with an endless client is heard to fail'
  const heard = Object.entries(leastMargins(report)).flatMap(([holding, ns]) => {
    return ns === null ? [] : [{ holding, ns }]
  })
  const [least] = heard.toSorted((a, b) => a.ns - b.ns)
  if (least === undefined) return 'no single stall of up to three rings is heard'
  const words = STALLS[least.holding]?.(shortDuration(least.ns))
  return `${words ?? `${least.holding}, ${shortDuration(least.ns)}`} is heard`
}

function timerText({ timerPeriodNs }: Candidate): string {
  return timerPeriodNs === null ? '' : `, QEMU's audio timer at ${formatDuration(timerPeriodNs)}`
}

function factsOf({ results, question }: Answer) {
  const most = (key: 'endToEndP50Ns' | 'endToEndMaxNs'): number =>
    results.reduce((max, one) => Math.max(max, one[key]), 0)
  const wakeUps = results.reduce((sum, one) => sum + one.wakeUps, 0)
  const seconds = (results.length * question.durationNs) / 1e9
  return {
    endToEndP50Ns: most('endToEndP50Ns'),
    endToEndMaxNs: most('endToEndMaxNs'),
    wakeUpsPerSecond: Math.round(wakeUps / seconds),
  }
}

/** The least of all points, by what is held back. */
function leastMargins({ margins }: MarginReport): Readonly<Record<string, number | null>> {
  const least: Record<string, number | null> = {}
  for (const { holding, shortestNs } of margins.points) {
    const before = least[holding]
    if (before === undefined || before === null) least[holding] = shortestNs
    else if (shortestNs !== null) least[holding] = Math.min(before, shortestNs)
  }
  return least
}

function marginLines(report: MarginReport): readonly string[] {
  if (report.none) return ['  none: an ordinary run with an endless client is heard to fail']
  return Object.entries(leastMargins(report)).map(([holding, ns]) => {
    const found = ns === null ? 'none, up to three rings' : shortDuration(ns)
    return `  ${holding.padEnd(9)}  ${found}`
  })
}

export function recommendJson(answer: Answer): string {
  const { candidate, question, latencyNs, ringNs, runs, confidence, bound, smaller } = answer
  const { searched, fragments, margins } = answer
  const evidence = {
    runs,
    confidence,
    failShareBelow: bound,
    smaller: smaller === null ? null : smaller.candidate,
    smallerFails: smaller,
    searched,
    ...factsOf(answer),
  }
  const marginNs = margins.none ? null : leastMargins(margins)
  const within = ringNs <= latencyNs
  const setting = { ...candidate, ringNs }
  return sortedJson({ question, latencyNs, within, setting, evidence, marginNs, fragments })
}
