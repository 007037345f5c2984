/** The kernel log. Kernel: printk(); the console's cost is the `printk` entry. */
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { charge } from '../machine/machine.ts'
import type { Kernel } from './kernel.ts'

/** Writes one line; spends the console's time where it stands. */
export function printk(k: Kernel, text: string): Proc {
  k.emit(T.printk, k.sim.trace.symbols.text(text))
  return charge(k, k.costs.printk)
}
