/** What a check found, before it becomes a report: the facts that texts and witnesses need. */
import type { Found } from './graph.ts'
import type { Held, HeldStack } from './held.ts'
import type { Dep, Lock, LockClass, Range } from './types.ts'

export type FindingKind =
  | 'circular'
  | 'recursive'
  | 'inconsistent'
  | 'irq-order'
  | 'irq-inversion'
  | 'wait-context'
  | 'bad-unlock'
  | 'init-held'
  | 'held-freed'
  | 'nest-lock'
  | 'subclass'
  | 'depth'
  | 'debug-locks'

export type Finding =
  /** `found` leads from the wanted class to the held one; `closing` is the new dependency. */
  | { kind: 'circular'; wanted: Held; held: Held; found: Found; closing: Dep }
  /** `closing` is null if a lock between the two ends the reach of dependencies. */
  | { kind: 'recursive'; wanted: Held; held: Held; sample: Range; closing: Dep | null }
  /** Usage bits of one class that exclude each other. */
  | { kind: 'inconsistent'; taken: Held; oldBit: number; newBit: number }
  | {
      kind: 'irq-order'
      wanted: Held
      held: Held
      /** From the held class back to the safe one, and from the wanted class to the unsafe one. */
      safe: Found
      unsafe: Found
      safeBit: number
      unsafeBit: number
      closing: Dep
    }
  /** A new mark on `taken`; `other` reached forwards is unsafe, backwards safe. */
  | {
      kind: 'irq-inversion'
      taken: Held
      other: Found
      forwards: boolean
      newBit: number
      otherBit: number
    }
  | { kind: 'wait-context'; wanted: Held; limit: number }
  | { kind: 'bad-unlock'; lock: Lock }
  | { kind: 'init-held' | 'held-freed'; held: Held }
  | { kind: 'nest-lock'; wanted: Held; nest: Lock }
  | { kind: 'subclass'; lock: Lock; subclass: number }
  | { kind: 'depth' }
  /** An assertion of a lock's own debugging code; it turns the validator off as a report does. */
  | { kind: 'debug-locks'; condition: string }

/** Classes of a finding, in the order of the report's scenario. */
export function classesOf(finding: Finding): LockClass[] {
  switch (finding.kind) {
    case 'circular':
      return [finding.held.class, finding.wanted.class, ...inner(finding.found)]
    case 'irq-order':
      return unique([
        finding.safe.target,
        finding.held.class,
        finding.wanted.class,
        finding.unsafe.target,
      ])
    case 'irq-inversion':
      return unique([finding.taken.class, finding.other.target])
    case 'inconsistent':
      return [finding.taken.class]
    case 'recursive':
    case 'wait-context':
    case 'nest-lock':
      return [finding.wanted.class]
    case 'init-held':
    case 'held-freed':
      return [finding.held.class]
    default:
      return []
  }
}

/** Classes on a path between its ends. */
function inner(found: Found): LockClass[] {
  return found.path.slice(0, -1).map((dep) => dep.to)
}

function unique(classes: readonly LockClass[]): LockClass[] {
  return [...new Set(classes)]
}

/** What makes two findings one mistake: `continue` mode reports it once. */
export function identity(finding: Finding, stack: HeldStack): string {
  const names = classesOf(finding).map((one) => one.name)
  switch (finding.kind) {
    case 'circular':
    case 'irq-order':
      return `${finding.kind} ${finding.held.class.name} ${finding.wanted.class.name}`
    case 'inconsistent':
      return `${finding.kind} ${names} ${finding.newBit & ~1}`
    case 'irq-inversion':
      return `${finding.kind} ${names} ${finding.newBit & ~1}`
    case 'wait-context':
      return `${finding.kind} ${names} ${finding.limit}`
    case 'bad-unlock':
      return `${finding.kind} ${finding.lock.key}`
    case 'subclass':
      return `${finding.kind} ${finding.lock.key} ${finding.subclass}`
    case 'depth':
      return `${finding.kind} ${stack.name}`
    case 'debug-locks':
      return `${finding.kind} ${finding.condition}`
    default:
      return `${finding.kind} ${names}`
  }
}
