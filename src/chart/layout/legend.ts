/** A panel's heading with its legend at the right end of the same line. */
import { Path, type Sheet } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

export type Swatch =
  | 'bar'
  | 'line'
  | 'dash'
  | 'kick'
  | 'used'
  | 'diamond'
  | 'tick'
  | 'cross'
  | 'dot'
  | 'ring'

export interface LegendEntry {
  readonly swatch: Swatch
  readonly class: string
  readonly text: string
}

const SIZE = 11
const SWATCH_WIDTH = 16
/** Between entries; less where the heading needs the room. */
const GAPS = [14, 10, 6]

/** Draws heading and legend on the base line `y` between `left` and `right`. */
export function drawHeading(
  sheet: Sheet,
  box: { readonly left: number; readonly right: number; readonly y: number },
  heading: string,
  entries: readonly LegendEntry[],
): void {
  const bare = entries.map((entry) => SWATCH_WIDTH + 4 + textWidth(entry.text, SIZE))
  const wanted = textWidth(heading, 13, true) + 24 + bare.reduce((sum, width) => sum + width, 0)
  const fits = (gap: number): boolean => wanted + gap * (bare.length - 1) <= box.right - box.left
  const gap = GAPS.find(fits) ?? 6
  const widths = bare.map((width) => width + gap)
  const total = widths.reduce((sum, width) => sum + width, -gap)
  const room = box.right - box.left - Math.max(0, total) - 24
  sheet.text('text', box.left, box.y, fitText(heading, 13, room, true), { size: 13, bold: true })
  let x = box.right - total
  entries.forEach((entry, i) => {
    sheet.path(entry.class, swatchPath(entry.swatch, x, box.y - 4))
    sheet.text('muted', x + SWATCH_WIDTH + 4, box.y, entry.text, { size: SIZE })
    x += widths[i] as number
  })
}

function swatchPath(swatch: Swatch, x: number, y: number): Path {
  const path = new Path()
  const middle = x + SWATCH_WIDTH / 2
  if (swatch === 'bar') path.box(x, y - 4, SWATCH_WIDTH, 8)
  else if (swatch === 'line' || swatch === 'dash') path.line(x, y, x + SWATCH_WIDTH, y)
  else addMark(path, swatch, middle, y)
  return path
}

/** A mark of some seven pixels around a point. */
export function addMark(path: Path, mark: Swatch, x: number, y: number): void {
  if (mark === 'kick')
    path.polygon([
      [x - 4, y - 3.5],
      [x + 4, y - 3.5],
      [x, y + 3.5],
    ])
  else if (mark === 'used')
    path.polygon([
      [x - 4, y + 3.5],
      [x + 4, y + 3.5],
      [x, y - 3.5],
    ])
  else if (mark === 'diamond')
    path.polygon([
      [x, y - 5],
      [x + 4, y],
      [x, y + 5],
      [x - 4, y],
    ])
  else if (mark === 'tick') path.line(x, y - 5, x, y + 5)
  else if (mark === 'dot') path.circle(x, y, 3)
  else if (mark === 'ring') path.circle(x, y, 5)
  else path.line(x - 5, y - 5, x + 5, y + 5).line(x - 5, y + 5, x + 5, y - 5)
}
