/**
 * The graph in the shapes of /proc/lockdep and /proc/lockdep_chains, with symbolic keys in place of
 * pointers. Kernel: kernel/locking/lockdep_proc.c (l_show, lc_show).
 */
import { LOCK_IN_HARDIRQ, LOCK_IN_SOFTIRQ } from '../../sim/lock-flags.ts'
import type { Lockdep } from './engine.ts'
import { countDeps } from './graph.ts'
import type { ChainNode } from './held.ts'
import { shownUsage } from './report-parts.ts'
import type { LockClass } from './types.ts'

export function procLockdep(engine: Lockdep): string {
  const classes = engine.registry.all.filter((one) => one.type.check)
  return `all lock classes:\n${classes.map(classEntry).join('')}`
}

function classEntry(at: LockClass): string {
  const counts = [
    `OPS:${String(at.ops).padStart(8)}`,
    `FD:${String(countDeps(at, true)).padStart(5)}`,
    `BD:${String(countDeps(at, false)).padStart(5)}`,
  ]
  const after = at.after
    .filter((dep) => dep.distance === 1)
    .map((dep) => ` -> [${dep.to.key}] ${dep.to.name}\n`)
  return `${at.key} ${counts.join(' ')} ${shownUsage(at)}: ${at.name}\n${after.join('')}\n`
}

export function procChains(engine: Lockdep): string {
  return `all lock chains:\n${engine.order.chains.map(chainEntry).join('')}`
}

function chainEntry(chain: ChainNode): string {
  const hard = (chain.irqContext & LOCK_IN_HARDIRQ) !== 0
  const soft = (chain.irqContext & LOCK_IN_SOFTIRQ) !== 0
  const names = [...(hard ? ['hardirq'] : []), ...(soft ? ['softirq'] : [])]
  const lines = classesOf(chain).map((at) => `[${at.key}] ${at.name}\n`)
  return `irq_context: ${names.join('|') || '0'}\n${lines.join('')}\n`
}

/** Outermost first. */
function classesOf(chain: ChainNode): LockClass[] {
  const classes: LockClass[] = []
  for (let at: ChainNode | null = chain; at !== null; at = at.parent) {
    if (at.class !== null) classes.push(at.class)
  }
  return classes.reverse()
}
