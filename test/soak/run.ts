/**
 * The entry of `npm run soak`: prints what was done, how fast, and what was found; exit code 1 if
 * anything was that must not be.
 *
 * usage: npm run soak -- [controls] [cycles] [faults] [seeds=<n>] [cycles=<n>]
 */
import { controlRuns, controlText } from './controls.ts'
import { type CycleKind, cycleSoak } from './cycles.ts'
import { faultSoak } from './faults.ts'

const CONTROL_SEEDS = 20
const CONTROL_DURATION = '60s'

let failed = false

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function demand(what: string, holds: boolean, found = ''): void {
  if (holds) return
  failed = true
  say(`FAILED: ${what}${found === '' ? '' : `\n${found}`}`)
}

/** Seconds of processor time that `work` took, and what it gave. */
function timed<V>(work: () => V): readonly [V, number] {
  const before = process.cpuUsage()
  const value = work()
  const { user, system } = process.cpuUsage(before)
  return [value, (user + system) / 1e6]
}

function controls(): void {
  const seeds = Array.from({ length: CONTROL_SEEDS }, (_, i) => i + 1)
  const [{ found }, s] = timed(() => controlRuns(controlText(), CONTROL_DURATION, seeds))
  say(
    `controls: 4 variants x ${CONTROL_SEEDS} seeds x ${CONTROL_DURATION}, ${s.toFixed(0)} s of CPU`,
  )
  demand('no report of any kind', found.length === 0, found.join('\n'))
}

function cycles(count: number): void {
  for (const version of ['v7', 'ack']) {
    for (const kind of ['open-close', 'start-stop'] as readonly CycleKind[]) {
      const [report, s] = timed(() => cycleSoak(kind, version, count))
      const { heap, memory, locks, incidents, simulatedNs } = report
      const rate = (report.cycles / s).toFixed(0)
      const simulated = (simulatedNs / 1e9).toFixed(1)
      const done = `${report.cycles} cycles, ${simulated} s simulated`
      say(`${kind}, ${version}: ${done}, ${rate}/s, ${heap}`)
      demand('all cycles are done', report.cycles === count)
      demand('no report', memory.length + locks.length + incidents.length === 0)
      demand('flat memory', heap.isFlat)
    }
  }
}

function faults(seeds: number): void {
  const [report, s] = timed(() => faultSoak(0, seeds))
  const { outcomes, reports, failures, simulatedNs, records, heap } = report
  const rate = (seeds / s).toFixed(1)
  const simulated = (simulatedNs / 1e9).toFixed(0)
  say(
    `faults: ${seeds} seeds, ${simulated} s simulated, ${records} records, ${rate} runs/s, ${heap}`,
  )
  say(`  outcomes ${JSON.stringify(outcomes)}`)
  say(`  runs that reported ${JSON.stringify(reports)}`)
  demand('no run throws', failures.length === 0, failures.slice(0, 5).join('\n'))
  demand('flat memory', heap.isFlat)
}

const args = process.argv.slice(2)
const number = (name: string, otherwise: number): number => {
  const found = args.find((arg) => arg.startsWith(`${name}=`))
  return found === undefined ? otherwise : Number(found.slice(name.length + 1))
}
const wanted = args.filter((arg) => !arg.includes('='))
const wants = (name: string): boolean => wanted.length === 0 || wanted.includes(name)

if (wants('controls')) controls()
if (wants('cycles')) cycles(number('cycles', 10_000))
if (wants('faults')) faults(number('seeds', 10_000))
process.exitCode = failed ? 1 : 0
