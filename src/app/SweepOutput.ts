/**
 * What a finished sweep writes beside its results, and prints: a row for each setting as a table,
 * CSV, plain columns, JSON and a heat map. Made from the rows alone, so that merged shards give the
 * same bytes as one process.
 */
import type { GridCell, GridTable } from '../chart/layout/heat-map.ts'
import { layoutHeatMap } from '../chart/layout/heat-map.ts'
import type { PointResult } from '../explore/sweep/point.ts'
import {
  failInterval,
  MEASURES,
  type Measure,
  RowFold,
  type SettingRow,
} from '../explore/sweep/rows.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { sortedJson } from './ResultJson.ts'
import { plural, shortDuration, table } from './report-format.ts'
import type { PointLine, SweepHeader } from './SweepLines.ts'

export interface OutputOptions {
  /** Of the interval of the failing share, such as 0.95. */
  readonly confidence: number
  /** What the heat map shows. */
  readonly measure: Measure
}

export interface SweepReport {
  readonly header: SweepHeader
  readonly rows: readonly SettingRow[]
  readonly options: OutputOptions
}

export function reportOf(
  header: SweepHeader,
  points: Iterable<PointLine<PointResult>>,
  options: OutputOptions,
): SweepReport {
  const fold = new RowFold()
  for (const { set, result } of points) fold.add(set, result)
  return { header, rows: fold.rows, options }
}

/** Paths of the files, which stand beside the results. */
export async function writeReport(report: SweepReport, folder: string): Promise<string[]> {
  const files: [string, string][] = [
    [`${folder}/settings.csv`, csvText(report)],
    [`${folder}/settings.txt`, columnsText(report)],
  ]
  if (report.header.axes.length >= 2) {
    const { svgText } = await import('./Charts.ts')
    files.push([`${folder}/heat-map.svg`, await svgText(layoutHeatMap(heatTable(report)))])
  }
  for (const [path, text] of files) writeFileAtomically(path, text)
  return files.map(([path]) => path)
}

const measures = Object.keys(MEASURES) as Measure[]

function columnsOf({ header }: SweepReport): readonly string[] {
  return [...header.axes.map(({ path }) => path), 'runs', 'failLow', 'failHigh', ...measures]
}

function cellsOf(row: SettingRow, { options }: SweepReport): readonly string[] {
  const { low, high } = failInterval(row, options.confidence)
  const shares = [low, high].map((share) => share.toFixed(6))
  return [...row.set, `${row.runs}`, ...shares, ...measures.map((key) => `${row[key]}`)]
}

function csvText(report: SweepReport): string {
  const rows = [columnsOf(report), ...report.rows.map((row) => cellsOf(row, report))]
  return rows.map((row) => `${row.map(csvCell).join(',')}\n`).join('')
}

/** RFC 4180. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Columns with blanks between them and a head that begins with #, as gnuplot and awk read them. */
function columnsText(report: SweepReport): string {
  const rows = [columnsOf(report), ...report.rows.map((row) => cellsOf(row, report))]
  const shown = rows.map((row, i) => {
    const cells = row.map((cell) => (cell === '' ? '-' : cell.replaceAll(/\s+/g, '_')))
    return i === 0 ? [`# ${cells[0]}`, ...cells.slice(1)] : cells
  })
  return `${table(shown, '').join('\n')}\n`
}

export function reportJson(report: SweepReport): string {
  const { header, rows, options } = report
  const settings = rows.map((row) => {
    const { set, ...rest } = row
    const parameters = Object.fromEntries(header.axes.map(({ path }, i) => [path, set[i]]))
    return { parameters, ...rest, failShare: failInterval(row, options.confidence) }
  })
  return sortedJson({ ...header, confidence: options.confidence, rows: settings })
}

/** Settings printed; all of them are in the files. */
const rowsMax = 60

export function reportText(report: SweepReport): string {
  const { header, rows, options } = report
  const percent = `${Math.round(options.confidence * 1000) / 10} %`
  const failing = rows.filter((row) => row.failing > 0).length
  const seeds = header.seeds.last - header.seeds.first + 1
  const title =
    `sweep ${header.scenario}: ${plural(header.settings, 'setting')}, ` +
    `${plural(seeds, 'seed')} each, ${plural(failing, 'setting')} with failing runs\n`
  const names = header.axes.map(({ path }) => path)
  const head = [...names, 'failing', percent, 'xruns', 'silent', 'wake p99', 'end to end', 'max']
  const lines = rows.slice(0, rowsMax).map((row) => textCells(row, options.confidence))
  const more = rows.length > rowsMax ? `... and ${rows.length - rowsMax} more settings\n` : ''
  return `${title}${table([head, ...lines], '').join('\n')}\n${more}`
}

function textCells(row: SettingRow, confidence: number): readonly string[] {
  const { low, high } = failInterval(row, confidence)
  return [
    ...row.set,
    `${row.failing}/${row.runs}`,
    `${share(low)}..${share(high)}`,
    `${row.xruns}`,
    `${row.silentFailures}`,
    shortDuration(row.wakeP99Ns),
    shortDuration(row.endToEndP50Ns),
    shortDuration(row.endToEndMaxNs),
  ]
}

function share(value: number): string {
  return value === 0 ? '0' : value === 1 ? '1' : value.toPrecision(2)
}

/** The first axis to the right, the second down; of further axes the worst setting counts. */
function heatTable({ header, rows, options: { measure } }: SweepReport): GridTable {
  const [x, y] = header.axes
  const [xs, ys] = [x?.values ?? [], y?.values ?? []]
  const unit = MEASURES[measure]
  const cells: GridCell[][] = ys.map(() => xs.map(() => ({ value: null, fails: false })))
  const [columnOf, rowOf] = [positions(xs), positions(ys)]
  for (const row of rows) {
    const line = cells[rowOf.get(row.set[1] ?? '') ?? 0]
    const at = columnOf.get(row.set[0] ?? '') ?? 0
    const before = line?.[at]
    if (line === undefined || before === undefined) continue
    const value = unit === 'ns' ? row[measure] / 1e6 : row[measure]
    line[at] = {
      value: Math.max(value, before.value ?? value),
      fails: before.fails || row.failing > 0,
    }
  }
  const seeds = header.seeds.last - header.seeds.first + 1
  return {
    x: { name: x?.path ?? '', unit: 'value', values: xs },
    y: { name: y?.path ?? '', unit: 'value', values: ys },
    what: measure,
    unit: unit === 'ns' ? 'ms' : unit === 'runs' ? `of ${seeds} runs` : unit || 'count',
    cells,
    about: `${header.scenario}, ${plural(seeds, 'run')} of each setting`,
  }
}

function positions(values: readonly string[]): ReadonlyMap<string, number> {
  return new Map(values.map((value, i) => [value, i]))
}
