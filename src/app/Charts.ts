/**
 * Charts as SVG text. The only place that loads d3-node, and only when a chart is wanted: it takes
 * three quarters of a second. Its own serialisers write HTML, so the XML comes from XMLSerializer.
 */
import type { RunResult } from '../analysis/result.ts'
import { collectTimeline, type TimelineOptions } from '../analysis/timeline.ts'
import type { Drawing } from '../chart/layout/shapes.ts'
import { layoutTimeline, OVERVIEW_BINS } from '../chart/layout/timeline.ts'
import { drawSvg, type Selection } from '../chart/svg.ts'
import type { ThemeName } from '../chart/theme.ts'
import type { TraceStore } from '../sim/trace-store.ts'

export interface ChartOptions extends Partial<Omit<TimelineOptions, 'bins'>> {
  /** Colours: `auto` (default) follows the viewer's preference. */
  readonly theme?: ThemeName
}

/** The timeline chart of a run as a complete SVG document. */
export async function drawTimeline(
  store: TraceStore,
  result: RunResult,
  options: ChartOptions = {},
): Promise<string> {
  const { theme = 'auto', ...choice } = options
  const data = collectTimeline(store, result, { ...choice, bins: OVERVIEW_BINS })
  return svgText(layoutTimeline(result, data), theme)
}

/** The part of d3-node 4 that is used here; the package has no types. */
interface D3NodeModule {
  readonly D3Node: new () => {
    createSVG(): Selection & { node(): object }
    readonly window: { XMLSerializer: new () => { serializeToString(node: object): string } }
  }
}

/** Any drawing as a complete SVG document. */
export async function svgText(drawing: Drawing, theme: ThemeName = 'auto'): Promise<string> {
  const { D3Node } = (await import('d3-node' as string)) as D3NodeModule
  const page = new D3Node()
  const svg = page.createSVG()
  drawSvg(svg, drawing, theme)
  const xml = new page.window.XMLSerializer().serializeToString(svg.node())
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n`
}
