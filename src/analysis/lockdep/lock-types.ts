/**
 * What lockdep knows of a kind of lock beside its class: in which contexts it may be taken (outer
 * wait type) and which context it makes (inner). Kernel: enum lockdep_wait_type.
 */

/** Not checked. */
export const WAIT_INV = 0
/** Waits for nobody: RCU readers. */
export const WAIT_FREE = 1
/** raw_spinlock_t. */
export const WAIT_SPIN = 2

/** Numbers that depend on CONFIG_PROVE_RAW_LOCK_NESTING. */
export interface WaitLevels {
  /** spinlock_t, rwlock_t, local_lock_t: they sleep on PREEMPT_RT. */
  readonly config: number
  /** mutex, rwsem, rt_mutex. */
  readonly sleep: number
  readonly max: number
}

export function waitLevels(proveRawLockNesting: boolean): WaitLevels {
  return proveRawLockNesting
    ? { config: 3, sleep: 4, max: 5 }
    : { config: WAIT_SPIN, sleep: 3, max: 4 }
}

export interface LockType {
  readonly outer: number
  readonly inner: number
  /** local_lock_t: belongs to one processor, so that an interrupt cannot spin on it for ever. */
  readonly percpu: boolean
  /** False: held, but forms no dependencies and gets no marks (RCU readers). */
  readonly check: boolean
}

function plain(wait: number): LockType {
  return { outer: wait, inner: wait, percpu: false, check: true }
}

/** The type of a kind of lock; an unknown kind is one that waits are not checked for. */
export function lockType(kind: string, levels: WaitLevels): LockType {
  switch (kind) {
    case 'raw_spinlock':
      return plain(WAIT_SPIN)
    case 'spinlock':
    case 'waitqueue':
    case 'rwlock':
      return plain(levels.config)
    case 'mutex':
    case 'rwsem':
    case 'rt_mutex':
      return plain(levels.sleep)
    case 'local_lock':
      return { ...plain(levels.config), percpu: true }
    case 'rcu':
    case 'rcu_bh':
      return { outer: WAIT_FREE, inner: levels.config, percpu: false, check: false }
    case 'rcu_sched':
      return { outer: WAIT_FREE, inner: WAIT_SPIN, percpu: false, check: false }
    default:
      return plain(WAIT_INV)
  }
}
