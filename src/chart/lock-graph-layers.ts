/**
 * Places the nodes and bends of a directed graph in layers, by dagre: sizes in, centres out, in
 * pixels. The only place that knows dagre; the result depends on the order of its input alone.
 */
import { Graph, layout } from '@dagrejs/dagre'

export interface LayerNode {
  readonly name: string
  readonly width: number
  readonly height: number
}

export interface LayerEdge {
  readonly from: string
  readonly to: string
  /** Room for a label in the middle of the edge; 0 if it has none. */
  readonly labelWidth: number
  readonly labelHeight: number
  /** Heavier edges are kept shorter and straighter. */
  readonly weight: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface PlacedEdge {
  /** From the border of the one node to that of the other. */
  readonly points: readonly Point[]
  /** Middle of the label. */
  readonly label: Point
}

export interface Placed {
  readonly width: number
  readonly height: number
  /** Middles, in the order of the input. */
  readonly nodes: readonly Point[]
  readonly edges: readonly PlacedEdge[]
}

const SPACING = { nodesep: 22, edgesep: 10, ranksep: 44 }

export function placeInLayers(nodes: readonly LayerNode[], edges: readonly LayerEdge[]): Placed {
  if (nodes.length === 0) return { width: 0, height: 0, nodes: [], edges: [] }
  const graph = new Graph({ directed: true, multigraph: false })
  graph.setGraph({ rankdir: 'TB', ranker: 'network-simplex', ...SPACING })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { name, width, height } of nodes) graph.setNode(name, { width, height })
  for (const { from, to, labelWidth: width, labelHeight: height, weight } of edges) {
    graph.setEdge(from, to, { width, height, weight, labelpos: 'c' })
  }
  layout(graph)
  const size = graph.graph() as { readonly width?: number; readonly height?: number }
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: nodes.map(({ name }) => graph.node(name) as Point),
    edges: edges.map(({ from, to }) => {
      const { points, x, y } = graph.edge(from, to) as Point & { readonly points: Point[] }
      return { points, label: { x: x ?? points[0]?.x ?? 0, y: y ?? points[0]?.y ?? 0 } }
    }),
  }
}
