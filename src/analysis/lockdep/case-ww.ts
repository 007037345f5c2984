/**
 * Wound/wait mutexes of lock cases: what their debugging code asserts beside what the validator
 * sees of them. Nothing blocks, so no context ever loses: -EDEADLK does not come up.
 * Kernel: include/linux/ww_mutex.h, kernel/locking/ww_mutex.h with CONFIG_DEBUG_MUTEXES, 6.1.
 */
import type { WoundWaitStep } from './case-ops.ts'
import type { Lockdep } from './engine.ts'
import type { HeldStack } from './held.ts'
import type { Lock } from './types.ts'

/** Kernel: struct ww_acquire_ctx. */
interface AcquireContext {
  acquired: number
  done: boolean
}

export interface WoundWaitOwner {
  readonly engine: Lockdep
  readonly stack: HeldStack
  lock(kind: string, name: string, fallback: string): Lock
  /** Flags of an acquisition in the state of the processor. */
  flags(trylock: boolean): number
}

export class WoundWait {
  private readonly owner: WoundWaitOwner
  private readonly contexts = new Map<string, AcquireContext>()
  /** By mutex: the context that it was locked with. */
  private readonly lockedWith = new Map<string, string>()

  constructor(owner: WoundWaitOwner) {
    this.owner = owner
  }

  /** `name` is a mutex; of the first three steps, a context. */
  apply(how: WoundWaitStep, name: string, context: string | null): void {
    if (how === 'init' || how === 'done' || how === 'fini') this.onContext(how, name)
    else if (how === 'unlock') this.unlock(name)
    else if (how === 'trylock') this.take(name, context, true)
    else {
      const unneeded = how === 'lock-slow' && context !== null
      if (unneeded) this.warn('!ctx->contending_lock')
      this.take(name, context, false)
    }
  }

  private onContext(how: 'init' | 'done' | 'fini', name: string): void {
    const { engine, stack } = this.owner
    const map = this.mapOf(name)
    const context = this.contextOf(name)
    if (how === 'init') {
      engine.destroy(stack, map, 'init-held')
      this.contexts.set(name, { acquired: 0, done: false })
      engine.acquire(stack, map, 0, this.owner.flags(false))
    } else if (how === 'done') {
      if (context.done) this.warn('ctx->done_acquire')
      context.done = true
    } else {
      engine.release(stack, map)
      if (context.acquired > 0) this.warn('ctx->acquired')
    }
  }

  private take(name: string, context: string | null, trylock: boolean): void {
    // Kernel: -EALREADY, before the validator hears of it.
    if (context !== null && this.lockedWith.get(name) === context) return
    const { engine, stack } = this.owner
    const nest = context === null ? null : this.mapOf(context)
    engine.acquire(stack, this.mutexOf(name), 0, this.owner.flags(trylock), nest)
    if (context === null) return
    const of = this.contextOf(context)
    if (of.done) this.warn('ww_ctx->done_acquire')
    of.acquired++
    this.lockedWith.set(name, context)
  }

  private unlock(name: string): void {
    const context = this.lockedWith.get(name)
    if (context !== undefined) {
      const of = this.contextOf(context)
      if (of.acquired === 0) this.warn('!lock->ctx->acquired')
      of.acquired = Math.max(0, of.acquired - 1)
      this.lockedWith.delete(name)
    }
    this.owner.engine.release(this.owner.stack, this.mutexOf(name))
  }

  private contextOf(name: string): AcquireContext {
    const known = this.contexts.get(name)
    if (known !== undefined) return known
    const made = { acquired: 0, done: false }
    this.contexts.set(name, made)
    return made
  }

  private mapOf(context: string): Lock {
    return this.owner.lock('map', context, 'ww_class_acquire')
  }

  private mutexOf(name: string): Lock {
    return this.owner.lock('mutex', name, 'ww_class_mutex')
  }

  private warn(condition: string): void {
    const { engine, stack } = this.owner
    engine.report({ kind: 'debug-locks', condition }, stack)
  }
}
