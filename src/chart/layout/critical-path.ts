/**
 * The critical path between two records: a lane for each context that it runs through, in the order
 * in which it comes to them, a bar for each step, arrows where it goes over; below the longest
 * steps as a list. Pure. Times are ns.
 */
import type { Part } from '../../analysis/explain/parts.ts'
import { PART_WORDS } from '../../analysis/explain/parts.ts'
import { type CriticalPath, detailText, type Step } from '../../analysis/explain/steps.ts'
import { formatDuration, formatInstant, plural } from '../../analysis/format.ts'
import type { RunResult } from '../../analysis/result.ts'
import { AXIS_HEIGHT, drawTimeAxis } from './axis.ts'
import { drawTitle, LANE_PLOT, LEFT, RIGHT, WIDTH } from './frame.ts'
import { drawHeading, type LegendEntry } from './legend.ts'
import { TimeScale } from './scale.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'
import { fitText } from './text-metrics.ts'

/** Lanes that are drawn; contexts beyond them share the last. */
const LANES_MAX = 14
const LANE = 26
/** Steps that are listed below, the longest. */
const LISTED_MAX = 14
const ROW = 20
/** More arrows than that hide each other. */
const ARROWS_MAX = 120

type Look = 'bar' | 'wait'

/** Hue by sort of step; waiting is hatched by its outline, running is filled. */
const CLASSES: Readonly<Record<Part, readonly [look: Look, lane: string]>> = {
  tick: ['wait', 'device'],
  batching: ['wait', 'device'],
  'device-cpu': ['wait', 'vcpu'],
  device: ['bar', 'device'],
  answer: ['wait', 'queue'],
  delivery: ['bar', 'irq'],
  'irqs-off': ['wait', 'lock'],
  stolen: ['wait', 'vcpu'],
  handler: ['bar', 'irq'],
  'work-queue': ['wait', 'kworker'],
  lock: ['wait', 'lock'],
  report: ['bar', 'kworker'],
  'wake-up': ['wait', 'client'],
  'client-run': ['bar', 'client'],
  'client-work': ['wait', 'neutral'],
  other: ['wait', 'neutral'],
}

const LEGEND: readonly LegendEntry[] = [
  { swatch: 'bar', class: 'part device', text: 'device' },
  { swatch: 'bar', class: 'part irq', text: 'interrupt' },
  { swatch: 'bar', class: 'part kworker', text: 'kernel' },
  { swatch: 'bar', class: 'part client', text: 'client' },
  { swatch: 'bar', class: 'asleep neutral', text: 'waits (pale, outlined)' },
]

const classOf = (part: Part): string => {
  const [look, lane] = CLASSES[part]
  return `${look === 'bar' ? 'part' : 'asleep'} ${lane}`
}

export function layoutCriticalPath(result: RunResult, path: CriticalPath | null): Drawing {
  const sheet = new Sheet()
  const variant = result.variant === null ? '' : `/${result.variant}`
  const about = `${result.scenario}${variant}, seed ${result.seed}`
  if (path === null || path.steps.length === 0) {
    const title = 'critical path: no two records lie apart in time here'
    drawTitle(sheet, title, about)
    return sheet.drawing(title, `${about}.`, WIDTH, 76)
  }
  const { from, to, distanceNs, steps } = path
  const title = findingOf(path)
  const ends = `record ${from.record} (${from.name}) to record ${to.record} (${to.name})`
  drawTitle(sheet, title, `${about}: ${ends}`)
  const lanes = lanesOf(steps)
  const top = 108
  const bottom = top + lanes.length * LANE
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top - 20 }, 'Who determined the time', LEGEND)
  const scale = new TimeScale(from.timeNs, to.timeNs, LANE_PLOT, RIGHT)
  drawTimeAxis(sheet, { scale, originNs: from.timeNs, label: 'time', panels: [[top, bottom]] })
  drawLanes(sheet, lanes, top)
  drawSteps(sheet, steps, lanes, scale, top)
  drawArrows(sheet, steps, lanes, scale, top)
  sheet.panels.push({
    x0: LANE_PLOT,
    x1: RIGHT,
    fromNs: from.timeNs,
    toNs: to.timeNs,
    top,
    bottom,
    rows: [],
  })
  const end = drawList(sheet, steps, distanceNs, bottom + AXIS_HEIGHT + 36)
  const desc =
    `${about}. The critical path over ${formatDuration(distanceNs)}: ` +
    `${plural(steps.length, 'step')} in ${plural(lanes.length, 'lane')}, each with its duration.`
  return sheet.drawing(title, desc, WIDTH, end + 12)
}

function findingOf({ parts, distanceNs, steps, from }: CriticalPath): string {
  const [first, second] = parts.toSorted((a, b) => b.ns - a.ns)
  const share = (ns: number): string => `${Math.round((100 * ns) / distanceNs)} %`
  const words = [first, second].flatMap((one) => {
    return one === undefined ? [] : [`${share(one.ns)} ${PART_WORDS[one.part]}`]
  })
  const since = `${formatDuration(distanceNs)} from ${formatInstant(from.timeNs)} on`
  return `${since}, ${plural(steps.length, 'step')}: ${words.join(', ')}`
}

interface Lane {
  readonly contexts: ReadonlySet<number>
  readonly name: string
}

/** In the order of the path; those with the least time share a lane if there are too many. */
function lanesOf(steps: readonly Step[]): readonly Lane[] {
  const sums = new Map<number, { name: string; ns: number }>()
  for (const { context, name, ns } of steps) {
    const known = sums.get(context)
    if (known === undefined) sums.set(context, { name, ns })
    else known.ns += ns
  }
  const all = [...sums]
  if (all.length <= LANES_MAX) {
    return all.map(([context, { name }]) => ({ contexts: new Set([context]), name }))
  }
  const ranked = all.toSorted(([a, x], [b, y]) => y.ns - x.ns || a - b)
  const kept = new Set(ranked.slice(0, LANES_MAX - 1).map(([context]) => context))
  const rest = all.filter(([context]) => !kept.has(context)).map(([context]) => context)
  const own = all.filter(([context]) => kept.has(context))
  return [
    ...own.map(([context, { name }]) => ({ contexts: new Set([context]), name })),
    { contexts: new Set(rest), name: `${rest.length} others` },
  ]
}

function drawLanes(sheet: Sheet, lanes: readonly Lane[], top: number): void {
  lanes.forEach(({ name }, i) => {
    const y = top + i * LANE
    if (i % 2 === 1) sheet.rect('stripe', LANE_PLOT, y, RIGHT - LANE_PLOT, LANE)
    const text = fitText(name, 11, LANE_PLOT - LEFT - 12)
    sheet.text('text', LEFT, y + LANE / 2 + 4, text)
  })
}

function laneOf(lanes: readonly Lane[], context: number): number {
  return lanes.findIndex((one) => one.contexts.has(context))
}

/** Of the steps that fall on one pixel of a lane, the longest is drawn. */
function drawSteps(
  sheet: Sheet,
  steps: readonly Step[],
  lanes: readonly Lane[],
  scale: TimeScale,
  top: number,
): void {
  const columns = new Map<string, Step>()
  const paths = new Map<string, Path>()
  for (const step of steps) {
    const lane = laneOf(lanes, step.context)
    const key = `${lane}/${Math.floor(scale.x(step.fromNs))}`
    const before = columns.get(key)
    if (before === undefined || before.ns < step.ns) columns.set(key, step)
  }
  for (const step of columns.values()) {
    const y = top + laneOf(lanes, step.context) * LANE + 5
    const name = classOf(step.part)
    const path = paths.get(name) ?? new Path()
    paths.set(name, path)
    const x = scale.x(step.fromNs)
    const width = Math.max(0.8, scale.x(step.toNs) - x)
    path.box(Math.min(x, RIGHT - width), y, width, LANE - 10)
  }
  for (const [name, path] of paths) sheet.path(name, path)
}

/** Where the path goes from one lane to another. */
function drawArrows(
  sheet: Sheet,
  steps: readonly Step[],
  lanes: readonly Lane[],
  scale: TimeScale,
  top: number,
): void {
  const path = new Path()
  const seen = new Set<number>()
  for (const [i, step] of steps.entries()) {
    const before = steps[i - 1]
    const x = scale.x(step.fromNs)
    if (before === undefined || before.context === step.context) continue
    if (seen.has(Math.floor(x / 4)) || seen.size >= ARROWS_MAX) continue
    seen.add(Math.floor(x / 4))
    const [a, b] = [laneOf(lanes, before.context), laneOf(lanes, step.context)]
    const middle = (lane: number): number => top + lane * LANE + LANE / 2
    if (a !== b) path.arrow(x, middle(a), x, middle(b))
  }
  sheet.path('arrow thin', path)
}

const COLUMNS = [LEFT, 84, 190, 280, 500, 700, 1050] as const

/** The longest steps, in the order of the path; where it ends, in pixels. */
function drawList(sheet: Sheet, steps: readonly Step[], distanceNs: number, top: number): number {
  const longest = steps.toSorted((a, b) => b.ns - a.ns || a.number - b.number)
  const listed = longest.slice(0, LISTED_MAX).sort((a, b) => a.number - b.number)
  const rest = longest.slice(LISTED_MAX)
  const of = listed.length < steps.length ? `The ${listed.length} longest of ` : ''
  const heading = `${of}${plural(steps.length, 'step')}`
  sheet.text('text', LEFT, top, heading, { size: 13, bold: true })
  const head = [
    'step',
    'since the first',
    'lasts',
    'what',
    'who',
    'what it was, how it came there',
    'record',
  ]
  const row = (y: number, cells: readonly string[], name: string): void => {
    cells.forEach((cell, i) => {
      const x = COLUMNS[i] as number
      const right = COLUMNS[i + 1] ?? RIGHT + 10
      const text = fitText(cell, 11, right - x - 10)
      if (text !== '' && text !== '…') sheet.text(name, x, y, text)
    })
  }
  row(top + 22, head, 'muted')
  const startNs = steps[0]?.fromNs ?? 0
  listed.forEach((step, i) => {
    const y = top + 22 + (i + 1) * ROW
    sheet.path(classOf(step.part), new Path().box(COLUMNS[0] + 30, y - 8, 14, 9))
    const share = ` (${((100 * step.ns) / distanceNs).toFixed(1)} %)`
    row(
      y,
      [
        `${step.number}`,
        `+${formatDuration(step.fromNs - startNs)}`,
        formatDuration(step.ns),
        PART_WORDS[step.part] + share,
        step.name,
        detailText(step),
        `${step.record}`,
      ],
      'text',
    )
  })
  const end = top + 22 + listed.length * ROW
  if (rest.length === 0) return end
  const sum = rest.reduce((all, { ns }) => all + ns, 0)
  const text = `${plural(rest.length, 'shorter step')}: ${formatDuration(sum)} in all`
  sheet.text('muted', COLUMNS[0], end + ROW, fitText(text, 11, RIGHT - LEFT))
  return end + ROW
}
