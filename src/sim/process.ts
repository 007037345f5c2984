/**
 * Processes: generators that yield when they cannot go on. What may be yielded is a closed list;
 * the details of a request (how long, for what) stand in the context that yields it, so that a
 * request costs no allocation. A star on a function means that something else may run inside it.
 *
 * `FreeProcess` below lives beside the processors: hardware and workloads of the bench. Code on a
 * processor is driven by model/machine.
 */
import { unreachable } from '../base/assert.ts'
import type { Ns } from '../base/units.ts'
import { Priority, type Simulation, type Timer } from './scheduler.ts'

/** What a process may yield. */
export const Req = {
  /** The charge in the context is to pass. */
  CHARGE: 0,
  /** The context sleeps until it is woken. */
  BLOCK: 1,
  /** The context occupies its processor until it is granted what it spins for. */
  SPIN: 2,
  /** Anything due at this instant may happen here: interrupts, preemption. */
  POINT: 3,
  /** The context gives its time to another machine's processor. */
  LEND: 4,
} as const
export type Request = (typeof Req)[keyof typeof Req]

/** Code with scheduling points; returns T. */
export type Proc<T = void> = Generator<Request, T, undefined>

/**
 * A Proc that has ended before it began. A primitive that need not wait does its work at the call
 * and returns one of these: `yield*` of it costs a fifth of a fresh generator.
 */
class Ended<T> {
  private readonly result: IteratorReturnResult<T>

  constructor(value: T) {
    this.result = { done: true, value }
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorReturnResult<T> {
    return this.result
  }
}

function ended<T>(value: T): Proc<T> {
  return new Ended(value) as unknown as Proc<T>
}

export const DONE: Proc = ended(undefined)
export const DONE_TRUE: Proc<boolean> = ended(true)
export const DONE_FALSE: Proc<boolean> = ended(false)

/** The rest of a primitive whose work is done but whose charge or point could not pass at once. */
export function* pause(request: Request): Proc {
  yield request
}

/** The same with a value. */
export function* pauseThen<T>(request: Request, value: T): Proc<T> {
  yield request
  return value
}

/** A process without a processor: its charges are waits. */
export class FreeProcess {
  readonly simulation: Simulation
  /** How long the next CHARGE takes. */
  private waitNs = 0
  private woken = false
  private parked = false
  private body: Proc<unknown> | null = null
  private readonly timer: Timer

  constructor(simulation: Simulation, priority: number = Priority.device) {
    this.simulation = simulation
    this.timer = simulation.timer(() => this.resume(), priority)
  }

  get done(): boolean {
    return this.body === null
  }

  /** Starts at this instant, behind what is already due. */
  start(body: Proc<unknown>): void {
    this.body = body
    this.timer.soon()
  }

  /** `if (!p.pass(ns)) yield Req.CHARGE`: lets time pass, at once where nothing is due before. */
  pass(ns: Ns): boolean {
    if (this.simulation.tryAdvance(ns)) return true
    this.waitNs = ns
    return false
  }

  /** Wakes a process that yielded BLOCK; a wake that comes first is kept. */
  wake(): void {
    if (this.parked) {
      this.parked = false
      this.timer.soon()
    } else this.woken = true
  }

  private resume(): void {
    const body = this.body
    if (body === null) return
    for (;;) {
      const step = body.next()
      if (step.done === true) {
        this.body = null
        return
      }
      if (step.value === Req.CHARGE) {
        this.timer.arm(this.simulation.now + this.waitNs)
        return
      }
      if (step.value === Req.BLOCK) {
        if (!this.woken) {
          this.parked = true
          return
        }
        this.woken = false
      } else if (step.value === Req.POINT) {
        this.timer.soon()
        return
      } else unreachable(`a free process cannot answer request ${step.value}`)
    }
  }
}
