/** Reading preempt_count. Kernel: include/linux/preempt.h. */
import type { Kernel } from './kernel.ts'

/** The processor's count: every context stacked there adds its own part. */
export function preempt_count(k: Kernel): number {
  const { cpu } = k.current
  let count = k.current.preemptCount
  if (cpu.under.length > 0) for (const context of cpu.under) count += context.preemptCount
  return count
}

/** Kernel: in_atomic(). */
export function in_atomic(k: Kernel): boolean {
  return preempt_count(k) !== 0
}

/** Kernel: irqs_disabled(). */
export function irqs_disabled(k: Kernel): boolean {
  return k.current.cpu.irqsOff
}
