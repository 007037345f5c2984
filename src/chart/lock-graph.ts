/**
 * The lock graph as a drawing: classes in layers, outermost above, each dependency an arrow with
 * how often it was seen. The shape of a class says how it meets interrupts; the dependencies and
 * classes of reports are heavy, and those of the worst report are numbered. Sizes: pixels.
 */
import { plural } from '../analysis/format.ts'
import type { LockReport } from '../analysis/lockdep/reporter.ts'
import type { LockdepResult } from '../analysis/lockdep/trace-fold.ts'
import type { RunResult } from '../analysis/result.ts'
import { type Drawing, Path, Sheet, type TextShape } from './layout/shapes.ts'
import { boxesOverlap, fitText, textBox, textWidth } from './layout/text-metrics.ts'
import { type Placed, type PlacedEdge, type Point, placeInLayers } from './lock-graph-layers.ts'
import {
  addEdge,
  addOutline,
  type IrqSort,
  irqSortOf,
  onEdge,
  POINTED,
  SORTS,
} from './lock-graph-marks.ts'

const MARGIN = 28
const HEAD = 76
const LEGEND = 96
const WIDTH_MIN = 1040
const NODE_HEIGHT = 38
const NAME_SIZE = 12
const USAGE_SIZE = 10.5
const COUNT_SIZE = 10
const BADGE = 9

interface Edge {
  readonly before: string
  readonly after: string
  readonly count: number
  /** Other dependencies lead the same way: drawn faintly, without its count. */
  readonly implied: boolean
}

/** What of the graph belongs to a report. */
interface Blame {
  /** Dependencies, as `before -> after`. */
  readonly edges: ReadonlySet<string>
  readonly classes: ReadonlySet<string>
  /** The dependencies of the worst report, in their order. */
  readonly steps: ReadonlyMap<string, number>
}

export function layoutLockGraph(result: RunResult, found: LockdepResult): Drawing {
  const blame = blameOf(found)
  const edges = withImplied(found.edges, blame)
  const drawn = new Set(edges.flatMap(({ before, after }) => [before, after]))
  for (const report of found.reports) for (const name of report.classes) drawn.add(name)
  const classes = found.classes.filter(({ name }) => drawn.has(name))
  const placed = placeInLayers(
    classes.map(({ name, usage }) => ({ name, ...nodeSize(name, usage) })),
    edges.map((edge) => ({ from: edge.before, to: edge.after, ...labelSize(edge, blame) })),
  )
  const width = Math.ceil(Math.max(WIDTH_MIN, placed.width + 2 * MARGIN))
  const height = Math.ceil(HEAD + placed.height + LEGEND)
  const shift = { x: (width - placed.width) / 2, y: HEAD }
  const sheet = new Sheet()
  const title = titleOf(found)
  drawHead(sheet, width, title, aboutText(result, found, found.classes.length - classes.length))
  drawEdges(sheet, edges, placed, shift, blame)
  drawClasses(sheet, classes, placed, shift, blame)
  drawCounts(sheet, edges, placed, shift, blame)
  drawLegend(sheet, width, height)
  return sheet.drawing(title, descOf(found) || title, width, height)
}

function nodeSize(name: string, usage: string): { width: number; height: number } {
  const text = Math.max(textWidth(name, NAME_SIZE), textWidth(`{${usage}}`, USAGE_SIZE))
  return { width: Math.ceil(text) + 2 * POINTED + 8, height: NODE_HEIGHT }
}

function labelSize({ before, after, count, implied }: Edge, blame: Blame) {
  if (blame.steps.has(`${before} -> ${after}`)) {
    return { labelWidth: 2 * BADGE + 4, labelHeight: 2 * BADGE + 4, weight: 4 }
  }
  if (implied) return { labelWidth: 0, labelHeight: 0, weight: 1 }
  const labelWidth = Math.ceil(textWidth(String(count), COUNT_SIZE)) + 8
  return { labelWidth, labelHeight: 14, weight: 4 }
}

/** Which dependencies follow from others; those of reports do not, and lead to none. */
function withImplied(edges: LockdepResult['edges'], blame: Blame): Edge[] {
  const isBlamed = (edge: { before: string; after: string }): boolean =>
    blame.edges.has(`${edge.before} -> ${edge.after}`)
  const after = new Map<string, string[]>()
  for (const edge of edges) {
    if (isBlamed(edge)) continue
    after.set(edge.before, [...(after.get(edge.before) ?? []), edge.after])
  }
  return edges.map((edge) => ({ ...edge, implied: !isBlamed(edge) && isImplied(edge, after) }))
}

/** Whether there is a way from the one class to the other through a third. */
function isImplied(
  edge: { readonly before: string; readonly after: string },
  after: ReadonlyMap<string, readonly string[]>,
): boolean {
  const queue = (after.get(edge.before) ?? []).filter((name) => name !== edge.after)
  const seen = new Set([edge.before, ...queue])
  for (let head = 0; head < queue.length; head++) {
    for (const name of after.get(queue[head] as string) ?? []) {
      if (name === edge.after) return true
      if (!seen.has(name)) {
        seen.add(name)
        queue.push(name)
      }
    }
  }
  return false
}

const GRAVITY = ['circular', 'recursive', 'irq-order', 'irq-inversion', 'inconsistent']

/** The report that stopped the run, else the one that stops most, the earliest of its kind. */
function worstOf(reports: readonly LockReport[]): LockReport | undefined {
  const actual = reports.find((report) => report.judgement === 'actual')
  if (actual !== undefined) return actual
  for (const kind of GRAVITY) {
    const one = reports.find((report) => report.kind === kind)
    if (one !== undefined) return one
  }
  return reports[0]
}

function titleOf({ classes, edges, reports }: LockdepResult): string {
  const worst = worstOf(reports)
  if (worst === undefined) {
    const order = edges.length === 1 ? '1 dependency' : `${edges.length} dependencies`
    return `no report: ${order} among ${classes.length} lock classes, none closes a cycle`
  }
  const ring =
    worst.kind === 'circular' ? [...worst.classes, worst.classes[0] ?? ''] : worst.classes
  const others = reports.length - 1
  const more = others > 0 ? ` (and ${plural(others, 'more report')})` : ''
  const judgement = worst.judgement === 'actual' ? ', and this run stopped there' : ''
  const how = worst.instances === 'not-seen' ? ', by class only' : ''
  return `${worst.kind}${how}: ${ring.join(' → ')}${judgement}${more}`
}

function aboutText(result: RunResult, found: LockdepResult, undrawn: number): string {
  const variant = result.variant === null ? '' : ` / ${result.variant}`
  const apart = undrawn === 0 ? '' : ` · ${undrawn} without dependencies are not drawn`
  const counts = `${found.classes.length} classes, ${found.edges.length} dependencies${apart}`
  return `${result.scenario}${variant} · seed ${result.seed} · ${counts}`
}

function descOf({ edges, reports }: LockdepResult): string {
  const order = edges.map(({ before, after, count }) => `${before} before ${after} (${count})`)
  const told = reports.map(({ kind, classes }) => `${kind}: ${classes.join(', ')}`)
  return [...told, ...order].join('; ')
}

/** A cycle comes back to its first class; other reports are paths. */
function ringOf({ kind, classes }: LockReport): string[] {
  const [first] = classes
  return kind === 'circular' || kind === 'recursive' ? [...classes, first ?? ''] : [...classes]
}

function blameOf({ reports }: LockdepResult): Blame {
  const steps = new Map<string, number>()
  const edges = new Set<string>()
  const worst = worstOf(reports)
  for (const report of reports) {
    const ring = ringOf(report)
    for (let at = 0; at + 1 < ring.length; at++) {
      const key = `${ring[at]} -> ${ring[at + 1]}`
      edges.add(key)
      if (report === worst && !steps.has(key)) steps.set(key, at + 1)
    }
  }
  return { edges, steps, classes: new Set(reports.flatMap((report) => report.classes)) }
}

function drawHead(sheet: Sheet, width: number, title: string, about: string): void {
  const room = width - 2 * MARGIN
  const size = [19, 18, 17, 16].find((one) => textWidth(title, one, true) <= room) ?? 15
  sheet.text('text', MARGIN, 34, fitText(title, size, room, true), { size, bold: true })
  sheet.text('muted', MARGIN, 54, fitText(about, 12, room), { size: 12 })
}

function moved(points: readonly Point[], shift: Point): Point[] {
  return points.map(({ x, y }) => ({ x: x + shift.x, y: y + shift.y }))
}

function drawEdges(
  sheet: Sheet,
  edges: readonly Edge[],
  placed: Placed,
  shift: Point,
  blame: Blame,
): void {
  const [plain, faint, heavy] = [new Path(), new Path(), new Path()]
  edges.forEach(({ before, after, implied }, at) => {
    const isBlamed = blame.edges.has(`${before} -> ${after}`)
    const points = moved(placed.edges[at]?.points ?? [], shift)
    addEdge(isBlamed ? heavy : implied ? faint : plain, points, isBlamed ? 10 : 7)
  })
  sheet.path('empty neutral', faint)
  sheet.path('stroke neutral', plain)
  sheet.path('alarm', heavy)
}

function drawClasses(
  sheet: Sheet,
  classes: readonly { readonly name: string; readonly usage: string }[],
  placed: Placed,
  shift: Point,
  blame: Blame,
): void {
  const outlines = new Map<IrqSort, Path>()
  const [filled, ringed] = [new Path(), new Path()]
  const texts: [Point, string, string][] = []
  classes.forEach(({ name, usage }, at) => {
    const [middle] = moved([placed.nodes[at] as Point], shift) as [Point]
    const { width, height } = nodeSize(name, usage)
    const sort = irqSortOf(usage)
    const path = outlines.get(sort) ?? new Path()
    outlines.set(sort, path)
    addOutline(path, sort, middle, width, height)
    filled.box(middle.x - width / 2 + POINTED, middle.y - height / 2, width - 2 * POINTED, height)
    if (blame.classes.has(name)) addOutline(ringed, sort, middle, width, height)
    texts.push([middle, name, `{${usage}}`])
  })
  sheet.path('background', filled)
  for (const [sort, path] of outlines) sheet.path(SORTS[sort].class, path)
  sheet.path('alarm', ringed)
  for (const [{ x, y }, name, usage] of texts) {
    sheet.text('text', x, y - 2, name, { size: NAME_SIZE, anchor: 'middle' })
    sheet.text('muted', x, y + 12, usage, { size: USAGE_SIZE, anchor: 'middle' })
  }
}

/** How often a dependency was seen; of the worst report, a numbered badge instead. */
function drawCounts(
  sheet: Sheet,
  edges: readonly Edge[],
  placed: Placed,
  shift: Point,
  blame: Blame,
): void {
  const [badges, patches] = [new Path(), new Path()]
  const counts: [Point, string][] = []
  const numbers: [Point, string][] = []
  edges.forEach(({ before, after, count, implied }, at) => {
    if (implied) return
    const edge = placed.edges[at] ?? { points: [], label: { x: 0, y: 0 } }
    const [middle] = moved([labelPoint(sheet, edge, String(count), shift)], shift) as [Point]
    const step = blame.steps.get(`${before} -> ${after}`)
    if (step === undefined) {
      const room = textWidth(String(count), COUNT_SIZE) + 4
      patches.box(middle.x - room / 2, middle.y - 6, room, 12)
      counts.push([middle, String(count)])
      return
    }
    badges.circle(middle.x, middle.y, BADGE)
    numbers.push([middle, String(step)])
  })
  sheet.path('background', patches)
  for (const [{ x, y }, text] of counts) {
    sheet.text('muted', x, y + 4, text, { size: COUNT_SIZE, anchor: 'middle' })
  }
  sheet.path('badge', badges)
  for (const [{ x, y }, text] of numbers) {
    sheet.text('badgetext', x, y + 4, text, { size: 11, anchor: 'middle', bold: true })
  }
}

/** On the line, unless another text is there. */
function labelPoint(sheet: Sheet, { points, label }: PlacedEdge, text: string, shift: Point) {
  const near = onEdge(points, label)
  const shape = countShape(near.x + shift.x, near.y + shift.y, text)
  const isTaken = sheet.shapes.some(
    (other) => other.kind === 'text' && boxesOverlap(textBox(other), textBox(shape)),
  )
  return isTaken ? label : near
}

function countShape(x: number, y: number, text: string): TextShape {
  const style = { class: 'muted', size: COUNT_SIZE, anchor: 'middle', bold: false } as const
  return { kind: 'text', ...style, x, y: y + 4, text }
}

/** Below the graph: a sample of each outline and of a heavy dependency, with what they mean. */
function drawLegend(sheet: Sheet, width: number, height: number): void {
  const top = height - LEGEND + 30
  sheet.path('grid', new Path().line(MARGIN, top - 12, width - MARGIN, top - 12))
  let x = MARGIN
  for (const sort of ['safe', 'unsafe', 'both', 'neither'] as const) {
    const { class: name, text } = SORTS[sort]
    const path = new Path()
    addOutline(path, sort, { x: x + 20, y: top + 12 }, 40, 20)
    sheet.path(name, path)
    sheet.text('muted', x + 48, top + 16, text)
    x += 48 + textWidth(text, 11) + 24
  }
  drawEdgeLegend(sheet, top + 44)
}

const EDGE_LOOKS = [
  { class: 'stroke neutral', head: 7, text: 'was held when the other was asked for; how often' },
  { class: 'empty neutral', head: 7, text: 'likewise, but follows from others' },
  { class: 'alarm', head: 10, text: 'of a report; the worst is numbered' },
]

function drawEdgeLegend(sheet: Sheet, y: number): void {
  let x = MARGIN
  for (const { class: name, head, text } of EDGE_LOOKS) {
    const line = new Path()
    addEdge(
      line,
      [
        { x, y },
        { x: x + 40, y },
      ],
      head,
    )
    sheet.path(name, line)
    sheet.text('muted', x + 48, y + 4, text)
    x += 48 + textWidth(text, 11) + 24
  }
}
