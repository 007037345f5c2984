/**
 * The report page: pan, zoom, pointer and linked cursor over the charts, sortable tables.
 * Everything that it shows is in the page; it asks nobody for anything. Times are ns.
 */
import type { Window } from '../analysis/windows.ts'
import { chartKind } from '../chart/kinds.ts'
import { type PageData, readPage } from './data.ts'
import { instantText, RecordFinder } from './records.ts'
import { makeSortable } from './tables.ts'
import { ChartView, type Pointed } from './view.ts'

/** Nobody can tell apart what is closer. */
const SPAN_MIN_NS = 200
/** How near the pointer must be to a record. */
const REACH_PIXELS = 10

interface Drag {
  readonly at: Pointed
  readonly clientX: number
  readonly window: Window
}

export class Page {
  private readonly data: PageData = readPage()
  private readonly finder = new RecordFinder(this.data.store)
  private readonly endNs = Math.max(1, this.data.result.virtualTimeNs)
  private readonly views = viewsOf(this.data)
  private readonly tooltip = document.getElementById('tooltip') as HTMLElement
  private readonly shown = document.getElementById('window') as HTMLElement
  private readonly streams = document.getElementById('stream') as HTMLSelectElement | null
  /** Null: each chart's own choice. */
  private current: Window | null = null
  private pending = 0
  private drag: Drag | null = null

  start(): void {
    document.addEventListener('mousemove', (event) => this.hover(event))
    document.addEventListener('pointerdown', (event) => this.startDrag(event))
    document.addEventListener('pointermove', (event) => this.duringDrag(event))
    document.addEventListener('pointerup', () => {
      this.drag = null
    })
    document.addEventListener('wheel', (event) => this.onWheel(event), { passive: false })
    document.addEventListener('dblclick', (event) => {
      const at = this.pointedAt(event)
      if (at !== null) this.zoom(0.25, at.timeNs)
    })
    document.addEventListener('keydown', (event) => this.onKey(event))
    document.addEventListener('click', (event) => this.onClick(event))
    this.streams?.addEventListener('change', () => this.show(this.current))
    for (const table of document.querySelectorAll('table')) makeSortable(table)
    document.body.classList.add('scripted')
  }

  private show(window: Window | null): void {
    this.current = window
    if (this.pending === 0) this.pending = requestAnimationFrame(() => this.redraw())
  }

  private redraw(): void {
    this.pending = 0
    const { current } = this
    const stream = this.streams?.value
    const choice = {
      ...(stream === undefined ? {} : { stream }),
      ...(current === null ? {} : { window: current }),
    }
    for (const view of this.views) view.redraw(choice)
    this.shown.textContent = current === null ? 'each chart its own window' : windowText(current)
  }

  /** The window that all charts share, or the one that the first has chosen. */
  private windowNow(): Window {
    if (this.current !== null) return this.current
    const panels = this.views.flatMap((view) => view.drawing.panels)
    const first = panels.find((panel) => panel.whole !== true)
    return { fromNs: first?.fromNs ?? 0, toNs: first?.toNs ?? this.endNs }
  }

  /** Scales the window about an instant that stays where it is. */
  private zoom(factor: number, aboutNs?: number): void {
    const { fromNs, toNs } = this.windowNow()
    const about = aboutNs ?? (fromNs + toNs) / 2
    const span = Math.min(this.endNs, Math.max(SPAN_MIN_NS, (toNs - fromNs) * factor))
    const share = (about - fromNs) / Math.max(1, toNs - fromNs)
    this.move(about - share * span, span)
  }

  private move(from: number, span: number): void {
    const start = Math.round(Math.max(0, Math.min(from, this.endNs - span)))
    this.show({ fromNs: start, toNs: Math.round(start + span) })
  }

  private pan(share: number): void {
    const { fromNs, toNs } = this.windowNow()
    this.move(fromNs + share * (toNs - fromNs), toNs - fromNs)
  }

  private pointedAt(event: MouseEvent): Pointed | null {
    const view = this.views.find(({ figure }) => figure.contains(event.target as Node))
    return view?.pointed(event.clientX, event.clientY) ?? null
  }

  private hover(event: MouseEvent): void {
    const at = this.pointedAt(event)
    for (const view of this.views) view.showCursor(at?.timeNs ?? null)
    this.tooltip.hidden = at === null
    if (at === null) return
    const row = at.panel.rows.find((one) => at.y >= one.top && at.y <= one.bottom)
    const reach = at.view.nsPerPixel(at.panel) * REACH_PIXELS
    const found = row === undefined ? null : this.finder.nearest(at.timeNs, row.pick, reach)
    const span = at.panel.toNs - at.panel.fromNs
    const lines = found === null ? [instantText(at.timeNs, span)] : this.finder.lines(found.index)
    this.tooltip.textContent = lines.join('\n')
    place(this.tooltip, event)
  }

  private startDrag(event: PointerEvent): void {
    const at = this.pointedAt(event)
    if (at === null || event.button !== 0) return
    this.drag = { at, clientX: event.clientX, window: this.windowNow() }
    event.preventDefault()
  }

  /** On the whole run a drag chooses the window; elsewhere it moves what is shown. */
  private duringDrag(event: PointerEvent): void {
    if (this.drag === null) return
    const { at, window, clientX } = this.drag
    const pixels = event.clientX - clientX
    if (pixels > -3 && pixels < 3) return
    const moved = pixels * at.view.nsPerPixel(at.panel)
    if (at.panel.whole === true) {
      const from = Math.min(at.timeNs, at.timeNs + moved)
      this.move(from, Math.max(SPAN_MIN_NS, Math.abs(moved)))
    } else this.move(window.fromNs - moved, window.toNs - window.fromNs)
  }

  /** The wheel alone scrolls the page. */
  private onWheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return
    const at = this.pointedAt(event)
    if (at === null) return
    event.preventDefault()
    const amount = event.deltaY === 0 ? event.deltaX : event.deltaY
    if (event.shiftKey) this.pan(amount > 0 ? 0.15 : -0.15)
    else this.zoom(amount > 0 ? 1.25 : 0.8, at.timeNs)
  }

  private onKey(event: KeyboardEvent): void {
    const { target, key } = event
    if (target instanceof HTMLElement && /^(SELECT|INPUT)$/.test(target.tagName)) return
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (key === '+' || key === '=') this.zoom(0.5)
    else if (key === '-') this.zoom(2)
    else if (key === '0') this.show(null)
    else if (key === 'ArrowLeft') this.pan(-0.2)
    else if (key === 'ArrowRight') this.pan(0.2)
    else return
    event.preventDefault()
  }

  /** Buttons: `data-zoom` by a factor, `data-from` and `data-to` to a window, `data-reset`. */
  private onClick(event: MouseEvent): void {
    const button = event.target instanceof Element ? event.target.closest('button') : null
    if (button === null) return
    const { zoom, from, to, reset } = button.dataset
    if (zoom !== undefined) this.zoom(Number(zoom))
    else if (from !== undefined && to !== undefined) {
      this.show({ fromNs: Number(from), toNs: Number(to) })
      this.views[0]?.figure.scrollIntoView({ block: 'start' })
    } else if (reset !== undefined) this.show(null)
  }
}

function viewsOf(data: PageData): readonly ChartView[] {
  const figures = Array.from(document.querySelectorAll<HTMLElement>('figure[data-kind]'))
  return figures.flatMap((figure) => {
    const kind = chartKind(figure.dataset.kind ?? '')
    return kind === undefined ? [] : [new ChartView(figure, kind, data)]
  })
}

function windowText({ fromNs, toNs }: Window): string {
  const digits = toNs - fromNs < 1_000_000 ? 9 : 6
  return `${(fromNs / 1e9).toFixed(digits)} s to ${(toNs / 1e9).toFixed(digits)} s`
}

/** Beside the pointer, and on the screen. */
function place(tooltip: HTMLElement, { clientX, clientY }: MouseEvent): void {
  const { width, height } = tooltip.getBoundingClientRect()
  const left = Math.min(clientX + 14, document.documentElement.clientWidth - width - 8)
  const below = clientY + 18
  const top = below + height > innerHeight ? clientY - height - 12 : below
  tooltip.style.left = `${Math.max(4, left)}px`
  tooltip.style.top = `${Math.max(4, top)}px`
}
