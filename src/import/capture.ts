/**
 * A captured run: what was asked of the machine, what its clients did, and the facts that a
 * simulated run must share. Made from a capture's folder (capture-folder.ts) and kept as JSON, so
 * that the tests need no captures. Times are ms since the first START.
 */
import type { Facts } from './facts.ts'
import type { Program } from './program.ts'

export interface Capture {
  readonly name: string
  readonly machine: CapturedMachine
  readonly programs: readonly Program[]
  readonly facts: Facts
}

export interface CapturedMachine {
  readonly cpus: number
  readonly audiodev: Audiodev
  /** Module parameters of virtio_snd, by name. */
  readonly module: Readonly<Record<string, number>>
  /** Busy loops in the guest. */
  readonly hogs: number
  /** Host processors of busy loops, of the vCPU threads and of everything else; null: any. */
  readonly hostHogs: readonly number[]
  readonly vcpuCpus: readonly number[] | null
  readonly otherCpus: readonly number[] | null
  /** How late QEMU's timer was, without its tail: 10th, 50th and 90th percentile, in us. */
  readonly timerLateUs: readonly [number, number, number]
}

export interface Audiodev {
  readonly driver: string
  readonly timerPeriodUs: number
  readonly mixingEngine: boolean
  readonly fixedSettings: boolean
}
