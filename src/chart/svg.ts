/**
 * Shapes to SVG elements, through a d3 selection that is handed in; knows no library and no DOM
 * itself. One element a shape, in their order.
 */
import type { Drawing, Shape, TextShape } from './layout/shapes.ts'
import { CHART_CLASS, styleSheet, type ThemeName } from './theme.ts'

/** The little of a d3 selection that drawing needs. */
export interface Selection {
  append(name: string): Selection
  attr(name: string, value: string | number): Selection
  text(value: string): Selection
}

/** Draws into an empty `<svg>`. */
export function drawSvg(svg: Selection, drawing: Drawing, theme: ThemeName): void {
  const { width, height } = drawing
  svg.attr('xmlns', 'http://www.w3.org/2000/svg')
  svg.attr('viewBox', `0 0 ${width} ${height}`).attr('width', width).attr('height', height)
  svg.attr('class', CHART_CLASS).attr('role', 'img').attr('aria-label', drawing.title)
  svg.append('title').text(drawing.title)
  svg.append('desc').text(drawing.desc)
  svg.append('style').text(styleSheet(theme))
  const background = { x: 0, y: 0, width, height }
  drawShape(svg, { kind: 'rect', class: 'background', ...background })
  for (const shape of drawing.shapes) drawShape(svg, shape)
}

function drawShape(svg: Selection, shape: Shape): void {
  if (shape.kind === 'path') svg.append('path').attr('class', shape.class).attr('d', shape.d)
  else if (shape.kind === 'text') drawText(svg, shape)
  else {
    const { x, y, width, height } = shape
    const rect = svg.append('rect').attr('class', shape.class).attr('x', x).attr('y', y)
    rect.attr('width', width).attr('height', height)
  }
}

function drawText(svg: Selection, shape: TextShape): void {
  const text = svg.append('text').attr('class', shape.class).attr('x', shape.x).attr('y', shape.y)
  text.attr('font-size', shape.size)
  if (shape.anchor !== 'start') text.attr('text-anchor', shape.anchor)
  if (shape.bold) text.attr('font-weight', 'bold')
  text.text(shape.text)
}
