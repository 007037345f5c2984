/**
 * A value kept with an object by code that the object's own class does not know of: what the sound
 * core keeps of a kernel, or an rt_mutex of a task. It lies in a field of the object and not in a
 * WeakMap: V8's collection of young objects (as of 11.3) keeps all values of a WeakMap that has
 * grown old, and with one of them a whole finished run.
 */
export type Slots = Map<object, unknown>

export interface SlotOwner {
  readonly slots: Slots
}

export class Slot<O extends SlotOwner, T> {
  private readonly make: (owner: O) => T

  /** `make` gives the value when it is first asked for. */
  constructor(make: (owner: O) => T) {
    this.make = make
  }

  of(owner: O): T {
    let value = owner.slots.get(this) as T | undefined
    if (value === undefined) {
      value = this.make(owner)
      owner.slots.set(this, value)
    }
    return value
  }
}
