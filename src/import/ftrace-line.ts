/**
 * One line of ftrace text, by hand and in linear time, because a hostile line may be long. Layouts:
 * tracefs `TASK-PID [CPU] d.h2. SECONDS.USEC: event: fields`, with or without the flags and a
 * `(TGID)`; `trace-cmd report` writes the same with other spaces, and nanoseconds with `-t`.
 */
import type { Ns } from '../base/units.ts'

export interface FtraceLine {
  readonly task: string
  readonly pid: number
  readonly cpu: number
  readonly timeNs: Ns
  /** Name of the event; `function` and `syscall` where the line has none. */
  readonly event: string
  readonly rest: string
}

/** Seconds that a trace may reach: what a Number still holds in ns. */
const SECONDS_MAX = 9_000_000
const HEAD = /^(\d{1,6})\]\s{1,40}(?:[^\s\d][^\s]{0,11}\s{1,40}|\d[^\s.]{0,11}\s{1,40})?/
const TIME = /^(\d{1,10})\.(\d{3,9}):\s{1,40}/
const TASK = /^(.{1,64}?)-(\d{1,10})\s{0,40}(?:\([\s\d-]{1,12}\)\s{0,40})?$/
const EVENT = /^([A-Za-z_][\w.]{0,127}):\s?\s{0,40}/
const CALL = /^[A-Za-z_][\w.]{0,255} <-/
const SYSCALL = /^(sys_[a-z]\w{0,40})(?:\(| -> )/

/** Null: not a line of an event. */
export function ftraceLine(line: string): FtraceLine | null {
  // A task's name may have brackets too, so every one is tried, of the first few.
  let at = line.indexOf('[')
  for (let tries = 0; at >= 0 && at < 160 && tries < 8; tries++) {
    const found = fromBracket(line, at)
    if (found !== null) return found
    at = line.indexOf('[', at + 1)
  }
  return null
}

function fromBracket(line: string, at: number): FtraceLine | null {
  const who = TASK.exec(line.slice(0, at).trim())
  const head = HEAD.exec(line.slice(at + 1, at + 120))
  if (who === null || head === null) return null
  const after = line.slice(at + 1 + head[0].length)
  const time = TIME.exec(after.slice(0, 80))
  if (time === null) return null
  const seconds = Number(time[1])
  if (seconds > SECONDS_MAX) return null
  const timeNs = seconds * 1_000_000_000 + Number((time[2] as string).padEnd(9, '0'))
  const told = after.slice(time[0].length)
  const common = {
    task: who[1] as string,
    pid: Number(who[2]),
    cpu: Number(head[1]),
    timeNs,
  }
  const event = EVENT.exec(told.slice(0, 200))
  if (event !== null) {
    const name = event[1] as string
    return { ...common, event: name, rest: told.slice(event[0].length) }
  }
  const start = told.slice(0, 300)
  if (SYSCALL.test(start)) return { ...common, event: 'syscall', rest: told }
  return CALL.test(start) ? { ...common, event: 'function', rest: told } : null
}

/** The number after `key` in the fields of an event, `key=` or `key: `; NaN: there is none. */
export function field(rest: string, key: string): number {
  for (let at = rest.indexOf(key); at >= 0; at = rest.indexOf(key, at + 1)) {
    const before = at === 0 ? ' ' : (rest[at - 1] as string)
    if (/[\w-]/.test(before)) continue
    const value = /^\s?[=:]\s?(-?\d{1,19})/.exec(rest.slice(at + key.length, at + key.length + 32))
    if (value !== null) return Number(value[1])
  }
  return Number.NaN
}
