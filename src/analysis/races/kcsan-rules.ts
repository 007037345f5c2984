/**
 * Whether a kernel with KCSAN would report a pair of accesses that nothing orders, and under which
 * options. KCSAN sets up watchpoints at plain accesses of the kernel and waits there for another.
 * Kernel: kernel/kcsan/core.c, report.c, lib/Kconfig.kcsan, Documentation/dev-tools/kcsan.rst, 6.1.
 */

/**
 * `default`: with the default options. `strict`: with CONFIG_KCSAN_STRICT=y only. `unknown-origin`:
 * the other access is not the kernel's, KCSAN sees the value change. `unseen`: never.
 */
export type KcsanVerdict = 'default' | 'strict' | 'unknown-origin' | 'unseen'

/** What the rules ask of an access. */
export interface KcsanAccess {
  readonly write: boolean
  readonly marked: boolean
  /** A write of the value that was there. */
  readonly same: boolean
  /** Of a program, through a mapped page. */
  readonly user: boolean
  readonly cpu: number
}

/** The stronger verdict of two pairs alike comes first. */
const ORDER: readonly KcsanVerdict[] = ['default', 'strict', 'unknown-origin', 'unseen']

export function strongest(a: KcsanVerdict, b: KcsanVerdict): KcsanVerdict {
  return ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b
}

export function kcsanVerdict(one: KcsanAccess, other: KcsanAccess): KcsanVerdict {
  if (byDefault(one, other) || byDefault(other, one)) return 'default'
  if (one.user || other.user) {
    return inferred(one, other) || inferred(other, one) ? 'unknown-origin' : 'unseen'
  }
  return 'strict'
}

/**
 * A watchpoint is set up at `at` and meets `met`. CONFIG_KCSAN_ASSUME_PLAIN_WRITES_ATOMIC: plain
 * aligned writes of a word count as marked. _REPORT_VALUE_CHANGE_ONLY: the other one changes the
 * value. No _INTERRUPT_WATCHER: interrupts are off meanwhile, so it is on another processor.
 */
function byDefault(at: KcsanAccess, met: KcsanAccess): boolean {
  return isPlainRead(at) && met.write && !met.same && !met.user && at.cpu !== met.cpu
}

/** CONFIG_KCSAN_REPORT_RACE_UNKNOWN_ORIGIN. */
function inferred(at: KcsanAccess, met: KcsanAccess): boolean {
  return isPlainRead(at) && met.user && met.write && !met.same && at.cpu !== met.cpu
}

function isPlainRead({ write, marked, user }: KcsanAccess): boolean {
  return !write && !marked && !user
}

/** What stands between a pair and a report with default options. */
export function kcsanSentence(verdict: KcsanVerdict, one: KcsanAccess, other: KcsanAccess): string {
  switch (verdict) {
    case 'default':
      return 'KCSAN reports it with its default options.'
    case 'strict':
      return `KCSAN reports it with CONFIG_KCSAN_STRICT=y only: ${reason(one, other)}.`
    case 'unknown-origin':
      return 'one side is a program: KCSAN sees only that the value changes (unknown origin).'
    case 'unseen':
      return 'one side is a program, which KCSAN does not see.'
  }
}

function reason(one: KcsanAccess, other: KcsanAccess): string {
  const writes = [one, other].filter((access) => access.write)
  if (![one, other].some(isPlainRead)) {
    return 'plain writes of a word count as marked (CONFIG_KCSAN_ASSUME_PLAIN_WRITES_ATOMIC)'
  }
  if (writes.every((access) => access.same)) {
    return 'the write changes nothing (CONFIG_KCSAN_REPORT_VALUE_CHANGE_ONLY)'
  }
  return 'both were on one processor (CONFIG_KCSAN_INTERRUPT_WATCHER)'
}
