/** What all charts share: width, margins, the title that states the finding and the line below. */
import type { Sheet } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

export const WIDTH = 1200
export const LEFT = 24
export const RIGHT = WIDTH - 28
/** Left end of everything that has an axis. */
export const PLOT = 100
/** The same where lanes have names. */
export const LANE_PLOT = 216

/** As large as fits; what does not fit at all is cut, but the SVG's own title has all of it. */
export function drawTitle(sheet: Sheet, title: string, about = ''): void {
  const room = RIGHT - LEFT
  const size = [19, 18, 17, 16].find((one) => textWidth(title, one, true) <= room) ?? 15
  sheet.text('text', LEFT, 36, fitText(title, size, room, true), { size, bold: true })
  if (about !== '') sheet.text('muted', LEFT, 56, fitText(about, 12, room), { size: 12 })
}
