/**
 * The kernel's locking self-test (lib/locking-selftest.c), its families written out as operation
 * lists: for each kind of lock, each order of the events, with the verdict of the kernel's table.
 * Only names, events and verdicts are the kernel's. What simulates contention of a ww_mutex by
 * writing into its fields is no operation list and is left out (ww_test_edeadlk_*, _diff_class,
 * _lock_unbalanced, _lock_stale_context).
 */
import type { CaseOp, LockCase } from '../../src/analysis/lockdep/cases.ts'

export interface SelfTest extends LockCase {
  readonly expect: 'clean' | 'report'
}

type Verdict = SelfTest['expect']
type Ops = readonly CaseOp[]

interface Kind {
  readonly prefix: string
  readonly lock: string
  readonly unlock: string
  readonly init: string
}

/** How a family takes a lock: read_lock() counts as recursive throughout the self-test. */
const KINDS = {
  spin: { prefix: 'lock', lock: 'spin_lock', unlock: 'spin_unlock', init: 'spin_lock_init' },
  wlock: { prefix: 'rwlock', lock: 'write_lock', unlock: 'write_unlock', init: 'rwlock_init' },
  rlock: {
    prefix: 'rwlock',
    lock: 'read_lock_recursive',
    unlock: 'read_unlock',
    init: 'rwlock_init',
  },
  mutex: { prefix: 'mutex', lock: 'mutex_lock', unlock: 'mutex_unlock', init: 'mutex_init' },
  wsem: { prefix: 'rwsem', lock: 'down_write', unlock: 'up_write', init: 'init_rwsem' },
  rsem: { prefix: 'rwsem', lock: 'down_read', unlock: 'up_read', init: 'init_rwsem' },
  rtmutex: {
    prefix: 'rtmutex',
    lock: 'rt_mutex_lock',
    unlock: 'rt_mutex_unlock',
    init: 'rt_mutex_init',
  },
} as const satisfies Record<string, Kind>

type KindName = keyof typeof KINDS
type Op = (name: string) => Ops

const nameOf = (kind: KindName, x: string): string => `${KINDS[kind].prefix}_${x}`
const taker =
  (kind: KindName): Op =>
  (x) => [[KINDS[kind].lock, nameOf(kind, x)]]
const giver =
  (kind: KindName): Op =>
  (x) => [[KINDS[kind].unlock, nameOf(kind, x)]]

const [L, U] = [taker('spin'), giver('spin')]
const [RL, RU] = [taker('rlock'), giver('rlock')]
const [WL, WU] = [taker('wlock'), giver('wlock')]
const [ML, MU] = [taker('mutex'), giver('mutex')]
const [RSL, RSU] = [taker('rsem'), giver('rsem')]
const [WSL, WSU] = [taker('wsem'), giver('wsem')]

const state = (...names: string[]): Ops => names.map((name) => [name])

const IRQ = {
  hard: {
    off: state('local_irq_disable'),
    on: state('local_irq_enable'),
    enter: state('local_irq_disable', 'hardirq_enter', 'hardirq_threaded'),
    exit: state('hardirq_exit', 'local_irq_enable'),
  },
  soft: {
    off: state('local_bh_disable'),
    on: state('local_bh_enable'),
    enter: state('local_bh_disable', 'local_irq_disable', 'softirq_enter'),
    exit: state('softirq_exit', 'local_irq_enable', 'local_bh_enable'),
  },
} as const

/** Two locks of the init function X are one class; A to D are classes of their own. */
function caseOf(name: string, expect: Verdict, ...parts: readonly Ops[]): SelfTest {
  const ops = parts.flat()
  const classes: Record<string, string> = {}
  for (const [, lock] of ops) {
    if (lock !== undefined) classes[lock] = lock.replace(/_([XYZ])[12]$/, '_$1')
  }
  return { name, expect, classes, ops }
}

/** A word of letters: each pair of them is taken, the second inside the first, and given back. */
function pairs(word: string, kind: KindName): Ops {
  const [take, give] = [taker(kind), giver(kind)]
  return (word.match(/../g) ?? []).flatMap((pair) => {
    const [a, b] = [...pair] as [string, string]
    return [...take(a), ...take(b), ...give(b), ...give(a)]
  })
}

const ALL = Object.keys(KINDS) as KindName[]
const reads = (kind: KindName): Verdict => (kind === 'rlock' ? 'clean' : 'report')

function orders(): SelfTest[] {
  const words = ['ABBA', 'ABBCCA', 'ABCABC', 'ABBCCDDA', 'ABCDBDDA', 'ABCDBCDA']
  /** The name ABCABC stands for the pairs AB CA BC. */
  const eventsOf = (word: string): string => (word === 'ABCABC' ? 'ABCABC' : word)
  return ALL.flatMap((kind) => [
    caseOf(`AA_${kind}`, reads(kind), taker(kind)('X1'), taker(kind)('X2')),
    ...words.map((word) => caseOf(`${word}_${kind}`, reads(kind), pairs(eventsOf(word), kind))),
    caseOf(`double_unlock_${kind}`, 'report', taker(kind)('A'), giver(kind)('A'), giver(kind)('A')),
    caseOf(`init_held_${kind}`, 'report', taker(kind)('A'), [
      [KINDS[kind].init, nameOf(kind, 'A')],
    ]),
  ])
}

function readers(): SelfTest[] {
  const around = (out: Op, inn: Op, innU: Op, outU: Op, a: string, b: string): Ops => [
    ...out(a),
    ...inn(b),
    ...innU(b),
    ...outU(a),
  ]
  const abba = (o: Op, oU: Op, i: Op, iU: Op, l: Op, lU: Op): Ops => [
    ...around(o, l, lU, oU, 'X1', 'Y1'),
    ...around(l, i, iU, lU, 'Y1', 'X1'),
  ]
  const cached = [...abba(RL, RU, RL, RU, L, U), ...around(L, WL, WU, U, 'Y1', 'X1')]
  return [
    caseOf('rlock_AA1', 'clean', RL('X1'), RL('X1')),
    caseOf('rlock_AA1B', 'clean', RL('X1'), RL('X2')),
    caseOf('rsem_AA1', 'report', RSL('X1'), RSL('X1')),
    caseOf('rsem_AA1B', 'report', RSL('X1'), RSL('X2')),
    caseOf('rlock_AA2', 'report', RL('X1'), WL('X2')),
    caseOf('rsem_AA2', 'report', RSL('X1'), WSL('X2')),
    caseOf('rlock_AA3', 'report', WL('X1'), RL('X2')),
    caseOf('rsem_AA3', 'report', WSL('X1'), RSL('X2')),
    caseOf('rlock_ABBA1', 'report', abba(RL, RU, WL, WU, L, U)),
    caseOf('rwsem_ABBA1', 'report', abba(RSL, RSU, WSL, WSU, ML, MU)),
    caseOf('rlock_ABBA2', 'clean', abba(RL, RU, RL, RU, L, U)),
    caseOf('rwsem_ABBA2', 'report', abba(RSL, RSU, RSL, RSU, ML, MU)),
    caseOf('rlock_ABBA3', 'report', abba(WL, WU, WL, WU, L, U)),
    caseOf('rwsem_ABBA3', 'report', abba(WSL, WSU, WSL, WSU, ML, MU)),
    caseOf('rlock_chaincache_ABBA1', 'report', cached),
  ]
}

const ORDERS_2 = ['12', '21']
const ORDERS_3 = ['123', '132', '213', '231', '312', '321']

function permuted(
  name: string,
  expect: Verdict,
  orderings: readonly string[],
  events: readonly Ops[],
): SelfTest[] {
  return orderings.map((order) =>
    caseOf(`${name}_${order}`, expect, ...[...order].map((at) => events[Number(at) - 1] ?? [])),
  )
}

/** Rings of three rwlocks; the names of the two clean ones are those of the kernel's file. */
function rings(): SelfTest[] {
  const both = (how: string, a: string, b: string): Ops => {
    const [take, give] = [
      { W: WL, R: RL },
      { W: WU, R: RU },
    ]
    const [first, second] = [...how] as ['W' | 'R', 'W' | 'R']
    return [...take[first](a), ...take[second](b), ...give[second](b), ...give[first](a)]
  }
  const ring = (name: string, expect: Verdict, ...how: string[]): SelfTest[] => {
    const ends = [
      ['X1', 'Y1'],
      ['Y1', 'Z1'],
      ['Z1', 'X1'],
    ] as const
    const events = ends.map(([a, b], at) => both(how[at] ?? '', a, b))
    return permuted(name, expect, ORDERS_3, events)
  }
  return [
    ...ring('W1R2_W2R3_W3R1', 'report', 'WR', 'WR', 'WR'),
    ...ring('W1W2_R2R3_W3R1', 'report', 'WW', 'RR', 'WR'),
    ...ring('W1R2_R2R3_W3W1', 'clean', 'WW', 'RR', 'RW'),
    ...ring('W1W2_R2R3_R3W1', 'clean', 'WR', 'RR', 'WW'),
  ]
}

function interrupts(): SelfTest[] {
  const out: SelfTest[] = []
  for (const kind of ['spin', 'wlock', 'rlock'] as const) {
    const expect = reads(kind)
    const [take, give] = [taker(kind), giver(kind)]
    const held = (x: string, inner: Ops = []): Ops => [...take(x), ...inner, ...give(x)]
    const enabled = (off: Ops, on: Ops): Ops => [...off, ...take('A'), ...on, ...give('A')]
    const { hard, soft } = IRQ
    const inSoft = [...soft.enter, ...held('A'), ...soft.exit]
    const sirq = [inSoft, enabled(hard.off, hard.on)]
    out.push(...permuted(`irqsafe2A_${kind}`, expect, ORDERS_2, sirq))
    for (const irq of ['hard', 'soft'] as const) {
      const { off, on, enter, exit } = IRQ[irq]
      const inIrq = [...enter, ...held('A'), ...exit]
      const nested = held('A', held('B'))
      const written = [...off, ...WL('A'), ...held('B'), ...WU('A'), ...on]
      const readIn = [...enter, ...RL('A'), ...RU('A'), ...exit]
      const add = (name: string, orderings: readonly string[], ...events: Ops[]): void => {
        out.push(...permuted(`${name}_${irq}_${kind}`, expect, orderings, events))
      }
      add('irqsafe1', ORDERS_2, inIrq, held('A'))
      add('irqsafe2B', ORDERS_2, inIrq, enabled(off, on))
      add('irqsafe3', ORDERS_3, nested, held('B'), inIrq)
      add('irqsafe4', ORDERS_3, [...off, ...nested, ...on], held('B'), inIrq)
      add('irq_inversion', ORDERS_3, written, held('B'), readIn)
    }
  }
  return out
}

function recursions(): SelfTest[] {
  const out: SelfTest[] = []
  for (const kind of ['rlock', 'wlock'] as const) {
    const lockA = [...taker(kind)('A'), ...giver(kind)('A')]
    for (const irq of ['hard', 'soft'] as const) {
      const { off, on, enter, exit } = IRQ[irq]
      const readA = [...RL('A'), ...RU('A')]
      const inside = [...enter, ...taker(kind)('A'), ...L('B'), ...U('B'), ...giver(kind)('A')]
      const add = (name: string, ...events: Ops[]): void => {
        out.push(...permuted(`${name}_${irq}_${kind}`, reads(kind), ORDERS_3, events))
      }
      add('irq_read_recursion', [...off, ...WL('A'), ...WU('A'), ...on], readA, [
        ...inside,
        ...exit,
      ])
      const underSpin = [...off, ...L('B'), ...lockA, ...U('B'), ...on]
      add('irq_read_recursion2', underSpin, readA, [...enter, ...L('B'), ...U('B'), ...exit])
      const underWrite = [...off, ...WL('B'), ...lockA, ...WU('B'), ...on]
      add('irq_read_recursion3', underWrite, readA, [...enter, ...RL('B'), ...RU('B'), ...exit])
    }
  }
  return out
}

function queuedReaders(): SelfTest[] {
  const read: Ops = [['read_lock', 'rwlock_A']]
  const unread: Ops = [['read_unlock', 'rwlock_A']]
  const { off, on, enter, exit } = IRQ.hard
  const readInB = [...L('B'), ...read, ...unread, ...U('B')]
  const bInRead = [...read, ...L('B'), ...U('B'), ...unread]
  const name = (tail: string): string => `queued_read_lock_hardirq_${tail}`
  return [
    caseOf(name('RE_Er'), 'report', enter, bInRead, exit, off, readInB, on),
    caseOf(name('ER_rE'), 'clean', enter, readInB, exit, off, bInRead, on),
    caseOf(
      name('inversion'),
      'report',
      [...enter, ...L('B'), ...U('B'), ...exit],
      [...off, ...readInB, ...on],
      [...read, ...unread],
    ),
  ]
}

/** The kernel's table: `o` allowed, `x` not; columns RCU, raw spinlock, spinlock, mutex. */
const WAIT_TABLE = {
  HARDIRQ: 'ooox',
  NOTTHREADED_HARDIRQ: 'ooxx',
  SOFTIRQ: 'ooox',
  RCU: 'ooox',
  RCU_BH: 'ooox',
  RCU_SCHED: 'ooxx',
  RAW_SPINLOCK: 'ooxx',
  SPINLOCK: 'ooox',
  MUTEX: 'oooo',
} as const

function waitContexts(): SelfTest[] {
  const guards: Record<string, (x: string) => readonly [Ops, Ops]> = {
    HARDIRQ: () => [IRQ.hard.enter, IRQ.hard.exit],
    NOTTHREADED_HARDIRQ: () => [state('local_irq_disable', 'hardirq_enter'), IRQ.hard.exit],
    SOFTIRQ: () => [IRQ.soft.enter, IRQ.soft.exit],
    RCU: () => [state('rcu_read_lock'), state('rcu_read_unlock')],
    RCU_BH: () => [state('rcu_read_lock_bh'), state('rcu_read_unlock_bh')],
    RCU_SCHED: () => [state('rcu_read_lock_sched'), state('rcu_read_unlock_sched')],
    RAW_SPINLOCK: (x) => [
      [['raw_spin_lock', `raw_lock_${x}`]],
      [['raw_spin_unlock', `raw_lock_${x}`]],
    ],
    SPINLOCK: (x) => [L(x), U(x)],
    MUTEX: (x) => [ML(x), MU(x)],
  }
  return Object.entries(WAIT_TABLE).flatMap(([outer, row]) =>
    ['RCU', 'RAW_SPINLOCK', 'SPINLOCK', 'MUTEX'].map((inner, at) => {
      const [enter, exit] = guards[outer]?.('A') ?? [[], []]
      const [take, give] = guards[inner]?.('B') ?? [[], []]
      const expect = row[at] === 'o' ? 'clean' : 'report'
      return caseOf(`${inner}_in_${outer}`, expect, enter, take, give, exit)
    }),
  )
}

function localLocks(): SelfTest[] {
  const LL: Ops = [['local_lock', 'local_A']]
  const LU: Ops = [['local_unlock', 'local_A']]
  const { off, on, enter, exit } = IRQ.hard
  const inIrq = [...enter, ...L('A'), ...U('A'), ...exit]
  const inA = [...off, ...L('A'), ...LL, ...LU, ...U('A'), ...on]
  const overB = [...LL, ...L('B'), ...U('B'), ...LU]
  const bInA = [...off, ...L('A'), ...L('B'), ...U('B'), ...U('A'), ...off]
  return [
    caseOf('local_lock_2', 'clean', LL, LU, inIrq, inA),
    caseOf('local_lock_3A', 'clean', overB, inIrq, inA),
    caseOf('local_lock_3B', 'report', overB, inIrq, inA, bInA),
  ]
}

function special(): SelfTest[] {
  const { off, on, enter, exit } = IRQ.hard
  const under = (a: string, b: string): Ops => [...off, ...L(a), ...L(b), ...U(b), ...U(a), ...on]
  return [
    caseOf(
      'hardirq_deadlock_softirq_not_deadlock',
      'report',
      [...ML('A'), ...off, ...L('C'), ...U('C'), ...on, ...MU('A')],
      [...enter, ...L('A'), ...U('A'), ...exit],
      under('A', 'B'),
      under('B', 'C'),
      [...IRQ.soft.enter, ...L('D'), ...U('D'), ...IRQ.soft.exit],
      [...IRQ.soft.off, ...L('D'), ...U('D'), ...IRQ.soft.on],
      under('C', 'D'),
    ),
    caseOf('test_lockdep_set_subclass_name', 'clean', [['lockdep_set_subclass', 'rwsem_X1', 1]]),
    caseOf('fs_reclaim_correct_nesting', 'clean', [
      ['fs_reclaim_acquire', 'GFP_KERNEL'],
      ['might_alloc', 'GFP_NOFS'],
      ['fs_reclaim_release', 'GFP_KERNEL'],
    ]),
    caseOf('fs_reclaim_wrong_nesting', 'report', [
      ['fs_reclaim_acquire', 'GFP_KERNEL'],
      ['might_alloc', 'GFP_KERNEL'],
      ['fs_reclaim_release', 'GFP_KERNEL'],
    ]),
    caseOf('fs_reclaim_protected_nesting', 'clean', [
      ['fs_reclaim_acquire', 'GFP_KERNEL'],
      ['memalloc_nofs_save'],
      ['might_alloc', 'GFP_KERNEL'],
      ['memalloc_nofs_restore'],
      ['fs_reclaim_release', 'GFP_KERNEL'],
    ]),
  ]
}

/** Wound/wait mutexes o, o2 of one class; t, t2 are contexts. */
function woundWait(): SelfTest[] {
  const init = (t: string): CaseOp => ['ww_acquire_init', t]
  const done = (t: string): CaseOp => ['ww_acquire_done', t]
  const fini = (t: string): CaseOp => ['ww_acquire_fini', t]
  const lock = (o: string, t?: string): CaseOp =>
    t === undefined ? ['ww_mutex_lock', o] : ['ww_mutex_lock', o, t]
  const attempt = (o: string): CaseOp => ['ww_mutex_trylock', o]
  const unlock = (o: string): CaseOp => ['ww_mutex_unlock', o]
  const ww = (name: string, expect: Verdict, ...ops: CaseOp[]): SelfTest => {
    const made = caseOf(`ww_test_${name}`, expect, ops)
    const classes = Object.keys(made.classes).filter((one) => one.startsWith('o'))
    const ofWw = classes.map((one) => [one, 'ww_lockdep_mutex'] as const)
    const ofContexts = ['t', 't2'].map((one) => [one, 'ww_lockdep_acquire'] as const)
    return {
      ...made,
      classes: { ...made.classes, ...Object.fromEntries([...ofWw, ...ofContexts]) },
    }
  }
  const spinA: readonly CaseOp[] = [...L('A'), ...U('A')]
  const inside = (...ops: CaseOp[]): CaseOp[] => [...L('A'), ...ops, ...U('A')]
  return [
    ww('unneeded_slow', 'report', init('t'), ['ww_mutex_lock_slow', 'o', 't']),
    ww('two_contexts', 'report', init('t'), init('t2')),
    ww('context_done_twice', 'report', init('t'), done('t'), done('t'), fini('t')),
    ww('context_unlock_twice', 'report', init('t'), done('t'), fini('t'), fini('t')),
    ww('context_fini_early', 'report', init('t'), lock('o', 't'), done('t'), fini('t')),
    ww('context_lock_after_done', 'report', init('t'), done('t'), lock('o', 't')),
    ww('object_unlock_twice', 'report', lock('o'), unlock('o'), unlock('o')),
    ww('spin_nest_unlocked', 'report', ['spin_lock_nest_lock', 'lock_A', 'o'], ...U('A')),
    caseOf(
      'ww_test_spin_nest_lock',
      'clean',
      L('X1'),
      [['spin_lock_nest_lock', 'lock_Y1', 'lock_X1']],
      L('A'),
      [['spin_lock_nest_lock', 'lock_Y2', 'lock_X1']],
      U('A'),
      [...U('Y2'), ...U('Y1'), ...U('X1')],
    ),
    ww('context_block', 'report', init('t'), lock('o', 't'), lock('o2')),
    ww(
      'context_try',
      'clean',
      ...[init('t'), lock('o', 't'), attempt('o2'), unlock('o2'), unlock('o')],
    ),
    ww(
      'context_context',
      'clean',
      ...[init('t'), lock('o', 't'), lock('o2', 't'), unlock('o2'), unlock('o')],
    ),
    ww('try_block', 'report', attempt('o'), lock('o2'), unlock('o2'), unlock('o')),
    ww('try_try', 'clean', attempt('o'), attempt('o2'), unlock('o2'), unlock('o')),
    ww('try_context', 'report', attempt('o'), init('t'), lock('o2', 't')),
    ww('block_block', 'report', lock('o'), lock('o2')),
    ww('block_try', 'clean', lock('o'), attempt('o2')),
    ww('block_context', 'report', lock('o'), init('t'), lock('o2', 't')),
    ww(
      'spin_block',
      'report',
      ...[...spinA, lock('o'), ...spinA, unlock('o')],
      ...inside(lock('o'), unlock('o')),
    ),
    ww(
      'spin_try',
      'clean',
      ...[...spinA, attempt('o'), ...spinA, unlock('o')],
      ...inside(attempt('o'), unlock('o')),
    ),
    ww(
      'spin_context',
      'report',
      ...[...spinA, init('t'), lock('o', 't'), ...spinA, unlock('o')],
      ...inside(lock('o', 't'), unlock('o')),
    ),
  ]
}

/** Every case of the self-test, by family. */
export function lockingSelfTest(): SelfTest[] {
  return [
    ...orders(),
    ...readers(),
    ...rings(),
    ...interrupts(),
    ...recursions(),
    ...queuedReaders(),
    ...waitContexts(),
    ...localLocks(),
    ...special(),
    ...woundWait(),
  ]
}
