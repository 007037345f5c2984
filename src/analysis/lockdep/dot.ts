/**
 * The dependency graph for Graphviz. Classes that are taken in interrupts are boxes, those taken
 * with interrupts enabled ellipses, both octagons, others plain; the shape tells, not the colour.
 * Dependencies of a reported cycle are bold.
 */
import type { LockdepResult } from './trace-fold.ts'

export function lockGraphDot({ classes, edges, reports }: LockdepResult): string {
  const cycles = reports
    .filter((one) => one.kind === 'circular' || one.kind === 'recursive')
    .flatMap((one) => cycleEdges(one.classes))
  const bold = new Set(cycles)
  const nodes = classes.map(({ name, usage }) => {
    const label = quoted(`${name}\n{${usage}}`)
    return `  ${quoted(name)} [label=${label}, shape=${shapeOf(usage)}];\n`
  })
  const arrows = edges.map(({ before, after, count }) => {
    const ends = `${quoted(before)} -> ${quoted(after)}`
    const style = bold.has(ends) ? ', style=bold, penwidth=3, fontname="bold"' : ''
    return `  ${ends} [label="${count}"${style}];\n`
  })
  return `digraph lockdep {\n  rankdir=TB;\n${nodes.join('')}${arrows.join('')}}\n`
}

function shapeOf(usage: string): string {
  const taken = /[-?]/.test(usage)
  const enabled = /[+?]/.test(usage)
  if (taken && enabled) return 'octagon'
  if (taken) return 'box'
  return enabled ? 'ellipse' : 'plaintext'
}

/** A cycle is listed held, wanted, then the classes that lead back. */
function cycleEdges(classes: readonly string[]): string[] {
  return classes.map((name, at) => {
    const next = classes[(at + 1) % classes.length] as string
    return `${quoted(name)} -> ${quoted(next)}`
  })
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
