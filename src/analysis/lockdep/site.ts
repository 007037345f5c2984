/**
 * Where something happened, in place of the kernel's stack trace: context, the functions known to
 * be under way in it, virtual time and record. Times are ns.
 */
import type { Ns } from '../../base/units.ts'

/** One thing that a context is doing; the caller is its parent. Names are made when printed. */
export interface Frame {
  readonly what: string
  readonly id: number
  readonly parent: Frame | null
}

export interface Site {
  readonly context: string
  /** Innermost first. */
  readonly functions: readonly string[]
  readonly timeNs: Ns
  /** Index of the record; of a case, of the operation. */
  readonly record: number
}

/** Seconds since the start of the run, to the nanosecond. */
export function timeText(timeNs: Ns): string {
  const seconds = Math.floor(timeNs / 1_000_000_000)
  const rest = String(timeNs % 1_000_000_000).padStart(9, '0')
  return `[${String(seconds).padStart(5)}.${rest}]`
}

/** The lines of a symbolic stack, without indent. */
export function siteLines(site: Site): string[] {
  const where = `${site.context} ${timeText(site.timeNs)} record ${site.record}`
  const [top, ...callers] = site.functions
  return top === undefined ? [where] : [`${top} in ${where}`, ...callers]
}

/** `snd_pcm trigger, [    0.010000000] record 17`: the place on one line, without the context. */
export function siteText(site: Site): string {
  return `${site.functions[0] ?? site.context}, ${timeText(site.timeNs)} record ${site.record}`
}
