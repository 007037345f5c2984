/**
 * How long each lock class was held and waited for, as a drawing: one row a class, above its line
 * the distribution of holds, below it that of waits, on an axis of decades. A position within a
 * power of two is linear, so that every machine draws the same. Times are ns, sizes pixels.
 */
import { formatDuration, formatInstant, plural } from '../analysis/format.ts'
import { bucketFromNs, type LockTime, type LockTimes } from '../analysis/lockdep/lock-stat.ts'
import type { RunResult } from '../analysis/result.ts'
import { type Drawing, Path, Sheet } from './layout/shapes.ts'
import { fitText, textWidth } from './layout/text-metrics.ts'

const WIDTH = 1200
const MARGIN = 28
const HEAD = 116
const ROW = 46
/** Height of the highest bar of a row. */
const BAR = 17
const PLOT = { left: 300, right: 800 }
const COLUMNS = [
  { title: 'times held', right: 890 },
  { title: 'held in all', right: 980 },
  { title: 'times waited', right: 1080 },
  { title: 'waited in all', right: WIDTH - MARGIN },
]
/** Classes drawn; the rest is said to be left out. */
const ROWS_MAX = 24

export function layoutLockContention(result: RunResult, stats: readonly LockTimes[]): Drawing {
  const held = stats.filter((one) => one.hold.count > 0).toSorted(byWaitThenHold)
  const rows = held.slice(0, ROWS_MAX)
  const height = HEAD + Math.max(1, rows.length) * ROW + 62
  const sheet = new Sheet()
  const title = titleOf(result, held)
  const room = WIDTH - 2 * MARGIN
  const size = [19, 18, 17, 16].find((one) => textWidth(title, one, true) <= room) ?? 15
  sheet.text('text', MARGIN, 34, fitText(title, size, room, true), { size, bold: true })
  sheet.text('muted', MARGIN, 54, fitText(aboutText(result, held.length), 12, room), { size: 12 })
  drawKeys(sheet)
  const scale = new DecadeScale(rows)
  drawAxis(sheet, scale, HEAD + rows.length * ROW)
  rows.forEach((one, at) => {
    drawRow(sheet, scale, one, HEAD + at * ROW)
  })
  if (rows.length === 0) sheet.text('muted', MARGIN, HEAD + 24, 'no lock was given back')
  drawBars(sheet, scale, rows)
  return sheet.drawing(title, descOf(held) || title, WIDTH, height)
}

function byWaitThenHold(a: LockTimes, b: LockTimes): number {
  return (
    b.wait.totalNs - a.wait.totalNs ||
    b.hold.totalNs - a.hold.totalNs ||
    (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)
  )
}

function nameOf({ name, read }: LockTimes): string {
  return read ? `${name} (readers)` : name
}

/** A wait that never ends is in no distribution, so a deadlock is said first. */
function titleOf(result: RunResult, held: readonly LockTimes[]): string {
  const deadlock = result.locks.actual.find((one) => one.kind === 'deadlock')
  const finding = findingOf(held)
  return deadlock === undefined
    ? finding
    : `deadlock at ${formatInstant(deadlock.timeNs)}; until then ${finding}`
}

function findingOf(held: readonly LockTimes[]): string {
  const [first] = held
  if (first === undefined) return 'no lock was taken'
  if (first.wait.count > 0) {
    const waits = held.reduce((sum, one) => sum + one.wait.count, 0)
    const longest = formatDuration(first.wait.maxNs)
    const all = plural(waits, 'contention')
    return `${all}: most time was lost on ${nameOf(first)}, up to ${longest} at once`
  }
  const slow = held.reduce((a, b) => (b.hold.maxNs > a.hold.maxNs ? b : a))
  return `no contention: the longest hold was ${nameOf(slow)}, ${formatDuration(slow.hold.maxNs)}`
}

function aboutText(result: RunResult, count: number): string {
  const variant = result.variant === null ? '' : ` / ${result.variant}`
  const more = count > ROWS_MAX ? ` · ${ROWS_MAX} of them drawn, by time waited, then held` : ''
  return `${result.scenario}${variant} · seed ${result.seed} · ${count} lock classes${more}`
}

function descOf(held: readonly LockTimes[]): string {
  return held
    .map((one) => {
      const { hold, wait } = one
      const waited = `waited ${wait.count} times for ${formatDuration(wait.totalNs)}`
      const kept = `held ${hold.count} times for ${formatDuration(hold.totalNs)}`
      return `${nameOf(one)}: ${kept}, ${waited}`
    })
    .join('; ')
}

/** Decades from the shortest to the longest duration. */
class DecadeScale {
  private readonly from: number
  private readonly to: number
  readonly fromNs: number
  readonly toNs: number

  constructor(rows: readonly LockTimes[]) {
    const times = rows.flatMap(({ hold, wait }) => [hold, wait]).filter((one) => one.count > 0)
    const shortest = times.reduce((least, one) => Math.min(least, one.minNs), 1e9)
    const longest = times.reduce((most, one) => Math.max(most, one.maxNs), 1)
    this.fromNs = decadeBelow(Math.max(1, shortest))
    this.toNs = Math.max(decadeAbove(longest), this.fromNs * 10)
    this.from = octavesOf(this.fromNs)
    this.to = octavesOf(this.toNs)
  }

  x(ns: number): number {
    const at = (octavesOf(Math.max(ns, this.fromNs)) - this.from) / (this.to - this.from)
    return PLOT.left + Math.min(1, at) * (PLOT.right - PLOT.left)
  }

  decades(): number[] {
    const ticks: number[] = []
    for (let ns = this.fromNs; ns <= this.toNs; ns *= 10) ticks.push(ns)
    return ticks
  }
}

/** Powers of two, with a straight line between them. */
function octavesOf(ns: number): number {
  let octave = 0
  while (2 ** (octave + 1) <= ns) octave++
  return octave + ns / 2 ** octave - 1
}

function decadeBelow(ns: number): number {
  let decade = 1
  while (decade * 10 <= ns) decade *= 10
  return decade
}

function decadeAbove(ns: number): number {
  let decade = 1
  while (decade < ns) decade *= 10
  return decade
}

function drawKeys(sheet: Sheet): void {
  const y = 84
  sheet.path('fill queue', new Path().box(PLOT.left, y - 9, 16, 9))
  sheet.text('muted', PLOT.left + 22, y, 'holds, above the line')
  const at = PLOT.left + 22 + textWidth('holds, above the line', 11) + 24
  sheet.path('alarm', new Path().box(at, y - 9, 16, 9))
  sheet.text('muted', at + 22, y, 'waits, below it')
  const mean = at + 22 + textWidth('waits, below it', 11) + 24
  sheet.path('dot', new Path().circle(mean + 8, y - 4, 3.5))
  sheet.text('muted', mean + 20, y, 'mean')
  for (const { title, right } of COLUMNS) {
    sheet.text('muted', right, 104, title, { anchor: 'end' })
  }
}

function drawAxis(sheet: Sheet, scale: DecadeScale, bottom: number): void {
  const grid = new Path()
  for (const ns of scale.decades()) {
    const x = scale.x(ns)
    grid.line(x, HEAD - 6, x, bottom)
    const text = ns === 1 ? '≤ 1 ns' : roundText(ns)
    sheet.text('muted', x, bottom + 18, text, { anchor: 'middle' })
  }
  sheet.path('grid', grid)
  const middle = (PLOT.left + PLOT.right) / 2
  sheet.text('muted', middle, bottom + 38, 'how long each time', { anchor: 'middle' })
}

function roundText(ns: number): string {
  if (ns < 1_000) return `${ns} ns`
  if (ns < 1_000_000) return `${ns / 1_000} µs`
  return ns < 1_000_000_000 ? `${ns / 1_000_000} ms` : `${ns / 1_000_000_000} s`
}

function drawRow(sheet: Sheet, scale: DecadeScale, one: LockTimes, top: number): void {
  const line = top + ROW / 2
  const name = fitText(nameOf(one), 12, PLOT.left - MARGIN - 16)
  sheet.text('text', PLOT.left - 14, line + 4, name, { size: 12, anchor: 'end' })
  const { hold, wait } = one
  const cells = [
    String(hold.count),
    formatDuration(hold.totalNs),
    wait.count === 0 ? '–' : String(wait.count),
    wait.count === 0 ? '–' : formatDuration(wait.totalNs),
  ]
  cells.forEach((text, at) => {
    const { right } = COLUMNS[at] as (typeof COLUMNS)[number]
    sheet.text('text', right, line + 4, text, {
      size: 12,
      anchor: 'end',
      bold: wait.count > 0 && at > 1,
    })
  })
  sheet.path('grid', new Path().line(PLOT.left, line, scale.x(scale.toNs), line))
}

/** All holds are one path, all waits another, all means a third. */
function drawBars(sheet: Sheet, scale: DecadeScale, rows: readonly LockTimes[]): void {
  const [holds, waits, means] = [new Path(), new Path(), new Path()]
  rows.forEach(({ hold, wait }, at) => {
    const line = HEAD + at * ROW + ROW / 2
    addBars(holds, scale, hold, line, -1)
    addBars(waits, scale, wait, line, 1)
    if (hold.count > 0) means.circle(scale.x(hold.totalNs / hold.count), line - 4, 3)
    if (wait.count > 0) means.circle(scale.x(wait.totalNs / wait.count), line + 4, 3)
  })
  sheet.path('fill queue', holds)
  sheet.path('alarm', waits)
  sheet.path('dot', means)
}

function addBars(path: Path, scale: DecadeScale, time: LockTime, line: number, up: 1 | -1): void {
  const most = time.buckets.reduce((max, count) => Math.max(max, count), 0)
  time.buckets.forEach((count, bucket) => {
    if (count === 0) return
    const [left, right] = [scale.x(bucketFromNs(bucket)), scale.x(bucketFromNs(bucket + 1))]
    const tall = Math.max(2, (count / most) * BAR)
    path.box(left, up < 0 ? line - tall : line, Math.max(1, right - left - 0.5), tall)
  })
}
