/**
 * Lock classes. A class is a key and a subclass; the key is the text of the init call together with
 * the kind of lock, because two init calls of one text make two classes. Kernel:
 * register_lock_class(). Differs: two init sites with the same text and kind are one class here.
 */
import { unreachable } from '../../base/assert.ts'
import { lockType, type WaitLevels } from './lock-types.ts'
import type { Lock, LockClass } from './types.ts'

/** Kernel: MAX_LOCKDEP_SUBCLASSES. */
export const SUBCLASSES = 8

export class ClassRegistry {
  readonly all: LockClass[] = []
  private readonly levels: WaitLevels
  private readonly byKey = new Map<string, LockClass[]>()
  private readonly shownNames = new Map<string, string>()
  private readonly versions = new Map<string, number>()

  constructor(levels: WaitLevels) {
    this.levels = levels
  }

  /** The class of a lock; made when first asked for. The subclass is 0..7. */
  of(lock: Lock, subclass: number): LockClass {
    const known = lock.classes[subclass]
    if (known !== undefined) return known
    if (!(subclass >= 0 && subclass < SUBCLASSES)) unreachable(`subclass ${subclass}`)
    const key = `${lock.kind}\n${lock.key}`
    let classes = this.byKey.get(key)
    if (classes === undefined) {
      classes = []
      this.byKey.set(key, classes)
    }
    const made = classes[subclass] ?? this.make(key, lock, subclass)
    classes[subclass] = made
    lock.classes[subclass] = made
    made.locks.push(lock)
    return made
  }

  private make(key: string, lock: Lock, subclass: number): LockClass {
    const shown = this.shownName(key, lock.key)
    const made: LockClass = {
      index: this.all.length,
      name: subclass === 0 ? shown : `${shown}/${subclass}`,
      key: symbolicKey(lock, subclass),
      subclass,
      type: lockType(lock.kind, this.levels),
      usage: 0,
      badUsage: 0,
      usageSites: [],
      ops: 0,
      after: [],
      before: [],
      locks: [],
    }
    this.all.push(made)
    return made
  }

  private shownName(key: string, name: string): string {
    const known = this.shownNames.get(key)
    if (known !== undefined) return known
    const version = (this.versions.get(name) ?? 0) + 1
    this.versions.set(name, version)
    const shown = version === 1 ? name : `${name}#${version}`
    this.shownNames.set(key, shown)
    return shown
  }
}

/** In place of the kernel's address of the key. */
function symbolicKey(lock: Lock, subclass: number): string {
  const text = `${lock.kind}:${lock.key}`.replaceAll(/\s+/g, '_')
  return subclass === 0 ? text : `${text}+${subclass}`
}
