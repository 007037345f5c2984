/**
 * The text of a data race, in the layout of the kernel's report, then what held locks and virtual
 * times add. Kernel: kernel/kcsan/report.c, print_report(), 6.1.
 */
import { timeText } from '../lockdep/site.ts'
import type { Access, DataRace } from './race-fold.ts'

const RULER = '='.repeat(66)

export function raceText({ cell, first, second, count }: DataRace): string {
  const often = count === 1 ? 'once' : `${count} times`
  return [
    RULER,
    `BUG: KCSAN: data-race in ${nameOf(second)} / ${nameOf(first)}`,
    '',
    ...accessLines(cell, second),
    '',
    ...accessLines(cell, first),
    '',
    `pcmsim: nothing orders these two accesses of ${cell}; seen so ${often} in this run.`,
    RULER,
  ].join('\n')
}

function nameOf({ functions, context }: Access): string {
  return functions[0] ?? context
}

function accessLines(cell: string, one: Access): string[] {
  const { context, kind, cpu, write, marked, functions, held, timeNs, record } = one
  const what = `${write ? 'write' : 'read'}${marked ? ' (marked)' : ''} to ${cell}`
  const by = kind === 'hardirq' || kind === 'softirq' ? `interrupt ${context}` : `task ${context}`
  const locks = held.length === 0 ? 'no locks held' : `holding ${held.join(', ')}`
  return [
    `${what} by ${by} on cpu ${cpu}:`,
    ...functions.map((name) => ` ${name}`),
    ` ${timeText(timeNs)} record ${record}, ${locks}`,
  ]
}
