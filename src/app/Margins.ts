/** `explore --margins`: the shortest single stall that is heard in a setup, along its period. */

import { layoutMargins } from '../chart/layout/margins.ts'
import { type MarginPoint, MarginSearch, type Margins, marginSpec } from '../explore/margins.ts'
import { Search } from '../explore/search.ts'
import type { Outcome, Target } from '../explore/trial.ts'
import { holdings } from '../scenario/holdings.ts'
import { formatDuration } from '../scenario/quantity.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { TrialServer } from './ExplorePool.ts'
import { sortedJson } from './ResultJson.ts'
import { table } from './report-format.ts'

export interface MarginReport {
  readonly margins: Margins
  readonly runs: number
  /** The ordinary run fails already: there is no margin. */
  readonly none: boolean
}

const HEARD = { oracles: ['xrun', 'data', 'stall'], predicates: [], features: false } as const

/** What the trials of a search for margins run. */
export function marginTarget(spec: ScenarioSpec): Target {
  return { ...HEARD, spec: marginSpec(spec) }
}

export async function findMargins(
  spec: ScenarioSpec,
  seed: number,
  server: TrialServer,
  progress: (text: string) => void,
): Promise<MarginReport> {
  const options = { strategy: 'delay', seed: 1, runSeed: seed, depth: 1, delaysNs: null } as const
  const [ordinary] = await server.run([Search.firstTrial(options)])
  const { failures } = ordinary as Outcome
  const search = new MarginSearch(spec, ordinary as Outcome, seed)
  let runs = 1
  if (failures.length > 0) return { margins: search.margins, runs, none: true }
  for (let trials = search.nextRound(); trials.length > 0; trials = search.nextRound()) {
    search.take(await server.run(trials))
    runs += trials.length
    progress(`${runs} runs, ${trials.length} points open`)
  }
  return { margins: search.margins, runs, none: false }
}

export function marginsText(name: string, { margins, none, runs }: MarginReport): string {
  if (none) return `${name}: the ordinary run fails already, there is no margin\n`
  const least = leastOf(margins)
  const lines = [`${name}: shortest single stall that is heard, ${runs} runs`]
  if (least === null) lines.push('  nothing that was tried is heard')
  else {
    const { phaseNs, shortestNs, where } = least
    const at = `${formatDuration(phaseNs)} into the period, at ${where}`
    lines.push(`  ${formatDuration(shortestNs ?? 0)}: ${holdings[least.holding].text}, ${at}`)
  }
  const rows = margins.points.map((one) => [
    one.holding,
    formatDuration(one.phaseNs),
    one.shortestNs === null
      ? `none up to ${formatDuration(one.triedNs)}`
      : formatDuration(one.shortestNs),
    one.where,
  ])
  lines.push('', ...table([['held back', 'phase', 'shortest', 'where'], ...rows], '  '))
  return `${lines.join('\n')}\n`
}

export function marginsJson(name: string, seed: number, report: MarginReport): string {
  const { margins, none, runs } = report
  return sortedJson({ schema: 1, name, seed, runs, none, ...margins, least: leastOf(margins) })
}

function leastOf({ points }: Margins): MarginPoint | null {
  const failing = points.filter((one) => one.shortestNs !== null)
  return (
    failing.toSorted((a, b) => (a.shortestNs ?? 0) - (b.shortestNs ?? 0) || a.at - b.at)[0] ?? null
  )
}

export async function marginsSvg(name: string, { margins, runs }: MarginReport): Promise<string> {
  const least = leastOf(margins)
  const found =
    least === null
      ? 'no single stall is heard'
      : `a stall of ${formatDuration(rounded(least.shortestNs ?? 0))} is heard: ` +
        `${holdings[least.holding].text} at ${least.where}`
  const period = formatDuration(margins.periodNs)
  const { svgText } = await import('./Charts.ts')
  const about = `${name} · shortest single stall along a period of ${period}, by ${runs} runs`
  return svgText(
    layoutMargins({ title: found, about, periodNs: margins.periodNs, rows: margins.points }),
  )
}

/** To 10 us, which is finer than the bisection. */
function rounded(ns: number): number {
  return Math.round(ns / 10_000) * 10_000
}
