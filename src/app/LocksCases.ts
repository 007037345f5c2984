/** `pcmsim locks --cases`: the verdict of the validator on each operation list of a file. */
import * as Effect from 'effect/Effect'
import { type CaseVerdict, judgeCase } from '../analysis/lockdep/cases.ts'
import { exitCodes } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { readCases } from './LocksInput.ts'
import { plural } from './report-format.ts'

export interface LocksCasesOptions {
  readonly json: boolean
}

export function locksCasesCommand(
  path: string,
  options: LocksCasesOptions,
  console: Console,
): Promise<number> {
  const program = readCases(path).pipe(
    Effect.map((cases) => {
      const verdicts = cases.map((one) => judgeCase(one))
      console.out(options.json ? verdictsJson(verdicts) : verdictsText(verdicts))
      return exitCodes.ok
    }),
    Effect.provide(Files.layer),
  )
  return exitCodeOf(program, console)
}

function verdictsJson(verdicts: readonly CaseVerdict[]): string {
  const cases = verdicts.map(({ name, verdict, kind }) => ({ name, verdict, kind }))
  return `${JSON.stringify({ cases }, null, 2)}\n`
}

function verdictsText(verdicts: readonly CaseVerdict[]): string {
  const lines = verdicts.map(({ name, verdict, kind }) => `${verdict} ${name} ${kind ?? ''}`)
  const reports = verdicts.filter((one) => one.verdict === 'report').length
  const total = `${plural(verdicts.length, 'case')}, ${plural(reports, 'report')}`
  return `${[...lines.map((line) => line.trimEnd()), total].join('\n')}\n`
}
