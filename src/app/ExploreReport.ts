/** What `explore` prints: a head, a line for each finding as it comes, the findings at the end. */
import type { Finding } from '../explore/search.ts'
import { STRATEGIES } from '../explore/strategies.ts'
import type { Explored } from './Explore.ts'
import { sortedJson } from './ResultJson.ts'
import { plural } from './report-format.ts'
import type { ShrunkFile } from './Shrink.ts'

export function exploreHead(explored: Explored): string {
  const { known, name, points, searchSeed, seed, strategy } = explored
  const lines = [
    `${name}, seed ${seed}: ${plural(points, 'visible operation')} in the ordinary run`,
    `  strategy  ${strategy}: ${STRATEGIES[strategy]}; search seed ${searchSeed}`,
    ...known.map(({ text }) => `  ordinary  ${text}`),
  ]
  return `${lines.join('\n')}\n`
}

export function findingLine({ failure, run, schedule, faults }: Finding): string {
  const held = faults.length === 0 ? '' : `, with ${faults.map((one) => one.kind).join(', ')}`
  return `  run ${run}: ${failure.text}${held}\n    ${cutSchedule(schedule)}\n`
}

export function exploreText(explored: Explored, files: readonly ShrunkFile[]): string {
  const { coverage, exhausted, findings, runs } = explored
  const end = exhausted ? 'nothing is left to try' : 'the budget is used up'
  const counts = `${plural(runs, 'run')}, ${plural(coverage, 'order')} seen, ${end}`
  const lines = [`  ${counts}`, `  ${found(findings.length)}`]
  for (const finding of findings) lines.push('', ...findingText(explored, finding, files))
  return `${lines.join('\n')}\n`
}

function found(count: number): string {
  return count === 0 ? 'found nothing beyond the ordinary run' : `${plural(count, 'failure')} found`
}

function findingText(
  { path, seed }: Explored,
  { failure, faults, schedule, times }: Finding,
  files: readonly ShrunkFile[],
): readonly string[] {
  const file = files.find((one) => one.failure.key === failure.key)
  const head = `${failure.text} (${plural(times, 'run')})`
  if (file !== undefined) {
    const script = file.script.map((line) => `  ${line}`)
    return [head, ...script, `  pcmsim replay ${file.path}`]
  }
  if (faults.length > 0) return [head, `  needs faults: ${faults.map((one) => one.kind).join()}`]
  return [head, `  pcmsim replay ${path} --seed ${seed} --schedule ${schedule}`]
}

function cutSchedule(schedule: string): string {
  return schedule.length > 100 ? `${schedule.slice(0, 97)}...` : schedule
}

export function exploreJson(explored: Explored, files: readonly ShrunkFile[]): string {
  const { findings, known, ...about } = explored
  return sortedJson({
    schema: 1,
    ...about,
    known: known.map(({ oracle, text }) => ({ oracle, text })),
    findings: findings.map(({ failure, faults, run, schedule, times }) => {
      const file = files.find((one) => one.failure.key === failure.key)
      const { oracle, text, timeNs } = failure
      const shrunk =
        file === undefined
          ? null
          : { path: file.path, schedule: file.schedule, script: file.script, runs: file.runs }
      return { oracle, text, timeNs, run, times, schedule, faults, shrunk }
    }),
  })
}
