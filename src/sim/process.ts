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
 * and returns one of these: `yield*` of it costs a fifth of a fresh generator. The work is done at
 * the call, so such a Proc may not be made ahead of its `yield*`.
 */
class Ended<T> {
  readonly result: IteratorReturnResult<T>

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

/** The Proc of a primitive whose work is done and gave `value`. */
export function ended<T>(value: T): Proc<T> {
  return new Ended(value) as unknown as Proc<T>
}

export const DONE: Proc = ended(undefined)
export const DONE_TRUE: Proc<boolean> = ended(true)
export const DONE_FALSE: Proc<boolean> = ended(false)
export const DONE_ZERO: Proc<number> = ended(0)
export const DONE_NULL: Proc<null> = ended(null)

/** What a Proc gave that ended at its call; undefined if it has yet to run. */
export function endedValue<T>(proc: Proc<T>): T | undefined {
  const maybe: unknown = proc
  return maybe instanceof Ended ? (maybe as Ended<T>).result.value : undefined
}

/** A Proc that makes one request and ends. */
class Pause<T> {
  private readonly request: IteratorYieldResult<Request>
  private readonly value: T
  private asked = false

  constructor(request: Request, value: T) {
    this.request = REQUESTED[request] as IteratorYieldResult<Request>
    this.value = value
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Request, T> {
    if (this.asked) return { done: true, value: this.value }
    this.asked = true
    return this.request
  }
}

const REQUESTED = Object.values(Req).map(
  (value): IteratorYieldResult<Request> => ({ done: false, value }),
)

/** The rest of a primitive whose work is done but whose charge or point could not pass at once. */
export function pause(request: Request): Proc {
  return new Pause(request, undefined) as unknown as Proc
}

/** The same with a value. */
export function pauseThen<T>(request: Request, value: T): Proc<T> {
  return new Pause(request, value) as unknown as Proc<T>
}

/** `first`, then `value`: a generator is made only where `first` has to wait. */
export function thenValue<T>(first: Proc<unknown>, value: T): Proc<T> {
  return first === DONE ? ended(value) : afterWait(first, value)
}

function* afterWait<T>(first: Proc<unknown>, value: T): Proc<T> {
  yield* first
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
