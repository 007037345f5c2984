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
  /** Asks for it and gives it back, as whatever kind of lock it is. */
  | { readonly do: 'might'; readonly kind: string; readonly flags: number }
  | { readonly do: 'set-class' | 'set-subclass'; readonly kind: string }
  | { readonly do: 'reclaim'; readonly how: readonly ReclaimStep[] }
  | { readonly do: 'wound-wait'; readonly how: WoundWaitStep }
  | { readonly do: StateStep }

/** Memory reclaim: the instance is the gfp mask. */
export type ReclaimStep = 'acquire' | 'release'

/** Of a ww_mutex, or of the context that is the instance of ww_acquire_*(). */
export type WoundWaitStep = 'init' | 'done' | 'fini' | 'lock' | 'lock-slow' | 'trylock' | 'unlock'

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
  | 'nofs-save'
  | 'nofs-restore'
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
  const waits = ['', '_interruptible', '_killable', '_io']
  const forms = [...waits.flatMap((wait) => [wait, `${wait}_nested`]), '_nest_lock']
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

/** Waits for whoever is inside: work items, queues, timers. Kernel: __flush_work() and kin. */
const FLUSHES = [
  'flush_work',
  'flush_delayed_work',
  'cancel_work_sync',
  'cancel_delayed_work_sync',
  'flush_workqueue',
  'drain_workqueue',
  'destroy_workqueue',
  'del_timer_sync',
  'timer_delete_sync',
] as const

/** What is no lock but has a lockdep map: nothing is known of its waiting. */
function maps(): Table {
  return [
    ['lock_map_acquire', [take('map')]],
    ['lock_map_acquire_try', [take('map', LOCK_TRYLOCK)]],
    ['lock_map_acquire_read', [take('map', LOCK_READ_RECURSIVE)]],
    ['lock_map_release', [give('map')]],
    ['lock_map_sync', [{ do: 'take', kind: 'map', flags: 0, sync: true }]],
    ...FLUSHES.map((name): Table[number] => [name, [take('map'), give('map')]]),
    ['srcu_read_lock', [take('map', LOCK_READ_RECURSIVE)]],
    ['srcu_read_unlock', [give('map')]],
    ['synchronize_srcu', [{ do: 'take', kind: 'map', flags: 0, sync: true }]],
    ['percpu_down_read', [take('map', LOCK_READ)]],
    ['percpu_up_read', [give('map')]],
    ['percpu_down_write', [take('map')]],
    ['percpu_up_write', [give('map')]],
    ['write_seqcount_begin', [take('map')]],
    ['write_seqcount_end', [give('map')]],
    [
      'read_seqcount_begin',
      [state('irq-save'), take('map', LOCK_READ_RECURSIVE), give('map'), state('irq-restore')],
    ],
  ]
}

/** The calls of include/linux/lockdep.h that locks themselves make, and those of callers. */
function annotations(): Table {
  const sorts: readonly (readonly [string, string, number])[] = [
    ['spin', 'spinlock', 0],
    ['rwlock', 'rwlock', LOCK_READ],
    ['mutex', 'mutex', 0],
    ['rwsem', 'rwsem', LOCK_READ],
  ]
  return [
    ...sorts.flatMap(
      ([name, kind, read]): Table => [
        [`${name}_acquire`, [take(kind)]],
        [`${name}_release`, [give(kind)]],
        ...(read === 0 ? [] : ([[`${name}_acquire_read`, [take(kind, read)]]] as Table)),
      ],
    ),
    ['lock_acquire_exclusive', [take('map')]],
    ['lock_acquire_shared', [take('map', LOCK_READ)]],
    ['lock_acquire_shared_recursive', [take('map', LOCK_READ_RECURSIVE)]],
    ['lock_release', [give('map')]],
    ['might_lock', [{ do: 'might', kind: 'mutex', flags: 0 }]],
    ['might_lock_nested', [{ do: 'might', kind: 'mutex', flags: 0 }]],
    ['might_lock_read', [{ do: 'might', kind: 'rwsem', flags: LOCK_READ }]],
    ['lockdep_set_class', [{ do: 'set-class', kind: 'spinlock' }]],
    ['lockdep_set_class_and_name', [{ do: 'set-class', kind: 'spinlock' }]],
    ['lockdep_set_subclass', [{ do: 'set-subclass', kind: 'spinlock' }]],
    ['fs_reclaim_acquire', [{ do: 'reclaim', how: ['acquire'] }]],
    ['fs_reclaim_release', [{ do: 'reclaim', how: ['release'] }]],
    ['might_alloc', [{ do: 'reclaim', how: ['acquire', 'release'] }]],
    ['memalloc_nofs_save', [state('nofs-save')]],
    ['memalloc_nofs_restore', [state('nofs-restore')]],
  ]
}

/** `[ww_mutex_lock, mutex, context]`; without a context it is an ordinary mutex. */
function woundWait(): Table {
  const ww = (how: WoundWaitStep): readonly CaseStep[] => [{ do: 'wound-wait', how }]
  return [
    ['ww_acquire_init', ww('init')],
    ['ww_acquire_done', ww('done')],
    ['ww_acquire_fini', ww('fini')],
    ['ww_mutex_lock', ww('lock')],
    ['ww_mutex_lock_interruptible', ww('lock')],
    ['ww_mutex_lock_slow', ww('lock-slow')],
    ['ww_mutex_lock_slow_interruptible', ww('lock-slow')],
    ['ww_mutex_trylock', ww('trylock')],
    ['ww_mutex_unlock', ww('unlock')],
    ['ww_mutex_init', [{ do: 'init', kind: 'mutex' }]],
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
  ...trying('local_trylock', take('local_lock', LOCK_TRYLOCK)),
  ['local_lock_nested_bh', [take('local_lock')]],
  ['local_unlock_nested_bh', [give('local_lock')]],
  ...trying('read_trylock', take('rwlock', LOCK_TRYLOCK | LOCK_READ_RECURSIVE)),
  ...sleeping('mutex_lock', 'mutex_unlock', 'mutex'),
  ['mutex_trylock', [take('mutex', LOCK_TRYLOCK)]],
  ...sleeping('rt_mutex_lock', 'rt_mutex_unlock', 'rt_mutex'),
  ['rt_mutex_trylock', [take('rt_mutex', LOCK_TRYLOCK)]],
  ...sleeping('down_write', 'up_write', 'rwsem'),
  ...sleeping('down_read', 'up_read', 'rwsem', LOCK_READ),
  ['downgrade_write', [{ do: 'downgrade', kind: 'rwsem' }]],
  ...maps(),
  ...annotations(),
  ...woundWait(),
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
  ...inits('map', 'lockdep_init_map', 'INIT_WORK', 'timer_setup', 'percpu_init_rwsem'),
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
  'call_rcu',
  'cond_resched',
  'might_sleep_if',
  'preempt_enable_no_resched',
  'migrate_disable',
  'migrate_enable',
  'down',
  'down_interruptible',
  'down_killable',
  'down_trylock',
  'up',
  'down_read_non_owner',
  'up_read_non_owner',
  'queue_delayed_work',
  'schedule_delayed_work',
  'mod_timer',
  'add_timer',
  'del_timer',
  'timer_delete',
  'cancel_work',
  'cancel_delayed_work',
  'wake_up',
  'wake_up_process',
  'read_seqcount_retry',
  'lockdep_assert_held',
  'lockdep_assert_held_write',
  'lockdep_assert_held_read',
  'lockdep_assert_not_held',
  'lockdep_assert_irqs_disabled',
  'lockdep_assert_irqs_enabled',
] as const

/** Other names of one change of state: macros, and what they call. */
const IRQ_STATES: readonly (readonly [StateStep, ...string[]])[] = [
  ['hardirq-enter', 'hardirq_enter', 'irq_enter', '__irq_enter', 'lockdep_hardirq_enter'],
  ['hardirq-exit', 'hardirq_exit', 'irq_exit', '__irq_exit', 'lockdep_hardirq_exit'],
  ['hardirq-threaded', 'hardirq_threaded', 'lockdep_hardirq_threaded'],
  ['softirq-enter', 'softirq_enter', 'lockdep_softirq_enter'],
  ['softirq-exit', 'softirq_exit', 'lockdep_softirq_exit'],
  ['irq-off', 'local_irq_disable', 'trace_hardirqs_off'],
  ['irq-on', 'local_irq_enable', 'trace_hardirqs_on'],
]

const states: Table = [
  ...IRQ_STATES.flatMap(([step, ...names]) =>
    names.map((name): Table[number] => [name, [state(step)]]),
  ),
  ['local_irq_save', [state('irq-save')]],
  ['local_irq_restore', [state('irq-restore')]],
  ['local_bh_disable', [state('bh-off')]],
  ['local_bh_enable', [state('bh-on')]],
  ...UNSEEN.map((name): Table[number] => [name, [state('nothing')]]),
]

export const CASE_OPS: ReadonlyMap<string, readonly CaseStep[]> = new Map([...locks, ...states])
