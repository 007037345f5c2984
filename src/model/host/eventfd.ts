/**
 * An eventfd as the host sees it: a signal that a thread's loop reacts to. Signals that come before
 * the reader looks merge into one, as the counter of a real eventfd does.
 */
import type { Machine } from '../machine/machine.ts'

export class EventFd {
  readonly host: Machine
  readonly name: string
  /** What its reader does about a signal: plain, wakes a thread. */
  onSignal: (() => void) | null = null

  constructor(host: Machine, name: string) {
    this.host = host
    this.name = name
  }

  signal(): void {
    this.onSignal?.()
  }
}
