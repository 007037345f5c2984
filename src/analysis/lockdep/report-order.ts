/**
 * Texts of the reports on order: circular and recursive, in the kernel's layout.
 * Kernel: print_circular_bug(), print_deadlock_bug().
 */
import type { Finding } from './findings.ts'
import {
  backtrace,
  beforeTarget,
  chainExists,
  classText,
  cpu1,
  header,
  heldLines,
  lockLine,
  type Scene,
  stackLines,
} from './report-parts.ts'
import type { Dep, LockClass } from './types.ts'

export function circularText(scene: Scene, finding: Finding & { kind: 'circular' }): string[] {
  const { wanted, held, found } = finding
  return [
    ...header(scene, 'WARNING: possible circular locking dependency detected'),
    `${scene.stack.comm} is trying to acquire lock:`,
    lockLine(scene, wanted),
    '',
    'but task is already holding lock:',
    lockLine(scene, held),
    '',
    'which lock already depends on the new lock.',
    '',
    '',
    'the existing dependency chain (in reverse order) is:',
    ...chainEntries(found.path),
    '',
    `-> #0${classText(wanted.class)}:`,
    ...stackLines(scene.site, '       '),
    '',
    'other info that might help us debug this:',
    '',
    ...circularScenario(wanted.class, held.class, beforeTarget(found.path, true)),
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}

/** `-> #n`, from the lock that is held down to the one before the wanted one. */
function chainEntries(path: readonly Dep[]): string[] {
  return path
    .map((dep, at) => [
      '',
      `-> #${at + 1}${classText(dep.to)}:`,
      ...stackLines(dep.site, '       '),
    ])
    .reverse()
    .flat()
}

function circularScenario(source: LockClass, target: LockClass, before: LockClass | null) {
  const middle = before ?? source
  return [
    ...(middle === source ? [] : chainExists(source, middle, target)),
    ' Possible unsafe locking scenario:',
    '',
    '       CPU0                    CPU1',
    '       ----                    ----',
    `  lock(${target.name});`,
    cpu1(`lock(${middle.name});`),
    cpu1(`lock(${target.name});`),
    `  lock(${source.name});`,
    '',
    ' *** DEADLOCK ***',
    '',
  ]
}

export function recursiveText(scene: Scene, finding: Finding & { kind: 'recursive' }): string[] {
  const { wanted, held } = finding
  return [
    ...header(scene, 'WARNING: possible recursive locking detected'),
    `${scene.stack.comm} is trying to acquire lock:`,
    lockLine(scene, wanted),
    '',
    'but task is already holding lock:',
    lockLine(scene, held),
    '',
    'other info that might help us debug this:',
    ' Possible unsafe locking scenario:',
    '',
    '       CPU0',
    '       ----',
    `  lock(${held.class.name});`,
    `  lock(${wanted.class.name});`,
    '',
    ' *** DEADLOCK ***',
    '',
    ' May be due to missing lock nesting notation',
    '',
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}
