/**
 * Widths of texts without a browser, so that overlap can be judged by test. The table is DejaVu
 * Sans's, in thousandths of the font size: it is wider than Helvetica, Arial and their like, so a
 * text that fits by it fits in whichever of the theme's fonts a viewer has.
 */
import type { TextShape } from './shapes.ts'

/** Advance widths of U+0020 to U+007E. */
const ASCII = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
  636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
  575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
  611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
  278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
]
const OTHER: Readonly<Record<string, number>> = { µ: 636, '·': 318, '–': 500 }
const OTHER_WIDTH = 1000
/** How much wider the bold face is, generously. */
const BOLD = 1.15

/** Width in pixels. */
export function textWidth(text: string, size: number, bold = false): number {
  let sum = 0
  for (const char of text) {
    sum += ASCII[char.charCodeAt(0) - 32] ?? OTHER[char] ?? OTHER_WIDTH
  }
  return (sum * size * (bold ? BOLD : 1)) / 1000
}

/** The text, or as much of its start as fits, with an ellipsis. */
export function fitText(text: string, size: number, maxWidth: number, bold = false): string {
  if (textWidth(text, size, bold) <= maxWidth) return text
  let kept = [...text]
  while (kept.length > 0 && textWidth(`${kept.join('')}…`, size, bold) > maxWidth) {
    kept = kept.slice(0, -1)
  }
  return `${kept.join('').trimEnd()}…`
}

export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The box that a text may fill: from its ascenders to its descenders. */
export function textBox(shape: TextShape): Box {
  const width = textWidth(shape.text, shape.size, shape.bold)
  const shift = shape.anchor === 'start' ? 0 : shape.anchor === 'middle' ? width / 2 : width
  const left = shape.x - shift
  const top = shape.y - shape.size * 0.78
  return { left, right: left + width, top, bottom: shape.y + shape.size * 0.22 }
}

export function boxesOverlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
