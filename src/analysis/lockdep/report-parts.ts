/**
 * Parts that all reports share, in the kernel's layout: ruler and title, the line of a lock, the
 * list of held locks, a symbolic stack. Kernel: print_lock(), lockdep_print_held_locks().
 */
import { LOCK_IN_HARDIRQ, LOCK_IN_SOFTIRQ } from '../../sim/lock-flags.ts'
import { type Held, type HeldStack, IRQ_EVENTS } from './held.ts'
import { type Site, siteLines, siteText, timeText } from './site.ts'
import type { Dep, LockClass } from './types.ts'
import { usageName, usageText } from './usage.ts'

/** What a text needs to know beside its finding. */
export interface Scene {
  readonly stack: HeldStack
  /** Where the context is now. */
  readonly site: Site
  siteOf(held: Held, stack: HeldStack): Site
  /** Second line of every report. */
  readonly release: string
}

export function header(scene: Scene, title: string): string[] {
  const ruler = (mark: string): string => mark.repeat(title.length)
  return [ruler('='), title, scene.release, ruler('-')]
}

export function shownUsage(at: LockClass): string {
  return usageText(at.usage | at.badUsage)
}

/** ` (&vss->lock){-.-.}-{2:2}` */
export function classText(at: LockClass): string {
  const { outer, inner } = at.type
  return ` (${at.name}){${shownUsage(at)}}-{${outer || inner}:${inner}}`
}

/** `&vss->lock@7 (&vss->lock){-.-.}-{2:2}, at: writei, [    1.000000000] record 12` */
export function lockLine(scene: Scene, held: Held, stack = scene.stack): string {
  return `${held.lock.name}${classText(held.class)}, at: ${siteText(scene.siteOf(held, stack))}`
}

export function heldLines(scene: Scene): string[] {
  const { stack } = scene
  const held = stack.ofTask()
  if (held.length === 0) return [`no locks held by ${stack.comm}.`]
  const count = held.length === 1 ? '1 lock' : `${held.length} locks`
  const lines = held.map((one, at) => ` #${at}: ${lockLine(scene, one.held, one.stack)}`)
  return [`${count} held by ${stack.comm}:`, ...lines]
}

export function stackLines(site: Site, indent: string): string[] {
  return siteLines(site).map((line) => indent + line)
}

export function backtrace(scene: Scene): string[] {
  return ['', 'stack backtrace:', ...stackLines(scene.site, ' ')]
}

/** `[HC1[1]:SC0[0]:HE0:SE1]` */
export function irqState(stack: HeldStack, flags: number): string {
  const hard = (flags & LOCK_IN_HARDIRQ) === 0 ? 0 : 1
  const soft = (flags & LOCK_IN_SOFTIRQ) === 0 ? 0 : 1
  const hardOn = stack.hardirqsOff ? 0 : 1
  const softOn = stack.softirqsOff ? 0 : 1
  return `[HC${hard}[${hard}]:SC${soft}[${soft}]:HE${hardOn}:SE${softOn}]`
}

/** Kernel: print_irqtrace_events(). Differs: a change is seen at the next lock operation. */
export function irqEventLines(stack: HeldStack): string[] {
  const lines = IRQ_EVENTS.map((what, at) => {
    const event = stack.lastIrqEvents[at]
    if (event === undefined) return `${what} at (0): before the first record`
    return `${what} at (${event.stamp}): ${timeText(event.timeNs)} record ${event.record}`
  })
  return [`irq event stamp: ${stack.irqEvents}`, ...lines]
}

/**
 * A class with the places of its marks, each trace as far in as its heading is long.
 * Kernel: print_lock_class_header(). Differs: the key is a text.
 */
export function classHeader(at: LockClass, indent: string): string[] {
  const lines = [`${indent}->${classText(at)} ops: ${at.ops} {`]
  at.usageSites.forEach((site, bit) => {
    if (site === undefined) return
    const heading = `${indent}   ${usageName(bit)} at:`
    lines.push(heading, ...stackLines(site, ' '.repeat(heading.length + 2)))
  })
  return [...lines, `${indent} }`, `${indent} ... key      at: [<${at.key}>]`]
}

/** `A --> B --> C`, of three classes. */
export function chainExists(a: LockClass, b: LockClass, c: LockClass): string[] {
  return ['Chain exists of:', `  ${a.name} --> ${b.name} --> ${c.name}`, '']
}

/** The right half of a two-column scenario. */
export function cpu1(text: string): string {
  return `                               ${text}`
}

/** The dependency that a search ended with, seen from its root: the class before the target. */
export function beforeTarget(path: readonly Dep[], forwards: boolean): LockClass | null {
  const last = path.at(-1)
  if (last === undefined) return null
  return forwards ? last.from : last.to
}
