/**
 * The operations of lock cases (interface §5), by their kernel names: what each does to the state
 * of the one processor and to which kind of lock.
 */
import { LOCK_READ, LOCK_READ_RECURSIVE, LOCK_TRYLOCK } from '../../sim/lock-flags.ts'

export type CaseStep =
  | { readonly do: 'take'; readonly kind: string; readonly flags: number; readonly sync?: boolean }
  /** read_lock(): recursive in interrupts, and where soft ones are disabled. */
  | { readonly do: 'take-read'; readonly kind: string }
  | { readonly do: 'give'; readonly kind: string }
  | { readonly do: 'init' | 'free' | 'downgrade'; readonly kind: string }
  | { readonly do: StateStep }

/** Changes of the processor's state. */
export type StateStep =
  | 'irq-off'
  | 'irq-on'
  | 'irq-save'
  | 'irq-restore'
  | 'bh-off'
  | 'bh-on'
  | 'hardirq-enter'
  | 'hardirq-exit'
  | 'hardirq-threaded'
  | 'softirq-enter'
  | 'softirq-exit'
  | 'nothing'

const state = (step: StateStep): CaseStep => ({ do: step })
const take = (kind: string, flags = 0): CaseStep => ({ do: 'take', kind, flags })
const give = (kind: string): CaseStep => ({ do: 'give', kind })

type Table = [name: string, steps: readonly CaseStep[]][]

/** What precedes a lock and follows its unlock, by the suffix of the name. */
const IRQ_FORMS: readonly (readonly [string, StateStep, string, StateStep])[] = [
  ['_irq', 'irq-off', '_irq', 'irq-on'],
  ['_irqsave', 'irq-save', '_irqrestore', 'irq-restore'],
  ['_bh', 'bh-off', '_bh', 'bh-on'],
]

/** A lock function, its unlock function, and their forms for interrupts. */
function spinning(lock: string, unlock: string, taking: CaseStep, kind: string): Table {
  const forms = IRQ_FORMS.flatMap(
    ([on, before, off, after]): Table => [
      [`${lock}${on}`, [state(before), taking]],
      [`${unlock}${off}`, [give(kind), state(after)]],
    ],
  )
  const plain: Table = [
    [lock, [taking]],
    [`${lock}_nested`, [taking]],
    [`${lock}_nest_lock`, [taking]],
    [`${lock}_irqsave_nested`, [state('irq-save'), taking]],
    [unlock, [give(kind)]],
  ]
  return [...plain, ...forms]
}

/** A trylock that succeeds, and its forms for interrupts. */
function trying(name: string, taking: CaseStep): Table {
  const forms = IRQ_FORMS.map(([on, before]): Table[number] => [
    `${name}${on}`,
    [state(before), taking],
  ])
  return [[name, [taking]], ...forms]
}

function sleeping(lock: string, unlock: string, kind: string, flags = 0): Table {
  const forms = ['', '_nested', '_nest_lock', '_interruptible', '_killable', '_io']
  return [
    ...forms.map((form): Table[number] => [`${lock}${form}`, [take(kind, flags)]]),
    [`${lock}_trylock`, [take(kind, flags | LOCK_TRYLOCK)]],
    [unlock, [give(kind)]],
  ]
}

function inits(kind: string, ...names: string[]): Table {
  return names.map((name) => [name, [{ do: 'init', kind }]])
}

function rcu(suffix: string, kind: string, around: readonly [StateStep, StateStep] | null): Table {
  const [before, after] = around ?? ['nothing', 'nothing']
  return [
    [`rcu_read_lock${suffix}`, [state(before), take(kind, LOCK_READ_RECURSIVE)]],
    [`rcu_read_unlock${suffix}`, [give(kind), state(after)]],
  ]
}

const locks: Table = [
  ...spinning('spin_lock', 'spin_unlock', take('spinlock'), 'spinlock'),
  ...spinning('raw_spin_lock', 'raw_spin_unlock', take('raw_spinlock'), 'raw_spinlock'),
  ...spinning('write_lock', 'write_unlock', take('rwlock'), 'rwlock'),
  ...spinning('read_lock', 'read_unlock', { do: 'take-read', kind: 'rwlock' }, 'rwlock'),
  ...spinning('local_lock', 'local_unlock', take('local_lock'), 'local_lock'),
  ['read_lock_recursive', [take('rwlock', LOCK_READ_RECURSIVE)]],
  ...trying('spin_trylock', take('spinlock', LOCK_TRYLOCK)),
  ...trying('raw_spin_trylock', take('raw_spinlock', LOCK_TRYLOCK)),
  ...trying('write_trylock', take('rwlock', LOCK_TRYLOCK)),
  ...trying('read_trylock', take('rwlock', LOCK_TRYLOCK | LOCK_READ_RECURSIVE)),
  ...sleeping('mutex_lock', 'mutex_unlock', 'mutex'),
  ['mutex_trylock', [take('mutex', LOCK_TRYLOCK)]],
  ...sleeping('rt_mutex_lock', 'rt_mutex_unlock', 'rt_mutex'),
  ['rt_mutex_trylock', [take('rt_mutex', LOCK_TRYLOCK)]],
  ...sleeping('down_write', 'up_write', 'rwsem'),
  ...sleeping('down_read', 'up_read', 'rwsem', LOCK_READ),
  ['downgrade_write', [{ do: 'downgrade', kind: 'rwsem' }]],
  ['lock_map_acquire', [take('map')]],
  ['lock_map_acquire_read', [take('map', LOCK_READ_RECURSIVE)]],
  ['lock_map_release', [give('map')]],
  ['flush_work', [take('map'), give('map')]],
  ['cancel_work_sync', [take('map'), give('map')]],
  ['flush_workqueue', [take('map'), give('map')]],
  ['srcu_read_lock', [take('map', LOCK_READ_RECURSIVE)]],
  ['srcu_read_unlock', [give('map')]],
  ['synchronize_srcu', [{ do: 'take', kind: 'map', flags: 0, sync: true }]],
  ...rcu('', 'rcu', null),
  ...rcu('_bh', 'rcu_bh', ['bh-off', 'bh-on']),
  ...rcu('_sched', 'rcu_sched', null),
  ...inits('spinlock', 'spin_lock_init'),
  ...inits('raw_spinlock', 'raw_spin_lock_init'),
  ...inits('rwlock', 'rwlock_init'),
  ...inits('mutex', 'mutex_init'),
  ...inits('rwsem', 'init_rwsem'),
  ...inits('rt_mutex', 'rt_mutex_init'),
  ...inits('local_lock', 'local_lock_init'),
  ['kfree', [{ do: 'free', kind: '' }]],
  ['mutex_destroy', [{ do: 'free', kind: 'mutex' }]],
]

/** They have no lockdep map, and change nothing that the validator looks at. */
const UNSEEN = [
  'preempt_disable',
  'preempt_enable',
  'might_sleep',
  'schedule',
  'wait_for_completion',
  'complete',
  'complete_all',
  'schedule_work',
  'queue_work',
  'synchronize_rcu',
] as const

const states: Table = [
  ['local_irq_disable', [state('irq-off')]],
  ['local_irq_enable', [state('irq-on')]],
  ['local_irq_save', [state('irq-save')]],
  ['local_irq_restore', [state('irq-restore')]],
  ['local_bh_disable', [state('bh-off')]],
  ['local_bh_enable', [state('bh-on')]],
  ['hardirq_enter', [state('hardirq-enter')]],
  ['hardirq_exit', [state('hardirq-exit')]],
  ['hardirq_threaded', [state('hardirq-threaded')]],
  ['softirq_enter', [state('softirq-enter')]],
  ['softirq_exit', [state('softirq-exit')]],
  ...UNSEEN.map((name): Table[number] => [name, [state('nothing')]]),
]

export const CASE_OPS: ReadonlyMap<string, readonly CaseStep[]> = new Map([...locks, ...states])
