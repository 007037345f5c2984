/**
 * What a context is doing, from the records that enter and leave functions: the symbolic stack of
 * reports. System calls, handlers, soft interrupts, work items, driver callbacks.
 */
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Frame } from './site.ts'

type What = 'syscall' | 'irq' | 'softirq' | 'work' | 'trigger' | 'op'

const enters = new Map<number, What>([
  [T.syscall_enter, 'syscall'],
  [T.irq_handler_entry, 'irq'],
  [T.softirq_entry, 'softirq'],
  [T.workqueue_execute_start, 'work'],
  [T.snd_pcm_trigger, 'trigger'],
  [T.snd_pcm_op, 'op'],
])

const leaves = new Map<number, What>([
  [T.syscall_exit, 'syscall'],
  [T.irq_handler_exit, 'irq'],
  [T.softirq_exit, 'softirq'],
  [T.workqueue_execute_end, 'work'],
  [T.snd_pcm_trigger_done, 'trigger'],
  [T.snd_pcm_op_done, 'op'],
])

/** Kinds whose first argument is a stream: what the function is stands in the second. */
const ofStream: readonly What[] = ['syscall', 'trigger', 'op']

export const frameKinds: readonly number[] = [...enters.keys(), ...leaves.keys()]

/** The frames after a record. One that leaves takes with it what was left without a record. */
export function followFrames(frames: Frame | null, r: TraceRecord): Frame | null {
  const entered = enters.get(r.kind)
  if (entered !== undefined) {
    return { what: entered, id: ofStream.includes(entered) ? r.b : r.a, parent: frames }
  }
  const left = leaves.get(r.kind)
  for (let at = frames; at !== null; at = at.parent) if (at.what === left) return at.parent
  return frames
}

export function frameName(symbols: Symbols, { what, id }: Frame): string {
  switch (what as What) {
    case 'syscall':
      return `${CODES.call?.[id] ?? id}()`
    case 'irq':
      return `handler of ${symbols.name('irq', id)}`
    case 'softirq':
      return `softirq ${id}`
    case 'work': {
      const { name, group } = symbols.entry('work', id)
      return `${group ?? name}()`
    }
    case 'trigger':
      return `trigger(${CODES.trigger?.[id] ?? id})`
    case 'op':
      return `ops->${CODES.op?.[id] ?? id}()`
  }
}
