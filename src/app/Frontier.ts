/**
 * `pcmsim sweep --frontier PATH`: for every combination of the other axes, where the axis PATH
 * turns from failing to safe, by bisection. A setting is safe if none of its seeds fails; the first
 * seed that fails ends its runs. What is run does not depend on the number of threads.
 */
import { type Edge, findEdge } from '../explore/sweep/frontier.ts'
import { upperBound } from '../explore/sweep/intervals.ts'
import type { FailRule, PointResult } from '../explore/sweep/point.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { sortedJson } from './ResultJson.ts'
import { plural, table } from './report-format.ts'
import { RUNS } from './SweepKinds.ts'
import type { Plan, PlannedSetting } from './SweepPlan.ts'
import type { PointServer } from './SweepPool.ts'
import type { SweepProgress } from './SweepProgress.ts'

/** Seeds that are run together: one first, as most settings that fail do so at once. */
const WAVES = [1, 7, 24, 96]

export interface Judged {
  readonly spec: ScenarioSpec
  readonly rule: FailRule
  readonly seeds: { readonly first: number; readonly last: number }
}

/** Runs seeds of a setting until one fails; whether none did. */
export async function isSafe(
  { spec, rule, seeds }: Judged,
  server: PointServer,
  tell: (results: readonly PointResult[]) => void,
): Promise<boolean> {
  const { first, last } = seeds
  let seed = first
  for (let wave = 0; seed <= last; wave++) {
    const size = Math.min(WAVES[wave] ?? 96, last - seed + 1)
    const batches = Array.from({ length: size }, (_, i) => ({ spec, seeds: [seed + i], rule }))
    const results: PointResult[] = []
    await server.run(batches, (some) => results.push(...some))
    tell(results)
    if (results.some((one) => one.fails)) return false
    seed += size
  }
  return true
}

export interface FrontierRow {
  /** Values of the other axes. */
  readonly others: readonly string[]
  readonly edge: Edge
  /** The safe value beside the failing ones; null: none is safe. */
  readonly value: string | null
  readonly judged: number
}

export interface Frontier {
  readonly path: string
  readonly others: readonly string[]
  readonly rows: readonly FrontierRow[]
  readonly runs: number
  /** What the whole grid would have taken. */
  readonly points: number
  readonly seeds: number
}

export async function findFrontier(
  plan: Plan,
  path: string,
  server: PointServer,
  progress: SweepProgress,
): Promise<Frontier> {
  const { axes, header, perSetting } = plan
  const at = axes.findIndex((axis) => axis.path === path)
  const rows: FrontierRow[] = []
  let runs = 0
  let near: Edge | null = null
  for (const [key, settings] of rowsOf(plan, at)) {
    const others = JSON.parse(key) as string[]
    const search = findEdge(settings.length, near)
    let judged = 0
    let step = search.next()
    while (step.done !== true) {
      const setting = settings[step.value] as PlannedSetting
      judged++
      const what = { spec: setting.spec, rule: plan.rule, seeds: header.seeds }
      const safe = await isSafe(what, server, (results) => {
        runs += results.length
        progress.add(results.map((one) => RUNS.counts(one)))
      })
      step = search.next(safe)
    }
    const edge: Edge = step.value
    const value = edge.at < 0 ? null : (settings[edge.at]?.set[at] ?? null)
    rows.push({ others, edge, value, judged })
    if (edge.safe === 'high' || edge.safe === 'low') near = edge
  }
  const others = axes.filter((_, i) => i !== at).map((axis) => axis.path)
  return { path, others, rows, runs, points: header.points, seeds: perSetting }
}

/** Settings along the axis, by the values of the others. */
function rowsOf({ settings }: Plan, at: number): ReadonlyMap<string, readonly PlannedSetting[]> {
  const rows = new Map<string, PlannedSetting[]>()
  for (const setting of settings) {
    const key = JSON.stringify(setting.set.filter((_, i) => i !== at))
    const row = rows.get(key)
    if (row === undefined) rows.set(key, [setting])
    else row.push(setting)
  }
  return rows
}

const WORDS = { high: 'and above', low: 'and below', all: 'all are safe', none: 'none is safe' }

export function frontierText(name: string, frontier: Frontier, confidence: number): string {
  const { path, others, rows, runs, points, seeds } = frontier
  const head = [...(others.length > 0 ? others : ['']), path, '']
  const lines = rows.map((row) => {
    const value = row.edge.safe === 'high' || row.edge.safe === 'low' ? (row.value ?? '-') : '-'
    return [...(others.length > 0 ? row.others : ['']), value, WORDS[row.edge.safe]]
  })
  const bound = upperBound(0, seeds, confidence).toPrecision(2)
  const percent = `${Math.round(confidence * 1e4) / 100} %`
  return (
    `frontier of ${name} along ${path}: ${plural(runs, 'run')} instead of ${points}\n` +
    `${table([head, ...lines], '').join('\n')}\n` +
    `safe: none of ${plural(seeds, 'seed')} fails; with ${percent} confidence a share of less ` +
    `than ${bound} of all runs does\n`
  )
}

export function frontierJson(name: string, frontier: Frontier): string {
  const { path, others, rows, runs, points, seeds } = frontier
  const listed = rows.map(({ others: values, edge, value, judged }) => ({
    parameters: Object.fromEntries(others.map((other, i) => [other, values[i]])),
    safe: edge.safe,
    value,
    judged,
  }))
  return sortedJson({ scenario: name, path, runs, points, seeds, rows: listed })
}
