/**
 * What a run has that a baseline has not: new dependencies and new reports. A baseline is the JSON
 * of `pcmsim locks --json`, or a result.json; of both only names are compared, no counts or times.
 */
import type { LockEdge } from './lock-order.ts'

export interface LockFacts {
  readonly edges: readonly Pick<LockEdge, 'before' | 'after'>[]
  readonly predicted: readonly { readonly kind: string; readonly classes: readonly string[] }[]
}

export interface NewFacts {
  readonly edges: readonly string[]
  readonly reports: readonly string[]
}

export function newFacts(now: LockFacts, baseline: LockFacts): NewFacts {
  const edges = new Set(baseline.edges.map(edgeText))
  const reports = new Set(baseline.predicted.map(reportText))
  return {
    edges: now.edges.map(edgeText).filter((text) => !edges.has(text)),
    reports: now.predicted.map(reportText).filter((text) => !reports.has(text)),
  }
}

function edgeText({ before, after }: LockFacts['edges'][number]): string {
  return `${before} -> ${after}`
}

function reportText({ kind, classes }: LockFacts['predicted'][number]): string {
  return `${kind}: ${classes.join(', ')}`
}
