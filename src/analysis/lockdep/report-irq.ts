/**
 * Texts of the reports on interrupts: inconsistent state, unsafe order, inversion, in the kernel's
 * layout. Kernel: print_usage_bug(), print_bad_irq_dependency(), print_irq_inversion_bug().
 */
import type { Finding } from './findings.ts'
import type { Found } from './graph.ts'
import {
  backtrace,
  beforeTarget,
  chainExists,
  classHeader,
  classText,
  cpu1,
  header,
  heldLines,
  irqEventLines,
  irqState,
  lockLine,
  type Scene,
  stackLines,
} from './report-parts.ts'
import type { Site } from './site.ts'
import type { LockClass } from './types.ts'
import { irqName, usageName } from './usage.ts'

export function inconsistentText(
  scene: Scene,
  finding: Finding & { kind: 'inconsistent' },
): string[] {
  const { taken, oldBit, newBit } = finding
  const { name } = taken.class
  const where = taken.class.usageSites[oldBit]
  return [
    ...header(scene, 'WARNING: inconsistent lock state'),
    `inconsistent {${usageName(oldBit)}} -> {${usageName(newBit)}} usage.`,
    `${scene.stack.comm} ${irqState(scene.stack, taken.flags)} takes:`,
    lockLine(scene, taken),
    `{${usageName(oldBit)}} state was registered at:`,
    ...(where === undefined ? [] : stackLines(where, '  ')),
    ...irqEventLines(scene.stack),
    '',
    'other info that might help us debug this:',
    ' Possible unsafe locking scenario:',
    '',
    '       CPU0',
    '       ----',
    `  lock(${name});`,
    '  <Interrupt>',
    `    lock(${name});`,
    '',
    ' *** DEADLOCK ***',
    '',
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}

export function irqOrderText(scene: Scene, finding: Finding & { kind: 'irq-order' }): string[] {
  const { wanted, held, safe, unsafe, safeBit, unsafeBit } = finding
  const irq = irqName(safeBit)
  const safeAt = safe.target.usageSites[safeBit]
  const unsafeAt = unsafe.target.usageSites[unsafeBit]
  return [
    ...header(scene, `WARNING: ${irq}-safe -> ${irq}-unsafe lock order detected`),
    `${scene.stack.comm} ${irqState(scene.stack, wanted.flags)} is trying to acquire:`,
    lockLine(scene, wanted),
    '',
    'and this task is already holding:',
    lockLine(scene, held),
    'which would create a new lock dependency:',
    `${classText(held.class)} ->${classText(wanted.class)}`,
    '',
    `but this new dependency connects a ${irq}-irq-safe lock:`,
    classText(safe.target),
    '',
    `... which became ${irq}-irq-safe at:`,
    ...(safeAt === undefined ? [] : stackLines(safeAt, '  ')),
    '',
    `to a ${irq}-irq-unsafe lock:`,
    classText(unsafe.target),
    '',
    `... which became ${irq}-irq-unsafe at:`,
    '...',
    ...(unsafeAt === undefined ? [] : stackLines(unsafeAt, '  ')),
    '',
    'other info that might help us debug this:',
    '',
    ...irqScenario(safe.target, unsafe.target, held.class, wanted.class),
    ...heldLines(scene),
    '',
    `the dependencies between ${irq}-irq-safe lock and the holding lock:`,
    ...backwardLines(safe, held.class),
    '',
    'the dependencies between the lock to be acquired',
    ` and ${irq}-irq-unsafe lock:`,
    ...forwardLines(scene, unsafe, wanted.class),
    ...backtrace(scene),
  ]
}

/** Kernel: print_irq_lock_scenario(). */
function irqScenario(safe: LockClass, unsafe: LockClass, prev: LockClass, next: LockClass) {
  const middle = prev === safe ? next : prev
  return [
    ...(middle === unsafe ? [] : chainExists(safe, middle, unsafe)),
    ' Possible interrupt unsafe locking scenario:',
    '',
    '       CPU0                    CPU1',
    '       ----                    ----',
    `  lock(${unsafe.name});`,
    cpu1('local_irq_disable();'),
    cpu1(`lock(${safe.name});`),
    cpu1(`lock(${middle.name});`),
    '  <Interrupt>',
    `    lock(${safe.name});`,
    '',
    ' *** DEADLOCK ***',
    '',
  ]
}

/**
 * Each class of a path with its marks and where the dependency to it was seen, the last one first;
 * of the root, where the context is now. Kernel: print_shortest_lock_dependencies().
 */
function forwardLines(scene: Scene, { path }: Found, root: LockClass): string[] {
  const steps = [{ to: root, site: scene.site }, ...path]
  return steps
    .map(({ to, site }, depth) => [...classHeader(to, ' '.repeat(depth)), ...seenAt(site, depth)])
    .reverse()
    .flat()
}

/** The same of a path that was searched backwards: print_shortest_lock_dependencies_backwards(). */
function backwardLines({ path }: Found, root: LockClass): string[] {
  const classes = [root, ...path.map((dep) => dep.from)]
  return classes
    .map((at, depth) => {
      const next = path[depth]
      const seen = next === undefined ? [] : seenAt(next.site, depth)
      return [...classHeader(at, ' '.repeat(depth)), ...seen]
    })
    .reverse()
    .flat()
}

function seenAt(site: Site, depth: number): string[] {
  return [`${' '.repeat(depth)} ... acquired at:`, ...stackLines(site, '   '), '']
}

export function inversionText(scene: Scene, finding: Finding & { kind: 'irq-inversion' }) {
  const { taken, other, forwards, otherBit } = finding
  const irq = irqName(otherBit)
  const here = taken.class
  const there = other.target
  const middle = beforeTarget(other.path, forwards) ?? here
  return [
    ...header(scene, 'WARNING: possible irq lock inversion dependency detected'),
    `${scene.stack.comm} just changed the state of lock:`,
    lockLine(scene, taken),
    forwards
      ? `but this lock took another, ${irq}-unsafe lock in the past:`
      : `but this lock was taken by another, ${irq}-safe lock in the past:`,
    classText(there),
    '',
    '',
    'and interrupts could create inverse lock ordering between them.',
    '',
    '',
    'other info that might help us debug this:',
    ...(forwards
      ? irqScenario(here, there, middle, there)
      : irqScenario(there, here, middle, here)),
    ...heldLines(scene),
    '',
    'the shortest dependencies between 2nd lock and 1st lock:',
    ...(forwards ? forwardLines(scene, other, here) : backwardLines(other, here)),
    ...backtrace(scene),
  ]
}
