/**
 * One chart of the page: its SVG, redrawn by the same layout as on the command line whenever the
 * window changes, so that everything stays aligned at every zoom; pointer and cursor.
 */
import type { ChartChoice, ChartKind } from '../chart/kinds.ts'
import type { Drawing, TimePanel } from '../chart/layout/shapes.ts'
import { drawSvg, type Selection } from '../chart/svg.ts'
import type { PageData } from './data.ts'

const SVG = 'http://www.w3.org/2000/svg'

/** An SVG element in the shape that drawing needs. */
class DomSelection implements Selection {
  readonly element: Element

  constructor(element: Element) {
    this.element = element
  }

  append(name: string): DomSelection {
    const child = document.createElementNS(SVG, name)
    this.element.append(child)
    return new DomSelection(child)
  }

  attr(name: string, value: string | number): this {
    // The document knows the namespace of its elements already.
    if (name !== 'xmlns') this.element.setAttribute(name, `${value}`)
    return this
  }

  text(value: string): this {
    this.element.textContent = value
    return this
  }
}

/** Where the pointer is: panel, instant, and the row's y. */
export interface Pointed {
  readonly view: ChartView
  readonly panel: TimePanel
  readonly timeNs: number
  readonly y: number
}

export class ChartView {
  readonly kind: ChartKind
  readonly figure: HTMLElement
  drawing: Drawing
  private svg: SVGSVGElement
  private readonly data: PageData
  private cursor: Element | null = null

  constructor(figure: HTMLElement, kind: ChartKind, data: PageData) {
    this.figure = figure
    this.kind = kind
    this.data = data
    this.svg = figure.querySelector('svg') as SVGSVGElement
    this.drawing = kind.draw(data, {})
  }

  redraw(choice: ChartChoice): void {
    this.drawing = this.kind.draw(this.data, choice)
    const svg = document.createElementNS(SVG, 'svg')
    drawSvg(new DomSelection(svg), this.drawing, this.data.facts.theme)
    this.svg.replaceWith(svg)
    this.svg = svg
    this.cursor = null
  }

  /** The panel and instant at a point of the screen, if it is on one. */
  pointed(clientX: number, clientY: number): Pointed | null {
    const box = this.svg.getBoundingClientRect()
    const x = ((clientX - box.left) / box.width) * this.drawing.width
    const y = ((clientY - box.top) / box.height) * this.drawing.height
    const panel = this.drawing.panels.find(
      (one) => x >= one.x0 && x <= one.x1 && y >= one.top && y <= one.bottom,
    )
    if (panel === undefined) return null
    const share = (x - panel.x0) / (panel.x1 - panel.x0)
    const timeNs = Math.round(panel.fromNs + share * (panel.toNs - panel.fromNs))
    return { view: this, panel, timeNs, y }
  }

  /** Nanoseconds of a panel for one pixel of the screen. */
  nsPerPixel(panel: TimePanel): number {
    const { width } = this.svg.getBoundingClientRect()
    const pixels = ((panel.x1 - panel.x0) / this.drawing.width) * Math.max(1, width)
    return (panel.toNs - panel.fromNs) / pixels
  }

  /** A line at an instant through every panel that shows it; null takes it away. */
  showCursor(timeNs: number | null): void {
    if (this.cursor === null) {
      this.cursor = document.createElementNS(SVG, 'path')
      this.cursor.setAttribute('class', 'page-cursor')
      this.svg.append(this.cursor)
    }
    const lines = this.drawing.panels.flatMap((panel) => {
      if (timeNs === null || timeNs < panel.fromNs || timeNs > panel.toNs) return []
      const share = (timeNs - panel.fromNs) / (panel.toNs - panel.fromNs)
      const x = panel.x0 + share * (panel.x1 - panel.x0)
      return [`M${x.toFixed(2)} ${panel.top}V${panel.bottom}`]
    })
    this.cursor.setAttribute('d', lines.join(''))
  }
}
