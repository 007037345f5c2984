/**
 * KTAP, version 1: a line for each run, its expectations as a nested test where it has any.
 * Source: Documentation/dev-tools/ktap.rst, v6.12.
 */
import { type ExportedRun, nameOf } from './exported-run.ts'

export function* ktapText(runs: readonly ExportedRun[]): Generator<string, void, undefined> {
  yield `KTAP version 1\n1..${runs.length}\n`
  for (const [at, run] of runs.entries()) yield runLines(run, at + 1)
}

function runLines({ result, judged, why }: ExportedRun, number: number): string {
  const { expectations, pass, seed } = result
  const name = `${lineOf(nameOf(result))} seed ${seed}`
  if (!judged) return `ok ${number} ${name} # SKIP a trace has no verdicts\n`
  const nested = expectations.flatMap((one, at) => {
    const said = one.pass ? [] : [`# expected ${one.expected}, actual ${one.actual}`]
    return [...said, `${one.pass ? 'ok' : 'not ok'} ${at + 1} ${lineOf(one.name)}`]
  })
  const subtest =
    expectations.length === 0
      ? []
      : ['KTAP version 1', `1..${expectations.length}`, ...nested].map((one) => `  ${lineOf(one)}`)
  const reason =
    pass || why === ''
      ? []
      : why
          .trimEnd()
          .split('\n')
          .map((one) => `# ${one}`)
  const lines = [...subtest, ...reason, `${pass ? 'ok' : 'not ok'} ${number} ${name}`]
  return lines.map((line) => `${line}\n`).join('')
}

/** A line feed would begin another result, and `#` a directive. */
function lineOf(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ')
}
