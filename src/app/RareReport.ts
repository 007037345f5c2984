/** What a search for rare failures prints: a table, JSON, and a command for a run that fails. */
import type { SeededRun } from '../explore/sweep/splitting.ts'
import type { RareShare } from './Rare.ts'
import { sortedJson } from './ResultJson.ts'
import { grouped, plural, shortDuration, table } from './report-format.ts'
import type { SweepHeader } from './SweepLines.ts'

export interface RareReport {
  readonly header: SweepHeader
  readonly rows: readonly RareShare[]
  readonly confidence: number
}

/** How the command line named the scenario. */
export interface RareWords {
  readonly path: string
  readonly set: readonly string[]
  readonly filter?: string
}

/** Who merges has results and no scenario. */
const NO_WORDS: RareWords = { path: 'FILE', set: [] }

export function rareText(
  { header, rows, confidence }: RareReport,
  { path, set, filter }: RareWords = NO_WORDS,
): string {
  const { scenario, rare } = header
  const axes = header.axes.map((axis) => axis.path)
  const { particles, repetitions } = rare ?? { particles: 0, repetitions: 0 }
  const percent = `${Math.round(confidence * 1e4) / 100} %`
  const title =
    `rare failures of ${scenario}: ${plural(repetitions, 'search', 'searches')} ` +
    `of ${plural(particles, 'particle')}\n`
  const names = axes.length > 0 ? axes : ['']
  const head = [...names, 'share', percent, 'runs', 'worth', 'first runs']
  const lines = rows.map((row) => [...(axes.length > 0 ? row.set : ['']), ...cellsOf(row)])
  const filtered = filter === undefined ? '' : ` --filter ${quoted(filter)}`
  const examples = rows.flatMap((row) => {
    if (row.example === null) return []
    const own = row.set.map((value, i) => `${axes[i]}=${value}`)
    return [`  ${commandFor(path + filtered, [...set, ...own], row.example)}`]
  })
  const notes = rows.flatMap(noteOn)
  const shown = examples.length > 0 ? ['runs that fail:', ...examples] : []
  return `${[title.trimEnd(), ...table([head, ...lines], ''), ...notes, ...shown].join('\n')}\n`
}

function cellsOf({ share, interval, runs, plainRuns, plain }: RareShare): readonly string[] {
  const bounds = interval === null ? '-' : `${short(interval.low)}..${short(interval.high)}`
  return [
    share === null ? '-' : short(share),
    bounds,
    grouped(runs),
    plainRuns === null ? '-' : plainRuns.toPrecision(2),
    `${plain.failing}/${plain.runs}`,
  ]
}

function noteOn({ set, level, runs }: RareShare): readonly string[] {
  if (level === null) return []
  const where = set.length > 0 ? `${set.join(' ')}: ` : ''
  const gap = level.ns !== null ? `to ${shortDuration(level.ns)} before an xrun` : 'nowhere'
  return [
    `${where}${plural(runs, 'run')} were not enough (--most-runs): the search came ${gap}, ` +
      `where about ${short(level.share)} of all runs come`,
  ]
}

function short(share: number): string {
  return share === 0 || share === 1 ? String(share) : share.toPrecision(2)
}

function commandFor(path: string, set: readonly string[], run: SeededRun): string {
  const changes = run.reseed.map(({ atNs, seed }) => `{at: ${atNs}ns, seed: ${seed}}`)
  const all = changes.length > 0 ? [...set, `reseed=[${changes.join(', ')}]`] : set
  const words = all.map((one) => ` --set ${quoted(one)}`)
  return `pcmsim run ${path} --seed ${run.seed}${words.join('')}`
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./=:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

export function rareJson({ header, rows, confidence }: RareReport): string {
  const { scenario, axes, seeds, rare } = header
  const listed = rows.map(({ set, example, level, ...rest }) => ({
    parameters: Object.fromEntries(axes.map(({ path }, i) => [path, set[i]])),
    ...rest,
    level: level !== null && level.ns !== null ? level : null,
    example,
  }))
  const how = { ...rare, seed: seeds.first, confidence }
  return sortedJson({ schema: 1, scenario, ...how, rows: listed })
}
