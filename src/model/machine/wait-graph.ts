/**
 * The actual judgement on deadlocks: when a context starts to wait, follow who it waits for. A
 * context waits for the owner of what it wants; a context that is interrupted or stacked over waits
 * for the one above it on its processor. A cycle can never be resolved.
 */
import { T } from '../../sim/trace.ts'
import type { Context } from './context.ts'

const CHAIN_MAX = 64

/** Reports a cycle of waiting contexts that `start` has just closed; true if there is one. */
export function checkWaitCycle(start: Context): boolean {
  const chain: Context[] = [start]
  let at: Context | null = blockerOf(start)
  while (at !== null && chain.length < CHAIN_MAX) {
    if (at === start) {
      report(start, chain)
      return true
    }
    if (chain.includes(at)) return false
    chain.push(at)
    at = blockerOf(at)
  }
  return false
}

/** The context that must make progress before this one can. */
function blockerOf(context: Context): Context | null {
  const { waitingOn } = context
  if (waitingOn !== null) return waitingOn.waitedBefore?.(context) ?? waitingOn.waitOwner()
  const { cpu } = context
  if (cpu === undefined) return null
  const depth = cpu.under.indexOf(context)
  if (depth < 0) return null
  return cpu.under[depth + 1] ?? cpu.top
}

function report(start: Context, chain: readonly Context[]): void {
  const { trace } = start.machine.sim
  const text = chain.map(describe).join('; ')
  trace.emit(T.deadlock, start.cpu.index, start.id, trace.symbols.text(text))
}

function describe(context: Context): string {
  const { waitingOn } = context
  if (waitingOn === null) return `${context.name} is stacked under ${context.cpu.top.name}`
  const before = waitingOn.waitedBefore?.(context)
  if (before) return `${context.name} waits for ${waitingOn.waitName} behind ${before.name}`
  const owner = waitingOn.waitOwner()
  const word = waitingOn.waitWord ?? 'held by'
  return `${context.name} waits for ${waitingOn.waitName} ${word} ${owner?.name ?? 'nobody'}`
}
