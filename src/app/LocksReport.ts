/** The text of `pcmsim locks`: classes, dependencies, reports, what is new beside a baseline. */
import type { NewFacts } from '../analysis/lockdep/baseline.ts'
import type { LockdepResult } from '../analysis/lockdep/trace-fold.ts'
import type { Incident } from '../analysis/log.ts'
import type { RaceResult } from '../analysis/races/race-fold.ts'
import { raceText } from '../analysis/races/race-text.ts'
import { kernelTime, plural, table } from './report-format.ts'

export function locksText(
  name: string,
  found: LockdepResult,
  races: RaceResult | null,
  actual: readonly Incident[],
  news: NewFacts | null,
): string {
  const { classes, edges, reports } = found
  const counts = [
    plural(classes.length, 'class', 'classes'),
    plural(edges.length, 'dependency', 'dependencies'),
    plural(reports.length, 'report'),
  ]
  const sections = [
    [`${name}: ${counts.join(', ')}`],
    ['classes', ...table(classRows(found), '  ')],
    ['dependencies', ...table(edgeRows(found), '  ')],
    ...reports.map((report) => [report.text]),
    ...actual.map((one) => [`actual ${one.kind} at ${kernelTime(one.timeNs)}: ${one.text}`]),
    ...raceSections(races),
    newsLines(news),
  ]
  const filled = sections.filter((lines) => lines.length > 0)
  return `${filled.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function classRows({ classes }: LockdepResult): string[][] {
  return classes.map(({ name, usage }) => [name, `{${usage}}`])
}

function edgeRows({ edges }: LockdepResult): string[][] {
  return edges.map(({ before, after, count }) => [`${before} -> ${after}`, String(count)])
}

function raceSections(result: RaceResult | null): readonly string[][] {
  if (result === null) return []
  const { races, accesses } = result
  const count = `${plural(races.length, 'data race')} in ${plural(accesses, 'access', 'accesses')}`
  return [[`${count} of shared variables`], ...races.map((one) => [raceText(one)])]
}

function newsLines(news: NewFacts | null): readonly string[] {
  if (news === null) return []
  const { edges, reports } = news
  if (edges.length + reports.length === 0) return ['baseline: nothing new']
  return [
    `baseline: ${plural(edges.length, 'new dependency', 'new dependencies')}, ${plural(
      reports.length,
      'new report',
    )}`,
    ...edges.map((text) => `  new dependency ${text}`),
    ...reports.map((text) => `  new report ${text}`),
  ]
}
