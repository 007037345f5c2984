/**
 * Usage marks of a lock class: in which interrupt contexts it was taken (USED_IN), and with which
 * kind of interrupt enabled (ENABLED), each for writers and readers. Eight bits, numbered as in
 * kernel/locking/lockdep_internals.h: bit 0 read, bit 1 enabled, bit 2 softirq.
 */

export const USAGE_READ = 1
export const USAGE_ENABLED = 2
export const USAGE_SOFTIRQ = 4
export const USAGE_BITS = 8

/** Masks over all bits of one sort. */
export const USED_ALL = 0b0011_0011
export const ENABLED_ALL = 0b1100_1100
export const WRITE_ALL = 0b0101_0101
const READ_ALL = 0b1010_1010

/** The opposite direction of the same interrupt kind, for writers. Kernel: exclusive_bit(). */
export function exclusiveBit(bit: number): number {
  return (bit & USAGE_SOFTIRQ) | ((bit ^ USAGE_ENABLED) & USAGE_ENABLED)
}

/** Every bit that some bit of the mask conflicts with. Kernel: exclusive_mask(). */
export function exclusiveMask(mask: number): number {
  const turned = ((mask & ENABLED_ALL) >> 2) | ((mask & USED_ALL) << 2)
  return turned | ((turned & READ_ALL) >> 1) | ((turned & WRITE_ALL) << 1)
}

/** The lowest bit of `mask` that conflicts with one of `other`. Kernel: find_exclusive_match(). */
export function exclusiveMatch(mask: number, other: number): [bit: number, excl: number] | null {
  for (let bit = 0; bit < USAGE_BITS; bit++) {
    if ((mask & (1 << bit)) === 0) continue
    const excl = exclusiveBit(bit)
    if ((other & (1 << excl)) !== 0) return [bit, excl]
    if ((other & (1 << (excl | USAGE_READ))) !== 0) return [bit, excl | USAGE_READ]
  }
  return null
}

/** Not a mark that searches look at: the first acquisition. Kernel: LOCK_USED, LOCK_USED_READ. */
export const USAGE_INITIAL = USAGE_BITS
const USAGE_INITIAL_READ = USAGE_INITIAL | USAGE_READ

/** `IN-HARDIRQ-W`, `SOFTIRQ-ON-R`, ..., `INITIAL USE`. */
export function usageName(bit: number): string {
  if (bit === USAGE_INITIAL) return 'INITIAL USE'
  if (bit === USAGE_INITIAL_READ) return 'INITIAL READ USE'
  const irq = (bit & USAGE_SOFTIRQ) === 0 ? 'HARDIRQ' : 'SOFTIRQ'
  const kind = (bit & USAGE_READ) === 0 ? 'W' : 'R'
  return (bit & USAGE_ENABLED) === 0 ? `IN-${irq}-${kind}` : `${irq}-ON-${kind}`
}

/** `HARDIRQ`, `SOFTIRQ-READ`, ... as titles name it. Kernel: state_name(). */
export function irqName(bit: number): string {
  const irq = (bit & USAGE_SOFTIRQ) === 0 ? 'HARDIRQ' : 'SOFTIRQ'
  return (bit & USAGE_READ) === 0 ? irq : `${irq}-READ`
}

const MARKS = ['.', '-', '+', '?'] as const

/** Four characters: hardirq, hardirq-read, softirq, softirq-read. Kernel: get_usage_chars(). */
export function usageText(mask: number): string {
  return [0, USAGE_READ, USAGE_SOFTIRQ, USAGE_SOFTIRQ | USAGE_READ]
    .map((bit) => {
      const used = (mask >> bit) & 1
      const enabled = (mask >> (bit | USAGE_ENABLED)) & 1
      return MARKS[used + 2 * enabled]
    })
    .join('')
}
