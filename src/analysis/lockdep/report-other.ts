/**
 * Texts of the other reports, in the kernel's layout: wait context, unlock balance, memory of a
 * held lock, and the validator's own limits.
 */
import type { Finding } from './findings.ts'
import { DEPTH_MAX, type Held } from './held.ts'
import { backtrace, classText, header, heldLines, lockLine, type Scene } from './report-parts.ts'
import { siteText } from './site.ts'
import type { Lock } from './types.ts'

/** Kernel: print_lock_invalid_wait_context(). */
export function waitText(scene: Scene, finding: Finding & { kind: 'wait-context' }): string[] {
  const { wanted, limit } = finding
  return [
    ...header(scene, '[ BUG: Invalid wait context ]'),
    `${scene.stack.comm} is trying to lock:`,
    lockLine(scene, wanted),
    'other info that might help us debug this:',
    `context-{${limit}:${limit}}`,
    ...heldLines(scene),
    ...backtrace(scene).slice(1),
  ]
}

/** Kernel: print_unlock_imbalance_bug(). */
export function unlockText(scene: Scene, lock: Lock): string[] {
  const { comm } = scene.stack
  return [
    ...header(scene, 'WARNING: bad unlock balance detected!'),
    `${comm} is trying to release lock (${lock.classes[0]?.name ?? lock.key}) at:`,
    siteText(scene.site),
    'but there are no more locks to release!',
    '',
    'other info that might help us debug this:',
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}

/** Kernel: print_freed_lock_bug(); an init of a held lock prints the same. */
export function freedText(scene: Scene, held: Held): string[] {
  const { name } = held.lock
  return [
    ...header(scene, 'WARNING: held lock freed!'),
    `${scene.stack.comm} is freeing memory ${name}, with a lock still held there!`,
    lockLine(scene, held),
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}

/** Kernel: print_lock_nested_lock_not_held(). */
export function nestText(scene: Scene, wanted: Held, nest: Lock): string[] {
  return [
    ...header(scene, 'WARNING: Nested lock was not taken'),
    `${scene.stack.comm} is trying to lock:`,
    lockLine(scene, wanted),
    '',
    'but this task is not holding:',
    nest.key,
    ...backtrace(scene),
    '',
    'other info that might help us debug this:',
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}

/** Kernel: look_up_lock_class(). */
export function subclassText(scene: Scene, lock: Lock, subclass: number): string[] {
  return [
    `BUG: looking up invalid subclass: ${subclass}`,
    `${lock.name} (${lock.key}), taken by ${scene.stack.comm} at ${siteText(scene.site)}`,
    'turning off the locking correctness validator.',
    ...backtrace(scene),
  ]
}

export function depthText(scene: Scene): string[] {
  const { depth } = scene.stack
  const top = scene.stack.top
  return [
    'BUG: MAX_LOCK_DEPTH too low!',
    'turning off the locking correctness validator.',
    `depth: ${depth}  max: ${DEPTH_MAX}!`,
    ...(top === null ? [] : [`innermost:${classText(top.class)}`]),
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}

/** Kernel: DEBUG_LOCKS_WARN_ON(). */
export function assertionText(scene: Scene, condition: string): string[] {
  return [
    '------------[ cut here ]------------',
    `DEBUG_LOCKS_WARN_ON(${condition})`,
    `WARNING: ${scene.stack.comm} at ${siteText(scene.site)}`,
    ...heldLines(scene),
    ...backtrace(scene),
  ]
}
