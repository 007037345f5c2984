/** The rules that every drawing keeps (house style §6, issue 8), as checks that name offenders. */
import type { Drawing, TextShape } from '../../src/chart/layout/shapes.ts'
import { boxesOverlap, textBox } from '../../src/chart/layout/text-metrics.ts'

const texts = (drawing: Drawing): TextShape[] =>
  drawing.shapes.filter((shape): shape is TextShape => shape.kind === 'text')

/** Pairs of texts whose boxes meet. */
export function overlappingTexts(drawing: Drawing): string[] {
  const boxes = texts(drawing).map((shape) => ({ text: shape.text, box: textBox(shape) }))
  return boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter((b) => boxesOverlap(a.box, b.box))
      .map((b) => `'${a.text}' meets '${b.text}'`),
  )
}

/** Shapes that leave the frame. */
export function outsideFrame(drawing: Drawing): string[] {
  const { width, height } = drawing
  return drawing.shapes.flatMap((shape) => {
    if (shape.kind === 'path') {
      const pairs = [...shape.d.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)]
      const out = pairs.find(([, x, y]) => !inside(Number(x), Number(y), width, height))
      return out === undefined ? [] : [`path ${shape.class} at ${out[0]}`]
    }
    const box =
      shape.kind === 'text'
        ? textBox(shape)
        : {
            left: shape.x,
            top: shape.y,
            right: shape.x + shape.width,
            bottom: shape.y + shape.height,
          }
    const fits =
      inside(box.left, box.top, width, height) && inside(box.right, box.bottom, width, height)
    return fits ? [] : [`${shape.kind} ${shape.kind === 'text' ? shape.text : shape.class}`]
  })
}

function inside(x: number, y: number, width: number, height: number): boolean {
  return x >= 0 && x <= width && y >= 0 && y <= height
}

/** Axes with ticks that are not at 1, 2 or 5 times a power of ten, or without a unit in sight. */
export function poorAxes(drawing: Drawing): string[] {
  const words = texts(drawing).map((shape) => shape.text)
  return drawing.axes.flatMap(({ what, unit, step, ticks }) => {
    const shown = words.some((text) => text.includes(`(${unit}`) || text.includes(` ${unit}`))
    const faults = shown ? [] : [`${what}: unit ${unit} is nowhere`]
    // Axes of frames have their lines at period boundaries, axes of shares at given levels.
    if (step === 0 || unit === 'frames') return faults
    let digit = step
    while (digit >= 10) digit /= 10
    if (![1, 2, 5].includes(digit)) faults.push(`${what}: step ${step} is not round`)
    const off = ticks.find((tick) => tick % step !== 0)
    if (off !== undefined) faults.push(`${what}: ${off} is no multiple of ${step}`)
    return faults
  })
}

/** Everything that a drawing breaks. */
export function brokenRules(drawing: Drawing): string[] {
  return [...overlappingTexts(drawing), ...outsideFrame(drawing), ...poorAxes(drawing)]
}

/** Elements that the SVG will have: its shapes, and svg, title, desc, style and background. */
export function elementCount(drawing: Drawing): number {
  return drawing.shapes.length + 5
}

/** Characters that its paths and texts take, with room for attributes. */
export function roughSize(drawing: Drawing): number {
  return drawing.shapes.reduce((n, s) => n + 120 + (s.kind === 'path' ? s.d.length : 60), 8_000)
}
