/**
 * Bits of the `flags` argument of lock_acquire, as the lock code writes them and analyses read
 * them. They are what kernel/locking/lockdep.c keeps in a held_lock and asks of the context.
 */

/** How the lock is taken: the lowest two bits. */
export const LOCK_WRITE = 0
export const LOCK_READ = 1
export const LOCK_READ_RECURSIVE = 2
export const LOCK_READ_MASK = 3

export const LOCK_TRYLOCK = 1 << 2
export const LOCK_HARDIRQS_OFF = 1 << 3
/** Softirqs are disabled, or one is running. */
export const LOCK_SOFTIRQS_OFF = 1 << 4
export const LOCK_IN_HARDIRQ = 1 << 5
export const LOCK_IN_SOFTIRQ = 1 << 6
/** The handler would run in a thread on PREEMPT_RT: it may take a spinlock_t. */
export const LOCK_IRQ_THREADED = 1 << 7

/** Locks taken in different interrupt contexts form no dependency (held_lock.irq_context). */
export const LOCK_IRQ_CONTEXT_MASK = LOCK_IN_HARDIRQ | LOCK_IN_SOFTIRQ
