/**
 * Vector clocks: for each context, how much of every other context's past it knows of. What one
 * releases and another acquires later puts their pasts in order.
 */

/** Steps of each context by its number; what is missing is 0. */
export type Clock = number[]

/** The later of two clocks, into the first. */
export function joinClock(into: Clock, from: Clock): void {
  while (into.length < from.length) into.push(0)
  for (let i = 0; i < from.length; i++) {
    const other = from[i] as number
    if (other > (into[i] as number)) into[i] = other
  }
}

/** Contexts with their clocks, and whatever they release and acquire by. */
export class Clocks {
  private readonly contexts: (Clock | undefined)[] = []
  private readonly carriers = new Map<string, Clock>()

  of(context: number): Clock {
    const known = this.contexts[context]
    if (known !== undefined) return known
    const made: Clock = Array.from({ length: context + 1 }, () => 0)
    made[context] = 1
    this.contexts[context] = made
    return made
  }

  /** A context's own step, as others may come to know it. */
  step(context: number): number {
    return this.of(context)[context] as number
  }

  /** Whether a step of one context comes before all that another does now. */
  isBefore(context: number, step: number, other: number): boolean {
    return context === other || step <= (this.of(other)[context] ?? 0)
  }

  release(context: number, carrier: string): void {
    const clock = this.of(context)
    const known = this.carriers.get(carrier)
    if (known === undefined) this.carriers.set(carrier, [...clock])
    else joinClock(known, clock)
    clock[context] = (clock[context] as number) + 1
  }

  acquire(context: number, carrier: string): void {
    const known = this.carriers.get(carrier)
    if (known !== undefined) joinClock(this.of(context), known)
  }

  /** One context makes another go on. */
  hand(context: number, other: number): void {
    const clock = this.of(context)
    joinClock(this.of(other), clock)
    clock[context] = (clock[context] as number) + 1
  }
}
