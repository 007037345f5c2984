/**
 * The text of a data race, in the layout of the kernel's report, then what held locks and virtual
 * times add. Kernel: kernel/kcsan/report.c, print_report(), 6.1.
 */
import { timeText } from '../lockdep/site.ts'
import { kcsanSentence } from './kcsan-rules.ts'
import type { Access, DataRace } from './race-fold.ts'

const RULER = '='.repeat(66)

export function raceText(race: DataRace): string {
  const { cell, first, second, count, kcsan } = race
  if (kcsan === 'unknown-origin') return unknownOriginText(race)
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
    `pcmsim: ${kcsanSentence(kcsan, first, second)}`,
    RULER,
  ].join('\n')
}

/** Only the kernel's side is known to it; the program's is told in our lines. */
function unknownOriginText({ cell, first, second, count, kcsan }: DataRace): string {
  const [known, other] = first.user ? [second, first] : [first, second]
  const [what = '', ...where] = accessLines(cell, known)
  const often = count === 1 ? 'once' : `${count} times`
  return [
    RULER,
    `BUG: KCSAN: data-race in ${nameOf(known)}`,
    '',
    `race at unknown origin, with ${what}`,
    ...where,
    '',
    `pcmsim: the other one: ${accessLines(cell, other).join(' ')}`,
    `pcmsim: nothing orders these two accesses of ${cell}; seen so ${often} in this run.`,
    `pcmsim: ${kcsanSentence(kcsan, first, second)}`,
    RULER,
  ].join('\n')
}

function nameOf({ functions, context }: Access): string {
  return functions[0] ?? context.replace(/\/\d+$/, '')
}

function accessLines(cell: string, one: Access): string[] {
  const { context, kind, cpu, write, marked, user, functions, held, timeNs, record } = one
  const what = `${write ? 'write' : 'read'}${marked ? ' (marked)' : ''} to ${cell}`
  const by = kind === 'hardirq' || kind === 'softirq' ? `interrupt ${context}` : `task ${context}`
  const where = user ? ['in user space'] : functions
  const locks = held.length === 0 ? 'no locks held' : `holding ${held.join(', ')}`
  return [
    `${what} by ${by} on cpu ${cpu}:`,
    ...where.map((name) => ` ${name}`),
    ` ${timeText(timeNs)} record ${record}, ${locks}`,
  ]
}
