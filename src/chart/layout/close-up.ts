/**
 * One period in detail: the causal chain as arrows between lanes, its steps numbered, and the list
 * of steps with their times beside the lanes. Times in the list count from the first step.
 */
import type { ChainStep } from '../../analysis/chain.ts'
import { formatDuration } from '../../analysis/format.ts'
import { laneOfStep } from '../../analysis/lanes.ts'
import { type LanePanel, rowMiddle } from './lanes.ts'
import { Path, type Sheet } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

const DOT_RADIUS = 3.2
const BADGE_RADIUS = 7
const BADGE_SPACING = 2 * BADGE_RADIUS + 2
/** An arrow stays this far away from the dots that it joins. */
const ARROW_CLEARANCE = 5.5

/** Dots, badges and arrows on the lanes. */
export function drawChain(sheet: Sheet, panel: LanePanel, steps: readonly ChainStep[]): void {
  const at = (step: ChainStep): [x: number, y: number] => [
    panel.scale.x(step.timeNs),
    rowMiddle(panel, laneOfStep(step) ?? '') ?? panel.top,
  ]
  const arrows = new Path()
  for (const step of steps) {
    const cause = steps[step.after]
    if (cause !== undefined) addArrow(arrows, at(cause), at(step))
  }
  sheet.path('arrow', arrows)
  const dots = new Path()
  for (const step of steps) dots.circle(...at(step), DOT_RADIUS)
  sheet.path('dot', dots)
  drawBadges(sheet, panel, steps, at)
}

function addArrow(path: Path, from: [number, number], to: [number, number]): void {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const length = Math.sqrt(dx * dx + dy * dy)
  if (length < 3 * ARROW_CLEARANCE) return
  const [ux, uy] = [(dx / length) * ARROW_CLEARANCE, (dy / length) * ARROW_CLEARANCE]
  path.arrow(from[0] + ux, from[1] + uy, to[0] - ux, to[1] - uy)
}

/** Numbers beside the dots: to the right, or further right where another number stands. */
function drawBadges(
  sheet: Sheet,
  panel: LanePanel,
  steps: readonly ChainStep[],
  at: (step: ChainStep) => [number, number],
): void {
  const taken = new Map<number, number>()
  const circles = new Path()
  const places = steps.map((step) => {
    const [x, middle] = at(step)
    const free = (taken.get(middle) ?? Number.NEGATIVE_INFINITY) + BADGE_SPACING
    const place = Math.max(x + DOT_RADIUS + BADGE_RADIUS + 2, free)
    taken.set(middle, place)
    const y = middle - panel.rowHeight / 2 + BADGE_RADIUS
    circles.circle(place, y, BADGE_RADIUS)
    return { x: place, y }
  })
  sheet.path('badge', circles)
  places.forEach(({ x, y }, i) => {
    sheet.text('badgetext', x, y + 3.5, `${i + 1}`, { size: 10, anchor: 'middle', bold: true })
  })
}

const LINE_HEIGHT = 21

/** The steps in words, one a line. */
export function drawStepList(
  sheet: Sheet,
  box: { readonly left: number; readonly right: number; readonly top: number },
  steps: readonly ChainStep[],
): void {
  const origin = steps[0]?.timeNs ?? 0
  const circles = new Path()
  steps.forEach((_, i) => {
    circles.circle(box.left + BADGE_RADIUS, box.top + 10 + i * LINE_HEIGHT, BADGE_RADIUS)
  })
  sheet.path('badge', circles)
  steps.forEach((step, i) => {
    const y = box.top + 14 + i * LINE_HEIGHT
    const time = `+${formatDuration(step.timeNs - origin)}`
    const left = box.left + 2 * BADGE_RADIUS + 7
    const room = box.right - left - textWidth(time, 11) - 8
    const number = { size: 10, anchor: 'middle' as const, bold: true }
    sheet.text('badgetext', box.left + BADGE_RADIUS, y - 0.5, `${i + 1}`, number)
    sheet.text('text', left, y, fitText(step.text, 11, room), { size: 11 })
    sheet.text('muted', box.right, y, time, { size: 11, anchor: 'end' })
  })
}
