/**
 * What a trace of a guest and of its hypervisor says about PCM timing, whatever text it came from:
 * the events that calibration measures, in order of time. Not the records of a simulation; those
 * are turned into the same events (simulated-events.ts), so that both are measured alike. Times are
 * ns of the trace's own clock.
 */
import type { Ns } from '../base/units.ts'

export type GuestKind =
  | 'irq_entry'
  | 'irq_exit'
  | 'queue_work'
  | 'work_start'
  | 'work_end'
  | 'elapsed'
  | 'waking'
  | 'switch'
  | 'hwptr'
  | 'applptr'
  | 'xrun'
  | 'trigger'
  | 'call'
  | 'return'
  | 'mark'
  | 'ctl_send'
  | 'ctl_irq'
  | 'msg_send'

/** `p` or `c` as in pcmC0D0p; empty: not told. */
export type Side = 'p' | 'c' | ''

export interface GuestEvent {
  readonly timeNs: Ns
  readonly kind: GuestKind
  /** The thread in whose context it happened; that of an interrupt, the one interrupted. */
  readonly task: number
  /** Woken or switched-to thread; new position of a pointer; command; request code; else 0. */
  readonly arg: number
  side: Side
  /** Period and buffer of a pointer event, frames; else 0. */
  readonly period: number
  readonly buffer: number
  /** Position before, frames: of hwptr, applptr and xrun; else 0. */
  readonly old: number
  /** From the function tracer, which repeats what a probe of the same function says. */
  readonly traced: boolean
  /** `IRQ` or `POS` of hwptr; the line of a mark; the call; else empty. */
  readonly text: string
}

export type HostKind = 'notify' | 'fill' | 'control' | 'control_notify' | 'kick'

export interface HostEvent {
  readonly timeNs: Ns
  readonly kind: HostKind
  readonly side: Side
  /** Request code of a control message, as in the specification; else 0. */
  readonly code: number
}

/** What could not be used, by name, and how often. */
export interface Counts {
  readonly lines: number
  /** Lines that are neither ftrace's nor QEMU's. */
  readonly malformed: number
  /** Lines of events that calibration does not measure. */
  readonly skipped: number
  /** Events lost when the kernel's buffer ran over, as the trace itself says. */
  readonly lost: number
}

export interface Imported {
  readonly guest: readonly GuestEvent[]
  readonly host: readonly HostEvent[]
  /** Names of threads, by their numbers. */
  readonly tasks: ReadonlyMap<number, string>
  /** The audio timer's period as QEMU tells it; 0: not told. */
  readonly timerPeriodNs: Ns
  readonly counts: Counts
}
