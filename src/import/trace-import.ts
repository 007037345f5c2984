/**
 * Reads traces that other tools wrote: ftrace text in either layout and QEMU's log, told apart line
 * by line, so that one reader takes both files one after the other. Text comes in pieces of any
 * size. Whatever a file has in it, memory is bounded: a line longer than a limit is malformed, and
 * more events than a limit are a TraceImportFault. Nothing here touches the disk.
 */

import { FtraceEvents } from './ftrace-events.ts'
import { ftraceLine } from './ftrace-line.ts'
import type { GuestEvent, Imported } from './guest-event.ts'
import { QemuEvents } from './qemu-events.ts'

/** More than this of one trace is not kept, and a longer line is no line. */
export interface ImportLimits {
  readonly events: number
  readonly lines: number
  readonly lineLength: number
}

const LIMITS: ImportLimits = { events: 2_000_000, lines: 50_000_000, lineLength: 8_192 }

/** A trace that is larger than what can be read; the message says which limit. */
export class TraceImportFault extends Error {
  override readonly name = 'TraceImportFault'
}

export class TraceImport {
  private readonly ftrace = new FtraceEvents()
  private readonly qemu = new QemuEvents()
  private readonly limits: ImportLimits
  private rest = ''
  /** The line under way is too long: what is left of it is passed over. */
  private cut = false
  private lines = 0
  private malformed = 0
  private skipped = 0
  private lost = 0

  constructor(limits: Partial<ImportLimits> = {}) {
    this.limits = { ...LIMITS, ...limits }
  }

  push(piece: string): void {
    let from = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      this.part(piece, from, end)
      this.endLine()
      from = end + 1
    }
    this.part(piece, from, piece.length)
  }

  /** Ends a file: its last line may lack the newline. */
  endFile(): void {
    if (this.rest !== '' || this.cut) this.endLine()
  }

  finish(): Imported {
    this.endFile()
    return {
      guest: settled(this.ftrace.events),
      host: inOrder(this.qemu.events),
      tasks: this.ftrace.tasks,
      timerPeriodNs: this.qemu.timerPeriodNs,
      counts: {
        lines: this.lines,
        malformed: this.malformed,
        skipped: this.skipped,
        lost: this.lost,
      },
    }
  }

  private part(piece: string, from: number, to: number): void {
    if (this.cut) return
    if (this.rest.length + to - from > this.limits.lineLength) {
      this.cut = true
      this.rest = ''
    } else this.rest += piece.slice(from, to)
  }

  private endLine(): void {
    const { rest, cut } = this
    this.rest = ''
    this.cut = false
    this.lines++
    if (this.lines > this.limits.lines) {
      throw new TraceImportFault(`more than ${this.limits.lines} lines, the limit of a trace`)
    }
    if (cut) this.malformed++
    else this.line(rest.endsWith('\r') ? rest.slice(0, -1) : rest)
  }

  private line(line: string): void {
    if (line.trim() === '' || line.startsWith('#') || /^cpus=\d/.test(line)) return
    const lost = /LOST (\d{1,9}) EVENTS|EVENTS DROPPED/.exec(line.slice(0, 200))
    if (lost !== null) {
      this.lost += Number(lost[1] ?? 1)
      return
    }
    const used = this.qemu.push(line) ?? this.guest(line)
    if (used === null) this.malformed++
    else if (!used) this.skipped++
    else if (this.ftrace.events.length + this.qemu.events.length > this.limits.events) {
      throw new TraceImportFault(`more than ${this.limits.events} events, the limit of a trace`)
    }
  }

  private guest(line: string): boolean | null {
    const read = ftraceLine(line)
    return read === null ? null : this.ftrace.push(read)
  }
}

function inOrder<E extends { readonly timeNs: number }>(events: readonly E[]): readonly E[] {
  const sorted = events.every((one, i) => i === 0 || one.timeNs >= (events[i - 1] as E).timeNs)
  // Lines of several processors may be out of order; equal times keep theirs.
  return sorted ? events : events.toSorted((a, b) => a.timeNs - b.timeNs)
}

/**
 * Each call once: of a function that is probed, the function tracer's lines are dropped; where
 * neither is there, the pointer update in period-elapsed (`IRQ`) stands for the call. The direction
 * of a call is that of the pointer update that follows in the same context.
 */
function settled(events: readonly GuestEvent[]): readonly GuestEvent[] {
  const probed = new Set(events.filter(({ traced }) => !traced).map(({ kind }) => kind))
  const once = inOrder(events.filter(({ traced, kind }) => !traced || !probed.has(kind)))
  const calls = once.some(({ kind }) => kind === 'elapsed')
  const found: GuestEvent[] = []
  const open = new Map<number, GuestEvent>()
  for (const event of once) {
    const irq = event.kind === 'hwptr' && event.text === 'IRQ'
    if (irq && !calls) found.push({ ...event, kind: 'elapsed' })
    found.push(event)
    if (event.kind === 'elapsed') open.set(event.task, event)
    const call = irq ? open.get(event.task) : undefined
    if (call !== undefined) {
      if (call.side === '') call.side = event.side
      open.delete(event.task)
    }
  }
  return found
}
