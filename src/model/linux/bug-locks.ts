/** Lock misuse that the kernel reports at once. Kernel: print_unlock_imbalance_bug(). */
import { bug } from './bug.ts'
import type { Kernel } from './kernel.ts'
import type { LockBase } from './lock-base.ts'

export function warnUnlockImbalance(k: Kernel, lock: LockBase): void {
  const task = k.current.cpu.task
  const lines = [
    'WARNING: bad unlock balance detected!',
    `${task.name}/${task.pid} is trying to release lock (${lock.className}) at:`,
    'but there are no more locks to release!',
  ]
  bug(k, 'lock-imbalance', lines.join('\n'))
}
