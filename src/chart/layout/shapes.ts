/**
 * What a layout makes: shapes in pixels with a class that the theme colours. No DOM, no colours.
 * The y axis points down; coordinates are rounded to hundredths, so that drawings are byte-stable.
 */
export type Shape = PathShape | RectShape | TextShape

export interface PathShape {
  readonly kind: 'path'
  readonly class: string
  readonly d: string
}

export interface RectShape {
  readonly kind: 'rect'
  readonly class: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export type Anchor = 'start' | 'middle' | 'end'

export interface TextShape {
  readonly kind: 'text'
  readonly class: string
  /** Anchor point on the base line. */
  readonly x: number
  readonly y: number
  readonly size: number
  readonly anchor: Anchor
  readonly bold: boolean
  readonly text: string
}

/** What an axis says, for tests and readers of the drawing. */
export interface AxisNote {
  readonly what: string
  readonly unit: string
  readonly step: number
  readonly ticks: readonly number[]
}

/** Which records a place stands for: of these kinds, and, where given, of one context or symbol. */
export interface RecordPick {
  readonly kinds: readonly number[]
  readonly contexts?: readonly number[]
  /** The record's first argument. */
  readonly subject?: number
}

/** Where a panel's time axis lies in the drawing: what a cursor and a pointer need. */
export interface TimePanel {
  readonly x0: number
  readonly x1: number
  readonly fromNs: number
  readonly toNs: number
  readonly top: number
  readonly bottom: number
  readonly rows: readonly {
    readonly top: number
    readonly bottom: number
    readonly pick: RecordPick
  }[]
  /** Whether the panel shows the whole run however far the others are zoomed. */
  readonly whole?: boolean
}

export interface Drawing {
  readonly width: number
  readonly height: number
  /** The finding, also for screen readers. */
  readonly title: string
  readonly desc: string
  readonly shapes: readonly Shape[]
  readonly axes: readonly AxisNote[]
  readonly panels: readonly TimePanel[]
}

export interface TextOptions {
  readonly size?: number
  readonly anchor?: Anchor
  readonly bold?: boolean
}

/** A list of shapes in the making: later ones lie on top. */
export class Sheet {
  readonly shapes: Shape[] = []
  readonly axes: AxisNote[] = []
  readonly panels: TimePanel[] = []

  /** The drawing, once everything is on it. */
  drawing(title: string, desc: string, width: number, height: number): Drawing {
    const { shapes, axes, panels } = this
    return { width, height: Math.ceil(height), title, desc, shapes, axes, panels }
  }

  path(name: string, path: Path): void {
    if (!path.empty) this.shapes.push({ kind: 'path', class: name, d: path.text })
  }

  rect(name: string, x: number, y: number, width: number, height: number): void {
    const box = { x: hundredths(x), y: hundredths(y) }
    const size = { width: hundredths(width), height: hundredths(height) }
    this.shapes.push({ kind: 'rect', class: name, ...box, ...size })
  }

  text(name: string, x: number, y: number, text: string, options: TextOptions = {}): void {
    const { size = 11, anchor = 'start', bold = false } = options
    const at = { x: hundredths(x), y: hundredths(y) }
    this.shapes.push({ kind: 'text', class: name, ...at, size, anchor, bold, text })
  }
}

export function hundredths(value: number): number {
  return Math.round(value * 100) / 100 + 0
}

/** The `d` attribute of one path that holds any number of marks. */
export class Path {
  private readonly parts: string[] = []

  get empty(): boolean {
    return this.parts.length === 0
  }

  get text(): string {
    return this.parts.join('')
  }

  move(x: number, y: number): this {
    this.parts.push(`M${hundredths(x)} ${hundredths(y)}`)
    return this
  }

  to(x: number, y: number): this {
    this.parts.push(`L${hundredths(x)} ${hundredths(y)}`)
    return this
  }

  close(): this {
    this.parts.push('Z')
    return this
  }

  line(x1: number, y1: number, x2: number, y2: number): this {
    return this.move(x1, y1).to(x2, y2)
  }

  box(x: number, y: number, width: number, height: number): this {
    const [w, h] = [hundredths(width), hundredths(height)]
    this.parts.push(`M${hundredths(x)} ${hundredths(y)}h${w}v${h}h${-w}Z`)
    return this
  }

  polygon(points: readonly (readonly [x: number, y: number])[]): this {
    points.forEach(([x, y], i) => {
      if (i === 0) this.move(x, y)
      else this.to(x, y)
    })
    return this.close()
  }

  circle(x: number, y: number, r: number): this {
    const d = hundredths(2 * r)
    this.parts.push(`M${hundredths(x - r)} ${hundredths(y)}a${r} ${r} 0 1 0 ${d} 0`)
    this.parts.push(`a${r} ${r} 0 1 0 ${-d} 0Z`)
    return this
  }

  /** A line with an arrow head at its end. */
  arrow(x1: number, y1: number, x2: number, y2: number): this {
    this.line(x1, y1, x2, y2)
    const length = Math.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)
    if (length < 1) return this
    const [ux, uy] = [((x2 - x1) / length) * 6, ((y2 - y1) / length) * 6]
    this.line(x2 - ux - uy * 0.55, y2 - uy + ux * 0.55, x2, y2)
    return this.to(x2 - ux + uy * 0.55, y2 - uy - ux * 0.55)
  }
}
