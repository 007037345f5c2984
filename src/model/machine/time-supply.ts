/**
 * Where a processor gets its time from. Physical processors always have time; a virtual one gets it
 * from the context of another machine (host/hypervisor.ts implements that side).
 */
import type { Ns } from '../../base/units.ts'
import type { Cpu } from './cpu.ts'

export interface TimeSupply {
  /** An interrupt became pending, from outside the processor's own code. */
  notify(cpu: Cpu): void
  /** The processor has nothing to run. */
  rest(cpu: Cpu): void
  /** The processor gave its time back during an event of its own. */
  returned(cpu: Cpu): void
  /** Stopped with its whole machine since this was last asked. Kernel: guest-paused flag. */
  wasPaused?(): boolean
  /** Takes `ns` from the processor, from this instant on. Not on physical processors. */
  steal?(ns: Ns): void
}

export const PhysicalSupply: TimeSupply = {
  notify: (cpu) => cpu.kick(),
  rest: () => {},
  returned: () => {},
}
