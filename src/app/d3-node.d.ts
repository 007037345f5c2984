/** The part of d3-node 4 that Charts.ts uses; the package has no types. */
declare module 'd3-node' {
  import type { Selection } from '../chart/svg.ts'

  export class D3Node {
    createSVG(width?: number, height?: number): Selection & { node(): object }
    readonly window: { XMLSerializer: new () => { serializeToString(node: object): string } }
  }
}
