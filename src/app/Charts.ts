/**
 * Charts as SVG text and as PNG. The only place that loads d3-node and resvg, and only when a chart
 * is wanted: d3-node takes three quarters of a second. Its own serialisers write HTML, so the XML
 * comes from XMLSerializer.
 */
import type { RunResult } from '../analysis/result.ts'
import { type ChartChoice, type ChartKind, chartKind } from '../chart/kinds.ts'
import type { Drawing } from '../chart/layout/shapes.ts'
import { drawSvg, type Selection } from '../chart/svg.ts'
import type { ThemeName } from '../chart/theme.ts'
import type { TraceStore } from '../sim/trace-store.ts'

export interface ChartOptions extends ChartChoice {
  /** Colours: `auto` (default) follows the viewer's preference. */
  readonly theme?: ThemeName
}

/**
 * A chart of a run as a complete SVG document. `kind` is one of CHART_KINDS: `timeline`, `jitter`
 * and so on; any other name is a RangeError.
 */
export async function drawChart(
  kind: string,
  store: TraceStore,
  result: RunResult,
  options: ChartOptions = {},
): Promise<string> {
  const known: ChartKind | undefined = chartKind(kind)
  if (known === undefined) throw new RangeError(`no chart of kind ${kind}`)
  const { theme = 'auto', ...choice } = options
  return svgText(known.draw({ store, result }, choice), theme)
}

/** The timeline chart of a run as a complete SVG document. */
export function drawTimeline(
  store: TraceStore,
  result: RunResult,
  options: ChartOptions = {},
): Promise<string> {
  return drawChart('timeline', store, result, options)
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

/** Pixels of a PNG for one of the drawing. */
const PNG_SCALE = 2

/**
 * A drawing as PNG, light unless told otherwise. Letters come from the fonts of the machine, so the
 * bytes may differ between machines; those of the SVG do not.
 */
export async function pngBytes(drawing: Drawing, theme: ThemeName): Promise<Uint8Array> {
  const svg = await svgText(drawing, theme === 'auto' ? 'light' : theme)
  const { Resvg } = await import('@resvg/resvg-js')
  const options = { fitTo: { mode: 'zoom', value: PNG_SCALE }, font: { loadSystemFonts: true } }
  return new Resvg(svg, options as never).render().asPng()
}
