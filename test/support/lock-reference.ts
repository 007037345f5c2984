/**
 * The rules of lockdep by brute force, for a few classes: every operation looks at the whole graph
 * again, by closure over pairs of dependencies instead of searches over classes, without any cache.
 * Definitions: Documentation/locking/lockdep-design.rst. Knows only the operations of
 * lock-programs.ts.
 */
import type { CaseOp } from '../../src/analysis/lockdep/cases.ts'

export type Verdict = 'recursive' | 'circular' | 'irq' | 'wait-context' | 'bad-unlock'

interface Taken {
  readonly instance: string
  readonly class: string
  readonly kind: string
  /** 0 write, 1 read, 2 recursive read. */
  readonly read: number
  readonly trylock: boolean
  readonly context: string
}

/** Held `from` exclusively or shared; asked for `to` as a recursive reader or not. */
interface Edge {
  readonly from: string
  readonly to: string
  readonly exclusive: boolean
  readonly recursive: boolean
}

interface Mark {
  readonly class: string
  readonly read: boolean
  readonly soft: boolean
  readonly inIrq: boolean
}

const takes: Record<string, readonly [kind: string, read: number, trylock: boolean]> = {
  spin_lock: ['spin', 0, false],
  spin_trylock: ['spin', 0, true],
  raw_spin_lock: ['raw', 0, false],
  mutex_lock: ['mutex', 0, false],
  mutex_trylock: ['mutex', 0, true],
  down_write: ['rwsem', 0, false],
  down_read: ['rwsem', 1, false],
  write_lock: ['rwlock', 0, false],
  read_lock: ['rwlock', 1, false],
  read_lock_recursive: ['rwlock', 2, false],
  read_trylock: ['rwlock', 2, true],
  local_lock: ['local', 0, false],
}

/** Depth of sleep: what a lock needs of its surroundings, and what it leaves to those inside. */
const depths: Record<string, number> = { raw: 1, spin: 2, rwlock: 2, local: 2, mutex: 3, rwsem: 3 }

export class Reference {
  private readonly held: Taken[] = []
  private readonly edges: Edge[] = []
  private readonly marks: Mark[] = []
  private readonly kinds = new Map<string, string>()
  private irqsOff = false
  private bhOff = 0
  private context: 'task' | 'soft' | 'hard' = 'task'
  private threaded = false
  private readonly classes: Readonly<Record<string, string>>

  constructor(classes: Readonly<Record<string, string>>) {
    this.classes = classes
  }

  /** The first verdict of a program and the operation at which it comes. */
  static judge(classes: Readonly<Record<string, string>>, ops: readonly CaseOp[]) {
    const reference = new Reference(classes)
    for (const [at, op] of ops.entries()) {
      const verdict = reference.step(op)
      if (verdict !== null) return { verdict, at }
    }
    return null
  }

  private step([op, instance = '']: CaseOp): Verdict | null {
    const taking = takes[op]
    if (taking !== undefined) return this.take(instance, taking)
    if (instance !== '') return this.give(instance)
    const wasOn = { hard: !this.irqsOff, soft: this.bhOff === 0 }
    if (op === 'local_irq_disable') this.irqsOff = true
    if (op === 'local_irq_enable') this.irqsOff = false
    if (op === 'local_bh_disable') this.bhOff++
    if (op === 'local_bh_enable') this.bhOff--
    if (op === 'hardirq_enter') this.context = 'hard'
    if (op === 'hardirq_threaded') this.threaded = true
    if (op === 'softirq_enter') this.context = 'soft'
    if (op === 'hardirq_exit' || op === 'softirq_exit') {
      this.context = 'task'
      this.threaded = false
    }
    const enabled = !this.irqsOff && (!wasOn.hard || (!wasOn.soft && this.bhOff === 0))
    return enabled && this.held.some((one) => this.enabledMarks(one)) ? 'irq' : null
  }

  private take(
    instance: string,
    [kind, how, trylock]: readonly [string, number, boolean],
  ): Verdict | null {
    const name = this.classes[instance] ?? instance
    this.kinds.set(name, kind)
    const inInterrupt = this.context !== 'task' || this.bhOff > 0
    const read = kind === 'rwlock' && how === 1 && inInterrupt ? 2 : how
    const wanted: Taken = { instance, class: name, kind, read, trylock, context: this.context }
    if (!trylock && (depths[kind] as number) > this.limit()) return 'wait-context'
    if (this.usedMarks(wanted)) return 'irq'
    if (!this.irqsOff && this.enabledMarks(wanted)) return 'irq'
    const verdict = trylock ? null : this.depend(wanted, true)
    this.held.push(wanted)
    return verdict
  }

  private give(instance: string): Verdict | null {
    const at = this.held.findLastIndex((one) => one.instance === instance)
    if (at < 0 || this.held[at]?.context !== this.held.at(-1)?.context) return 'bad-unlock'
    for (const one of this.held.splice(at).slice(1)) {
      const verdict = one.trylock ? null : this.depend(one, false)
      if (verdict !== null) return verdict
      this.held.push(one)
    }
    return null
  }

  private limit(): number {
    const ofContext = { task: 4, soft: 2, hard: this.threaded ? 2 : 1 }[this.context]
    const inside = this.held
      .filter((one) => one.context === this.context)
      .map((one) => depths[one.kind] as number)
    return Math.min(ofContext, ...inside)
  }

  private usedMarks(one: Taken): boolean {
    if (one.trylock || this.context === 'task') return false
    const soft = this.context === 'soft'
    return this.mark({ class: one.class, read: one.read > 0, soft, inIrq: true })
  }

  private enabledMarks(one: Taken): boolean {
    const read = one.read > 0
    const hard = this.mark({ class: one.class, read, soft: false, inIrq: false })
    if (hard || this.bhOff > 0) return hard
    return this.mark({ class: one.class, read, soft: true, inIrq: false })
  }

  private mark(mark: Mark): boolean {
    this.marks.push(mark)
    return this.irqDeadlock()
  }

  /** Dependencies from held locks back to the last that was no trylock. */
  private depend(wanted: Taken, isNew: boolean): Verdict | null {
    const same = this.held.some((one) => {
      return one.class === wanted.class && !(wanted.read === 2 && one.read > 0)
    })
    if (isNew && same) return 'recursive'
    for (const one of this.held.toReversed()) {
      if (one.context !== wanted.context) return null
      if (one.class !== wanted.class) {
        const exclusive = one.read === 0
        const edge = { from: one.class, to: wanted.class, exclusive, recursive: wanted.read === 2 }
        if (!this.edges.some((known) => JSON.stringify(known) === JSON.stringify(edge))) {
          this.edges.push(edge)
          if (this.reach(edge).has(edge)) return 'circular'
          if (this.irqDeadlock()) return 'irq'
        }
      }
      if (!one.trylock) return null
    }
    return null
  }

  /** Dependencies that can follow one another behind `from` on a strong path. */
  private reach(from: Edge, allowed: readonly Edge[] = this.edges): Set<Edge> {
    const reached = new Set<Edge>()
    const queue = [from]
    for (const at of queue) {
      for (const next of allowed) {
        if (next.from !== at.to || (at.recursive && !next.exclusive) || reached.has(next)) continue
        reached.add(next)
        queue.push(next)
      }
    }
    return reached
  }

  /**
   * Whether an interrupt that takes A while B is held can close a strong cycle A -> ... -> B -> A.
   * Local locks are in none of these paths, but for a path of no length.
   */
  private irqDeadlock(): boolean {
    const isLocal = (name: string): boolean => this.kinds.get(name) === 'local'
    const allowed = this.edges.filter((one) => !isLocal(one.from) && !isLocal(one.to))
    for (const used of this.marks.filter((one) => one.inIrq)) {
      for (const enabled of this.marks) {
        if (enabled.inIrq || enabled.soft !== used.soft) continue
        if (used.class === enabled.class && !(used.read && enabled.read)) return true
        const first = allowed.filter((one) => {
          return one.from === used.class && (one.exclusive || !used.read)
        })
        for (const edge of first) {
          const path = [edge, ...this.reach(edge, allowed)]
          const last = path.filter((one) => one.to === enabled.class)
          if (last.some((one) => !one.recursive || !enabled.read)) return true
        }
      }
    }
    return false
  }
}
