/** Times of the captured runs and of their simulations side by side: the table of the docs. */
import type { Capture } from '../../../src/import/capture.ts'
import type { Quantiles, Side, SideFacts } from '../../../src/import/facts.ts'
import { replay } from './replay.ts'

type Cell = Quantiles | null

/** A Markdown table; times in us, each cell the 10th, 50th, 90th and 99th percentile. */
export function timingTable(captures: readonly Capture[]): string {
  const head = ['run', '', 'batch interval', 'notify to irq', 'irq to elapsed', 'elapsed to client']
  const rows = captures.flatMap((capture) => {
    const { facts } = replay(capture)
    return [rowOf(capture.name, 'captured', capture.facts), rowOf('', 'simulated', facts)]
  })
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function rowOf(name: string, which: string, facts: Capture['facts']): readonly string[] {
  const { notifyToIrq, irqToElapsed, elapsedToClient } = facts.timing
  const side = (['tx', 'rx'] as const).find((one) => facts.sides[one] !== undefined)
  const interval = side === undefined ? null : intervals(facts.sides[side as Side] as SideFacts)
  return [name, which, ...[interval, notifyToIrq, irqToElapsed, elapsedToClient].map(show)]
}

/** Between runs of QEMU's timer that returned messages; gaps between runs of a stream left out. */
function intervals({ batches }: SideFacts): Cell {
  const all = batches.slice(1).map(([t], i) => t - (batches[i] as readonly [number, number])[0])
  const within = all.filter((ms) => ms < 100).toSorted((a, b) => a - b)
  if (within.length === 0) return null
  const at = (q: number): number => {
    const index = Math.min(within.length - 1, Math.floor(within.length * q))
    return Math.round((within[index] as number) * 1000)
  }
  return [at(0.1), at(0.5), at(0.9), at(0.99)]
}

function show(cell: Cell): string {
  return cell === null ? '' : cell.map((us) => Math.round(us)).join(' ')
}
