/**
 * A heat map of a parameter grid: one cell for each pair of values, darker for more, with the
 * number in it where there is room and a cross where the cell fails. A grid finer than the page is
 * gathered by the worst of the cells that share a place. Pure; knows nothing of how it was swept.
 */
import { drawTitle, LEFT, RIGHT, WIDTH } from './frame.ts'
import { drawHeading } from './legend.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

export interface GridTable {
  /** What was varied along each axis, such as `streams.0.period_size`. */
  readonly x: { readonly name: string; readonly unit: string; readonly values: readonly string[] }
  readonly y: { readonly name: string; readonly unit: string; readonly values: readonly string[] }
  /** What was measured, and its unit: `xruns` in `runs`, `wake latency p99` in `µs`. */
  readonly what: string
  readonly unit: string
  /** By y, then x. Null: not run. */
  readonly cells: readonly (readonly GridCell[])[]
  /** What was run, in a line. */
  readonly about: string
}

export interface GridCell {
  readonly value: number | null
  /** Whether it misses what is asked for. */
  readonly fails: boolean
}

const COLUMNS_MAX = 120
const ROWS_MAX = 80
/** Cells that get their number as text. */
const TEXTS_MAX = 900
const SHADES = 7
const LABELS = 150

export function layoutHeatMap(table: GridTable): Drawing {
  const sheet = new Sheet()
  const grid = gathered(table)
  const title = finding(table)
  drawTitle(sheet, title, table.about)
  const left = LEFT + LABELS
  const top = 122
  const [columns, rows] = [grid.x.values.length, grid.y.values.length]
  const width = (RIGHT - left) / Math.max(1, columns)
  const height = Math.max(8, Math.min(44, 640 / Math.max(1, rows)))
  const bottom = top + rows * height
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top - 30 }, `${table.what} (${table.unit})`, [
    { swatch: 'bar', class: 'heat heat0', text: 'least' },
    { swatch: 'bar', class: `heat heat${SHADES - 1}`, text: 'most' },
    { swatch: 'cross', class: 'alarm', text: 'fails' },
    { swatch: 'bar', class: 'empty neutral', text: 'not run' },
  ])
  drawCells(sheet, grid, { left, top, width, height })
  drawLabels(sheet, grid, { left, top, width, height, bottom })
  const desc =
    `${table.about}. ${table.what} (${table.unit}) for ${columns} values of ${table.x.name} and ` +
    `${rows} of ${table.y.name}.`
  return sheet.drawing(title, desc, WIDTH, bottom + 52)
}

function finding({ cells, what, x, y }: GridTable): string {
  const all = cells.flat()
  const run = all.filter((cell) => cell.value !== null)
  if (run.length === 0) return `${what}: nothing was run`
  const failing = run.filter((cell) => cell.fails).length
  const most = run.reduce((a, b) => ((b.value ?? 0) > (a.value ?? 0) ? b : a))
  const at = all.indexOf(most)
  const columns = Math.max(1, x.values.length)
  const where = `${x.values[at % columns]} × ${y.values[Math.floor(at / columns)]}`
  const share = failing === 0 ? 'no setting fails' : `${failing} of ${run.length} settings fail`
  return `${what}: ${share}, the most is ${number(most.value ?? 0)} at ${where}`
}

/** The grid, or the worst of its neighbours where it is finer than the page. */
function gathered(table: GridTable): GridTable {
  const across = Math.ceil(table.x.values.length / COLUMNS_MAX) || 1
  const down = Math.ceil(table.y.values.length / ROWS_MAX) || 1
  if (across === 1 && down === 1) return table
  const every = (values: readonly string[], step: number): string[] =>
    values.filter((_, i) => i % step === 0)
  const ys = every(table.y.values, down)
  const xs = every(table.x.values, across)
  const cells = ys.map((_, row) =>
    xs.map((_, column) => {
      const rows = table.cells.slice(row * down, (row + 1) * down)
      return worst(rows.flatMap((one) => one.slice(column * across, (column + 1) * across)))
    }),
  )
  return { ...table, x: { ...table.x, values: xs }, y: { ...table.y, values: ys }, cells }
}

function worst(cells: readonly GridCell[]): GridCell {
  const values = cells.flatMap(({ value }) => (value === null ? [] : [value]))
  const value = values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b))
  return { value, fails: cells.some((cell) => cell.fails) }
}

interface Place {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

function drawCells(sheet: Sheet, { cells }: GridTable, place: Place): void {
  const { left, top, width, height } = place
  const values = cells.flat().flatMap(({ value }) => (value === null ? [] : [value]))
  const least = values.reduce((a, b) => Math.min(a, b), values[0] ?? 0)
  const most = values.reduce((a, b) => Math.max(a, b), values[0] ?? 0)
  const shades = Array.from({ length: SHADES }, () => new Path())
  const missing = new Path()
  const crosses = new Path()
  const texts: [x: number, y: number, text: string][] = []
  cells.forEach((row, j) => {
    row.forEach(({ value, fails }, i) => {
      const [x, y] = [left + i * width + 0.5, top + j * height + 0.5]
      const [w, h] = [Math.max(0.5, width - 1), height - 1]
      if (value === null) {
        missing.box(x + 1, y + 1, Math.max(0.5, w - 2), h - 2)
        return
      }
      const share = most === least ? 0 : (value - least) / (most - least)
      shades[Math.min(SHADES - 1, Math.floor(share * SHADES))]?.box(x, y, w, h)
      const text = number(value)
      const room = textWidth(text, 11) + (fails ? 30 : 8) < w && h >= 16
      if (room) texts.push([x + w / 2, y + h / 2 + 4, text])
      if (!fails) return
      const reach = Math.min(4, w / 2.5, h / 2.5)
      const cx = room ? x + 9 : x + w / 2
      const cy = y + h / 2
      crosses.line(cx - reach, cy - reach, cx + reach, cy + reach)
      crosses.line(cx - reach, cy + reach, cx + reach, cy - reach)
    })
  })
  shades.forEach((path, i) => {
    sheet.path(`heat heat${i}`, path)
  })
  sheet.path('empty neutral', missing)
  const shown = texts.length <= TEXTS_MAX ? texts : []
  const plates = new Path()
  for (const [x, y, text] of shown) {
    const half = textWidth(text, 11) / 2 + 3
    plates.box(x - half, y - 11, 2 * half, 15)
  }
  sheet.path('plate', plates)
  for (const [x, y, text] of shown) sheet.text('text', x, y, text, { size: 11, anchor: 'middle' })
  sheet.path('alarm thin', crosses)
}

function drawLabels(sheet: Sheet, grid: GridTable, place: Place & { bottom: number }): void {
  const { left, top, width, height, bottom } = place
  const widest = grid.x.values.reduce((most, text) => Math.max(most, textWidth(text, 11)), 0)
  const everyColumn = Math.max(1, Math.ceil((Math.min(widest, 120) + 8) / width))
  grid.x.values.forEach((text, i) => {
    if (i % everyColumn !== 0) return
    const x = left + (i + 0.5) * width
    const fitted = fitText(text, 11, everyColumn * width - 6)
    const half = textWidth(fitted, 11) / 2
    if (x + half > WIDTH - 4) return
    sheet.text('muted', x, bottom + 16, fitted, { size: 11, anchor: 'middle' })
  })
  const everyRow = Math.max(1, Math.ceil(14 / height))
  grid.y.values.forEach((text, j) => {
    if (j % everyRow !== 0) return
    const y = top + (j + 0.5) * height + 4
    sheet.text('muted', left - 8, y, fitText(text, 11, LABELS - 14), { size: 11, anchor: 'end' })
  })
  const middle = (left + RIGHT) / 2
  const name = `${grid.x.name} (${grid.x.unit})`
  sheet.text('muted', middle, bottom + 34, name, { size: 11, anchor: 'middle' })
  const side = fitText(`${grid.y.name} (${grid.y.unit})`, 11, RIGHT - LEFT)
  sheet.text('muted', LEFT, top - 10, side, { size: 11 })
  sheet.axes.push({ what: grid.x.name, unit: grid.x.unit, step: 0, ticks: [] })
  sheet.axes.push({ what: grid.y.name, unit: grid.y.unit, step: 0, ticks: [] })
}

/** With as many digits as tell neighbours apart. */
function number(value: number): string {
  if (Number.isInteger(value)) return `${value}`
  return value >= 100 || value <= -100 ? value.toFixed(0) : value.toPrecision(3)
}
