/**
 * Random lock programs as operation lists: a list of moves, each applied where the state of the
 * processor allows it, so that any sub-list is a program too and shrinking works.
 */
import fc from 'fast-check'
import type { CaseOp, LockCase } from '../../src/analysis/lockdep/cases.ts'

const forms: Readonly<Record<string, readonly (readonly [lock: string, unlock: string])[]>> = {
  spin: [
    ['spin_lock', 'spin_unlock'],
    ['spin_trylock', 'spin_unlock'],
  ],
  raw: [['raw_spin_lock', 'raw_spin_unlock']],
  rwlock: [
    ['write_lock', 'write_unlock'],
    ['read_lock', 'read_unlock'],
    ['read_lock_recursive', 'read_unlock'],
    ['read_trylock', 'read_unlock'],
  ],
  mutex: [
    ['mutex_lock', 'mutex_unlock'],
    ['mutex_trylock', 'mutex_unlock'],
  ],
  rwsem: [
    ['down_write', 'up_write'],
    ['down_read', 'up_read'],
  ],
  local: [['local_lock', 'local_unlock']],
}

interface Move {
  readonly what: 'section' | 'lock' | 'unlock' | 'bad' | 'irq' | 'bh' | 'hard' | 'soft' | 'exit'
  readonly pick: number
  readonly form: number
}

const what = fc.oneof(
  { weight: 6, arbitrary: fc.constant('section' as const) },
  { weight: 12, arbitrary: fc.constant('lock' as const) },
  { weight: 10, arbitrary: fc.constant('unlock' as const) },
  { weight: 2, arbitrary: fc.constantFrom('irq' as const, 'bh' as const) },
  { weight: 4, arbitrary: fc.constantFrom('hard' as const, 'soft' as const) },
  { weight: 4, arbitrary: fc.constant('exit' as const) },
  { weight: 1, arbitrary: fc.constant('bad' as const) },
)

const move: fc.Arbitrary<Move> = fc.record({ what, pick: fc.nat(63), form: fc.nat(11) })

/** Kinds of the classes: mostly those that nest freely, so that programs get long. */
const kinds = fc.oneof(
  fc.array(fc.constantFrom('spin', 'rwlock'), { minLength: 2, maxLength: 4 }),
  fc.array(fc.constantFrom('rwlock'), { minLength: 3, maxLength: 4 }),
  fc.array(fc.constantFrom('spin', 'local'), { minLength: 3, maxLength: 4 }),
  fc.array(fc.constantFrom('mutex', 'rwsem'), { minLength: 2, maxLength: 4 }),
  fc.array(fc.constantFrom(...Object.keys(forms)), { minLength: 2, maxLength: 4 }),
)

export const lockProgram: fc.Arbitrary<LockCase> = fc
  .tuple(kinds, fc.nat(31), fc.array(move, { minLength: 4, maxLength: 80, size: 'max' }))
  .map(([classKinds, safe, moves]) => new Writer(classKinds, safe).write(moves))

class Writer {
  private readonly ops: CaseOp[] = []
  private readonly held: { instance: string; unlock: string; depth: number }[] = []
  private readonly kinds: readonly string[]
  private readonly safe: number
  private irqsOff = false
  private bhOff = 0
  /** 0 task, 1 in an interrupt. */
  private depth = 0
  private exits: readonly CaseOp[] = []

  /** `safe`: bits of the classes that keep the rules of interrupts; from 16 on nobody does. */
  constructor(classKinds: readonly string[], safe: number) {
    this.kinds = classKinds
    this.safe = safe
  }

  write(moves: readonly Move[]): LockCase {
    for (const one of moves) this.apply(one)
    const instances = this.kinds.flatMap((kind, at) => [0, 1].map((i) => name(kind, at, i)))
    const classes = Object.fromEntries(instances.map((one) => [one, one.slice(0, -1)]))
    return { name: 'random', classes, ops: this.ops }
  }

  private apply({ what, pick, form }: Move): void {
    if (what === 'lock') this.lock(pick, form)
    else if (what === 'unlock') this.unlock(pick)
    else if (what === 'bad') this.badUnlock(pick, form)
    else if (what === 'section') this.section(pick, form)
    else if (what === 'exit') this.exit()
    else if (this.depth > 0) return
    else if (what === 'irq') this.toggleIrqs()
    else if (what === 'bh') this.toggleBh()
    else if (!this.irqsOff && (what === 'hard' || this.bhOff === 0)) this.enter(what, pick)
  }

  /** Mostly of a class that is not held; either of its two instances. */
  private lock(pick: number, form: number): void {
    const at = pick % this.kinds.length
    const kind = this.kinds[at] as string
    const instance = name(kind, at, form < 3 ? 1 : 0)
    const isHeld = this.held.some((one) => one.instance.slice(0, -1) === instance.slice(0, -1))
    const reads = kind === 'rwlock' && form % 4 !== 0
    if (isHeld && !reads && (form !== 11 || pick > 2)) return
    if (this.safe < 16 && !this.obeys(at, form)) return
    const choices = forms[kind] ?? []
    const [lock, unlock] = choices[form % choices.length] as readonly [string, string]
    this.ops.push([lock, instance])
    this.held.push({ instance, unlock, depth: this.depth })
  }

  /** One or two locks and back, as a task with interrupts on or off or in an interrupt. */
  private section(pick: number, form: number): void {
    if (this.depth > 0 || this.held.length > 0 || this.irqsOff || this.bhOff > 0) return
    const where = pick % 4
    if (where === 1) this.toggleIrqs()
    if (where > 1) this.enter(where === 2 ? 'hard' : 'soft', 1)
    for (const [at, way] of [
      [pick >> 2, form],
      [pick >> 4, form >> 1],
    ] as const) {
      this.lock(at, way)
    }
    while (this.held.length > 0) this.unlock(63)
    if (where === 1 && this.irqsOff) this.toggleIrqs()
    if (where > 1) this.exit()
  }

  /** In interrupts only safe classes are taken, elsewhere those with interrupts off. */
  private obeys(at: number, form: number): boolean {
    const isSafe = ((this.safe >> at) & 1) === 1
    if (this.depth > 0) return isSafe || form === 10
    if (isSafe && !this.irqsOff && form !== 10) this.toggleIrqs()
    return true
  }

  /** Mostly the innermost. */
  private unlock(pick: number): void {
    const own = this.held.filter((one) => one.depth === this.depth)
    const one = pick < 8 ? own[pick % Math.max(1, own.length)] : own.at(-1)
    if (one === undefined) return
    this.ops.push([one.unlock, one.instance])
    // The validator gives back the innermost entry of an instance.
    const at = this.held.findLastIndex((held) => held.instance === one.instance)
    this.held.splice(at, 1)
  }

  private badUnlock(pick: number, form: number): void {
    if (form > 0) return
    const at = pick % this.kinds.length
    const kind = this.kinds[at] as string
    const instance = name(kind, at, 1)
    if (this.held.some((one) => one.instance === instance)) return
    const [, unlock] = (forms[kind] ?? [])[0] as readonly [string, string]
    this.ops.push([unlock, instance])
  }

  private toggleIrqs(): void {
    this.irqsOff = !this.irqsOff
    this.ops.push([this.irqsOff ? 'local_irq_disable' : 'local_irq_enable'])
  }

  private toggleBh(): void {
    if (this.irqsOff) return
    this.bhOff = 1 - this.bhOff
    this.ops.push([this.bhOff > 0 ? 'local_bh_disable' : 'local_bh_enable'])
  }

  private enter(kind: 'hard' | 'soft', pick: number): void {
    this.depth = 1
    if (kind === 'hard') {
      this.ops.push(['local_irq_disable'], ['hardirq_enter'])
      if (pick % 4 !== 0) this.ops.push(['hardirq_threaded'])
      this.exits = [['hardirq_exit'], ['local_irq_enable']]
    } else {
      this.ops.push(['local_bh_disable'], ['local_irq_disable'], ['softirq_enter'])
      this.exits = [['softirq_exit'], ['local_irq_enable'], ['local_bh_enable']]
    }
  }

  private exit(): void {
    if (this.depth === 0) return
    while (this.held.at(-1)?.depth === 1) this.unlock(63)
    this.ops.push(...this.exits)
    this.depth = 0
  }
}

function name(kind: string, at: number, instance: number): string {
  return `${kind}_${'ABCD'[at]}${instance}`
}
