/**
 * The entry of `npm run bench:sweep`: what a second job is worth, how long a sweep takes, and what
 * memory. Runs the command line in processes of their own and reads what the kernel says of them
 * (Linux: /proc). Prints figures; judges nothing. The machine has to be quiet: CPU time alone does
 * not depend on that much.
 *
 * usage: npm run bench:sweep -- [pairs=3] [runs=10000]
 * `pairs` of sweeps with one job and with two in turn, each of `runs` runs of 2 s.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../bin/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-rate-'))
const scenario = join(folder, 'two-seconds.yaml')
const POLL_MS = 100
const TICKS_PER_SECOND = 100

interface Sample {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly residentMb: number
}

/** CPU time of all threads of a process and its resident memory; null: it has ended. */
function look(pid: number, startMs: number): Sample | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // After the name in brackets, which may hold blanks: utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const pages = Number(fields[21])
    if (pages === 0) return null
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    const seconds = (performance.now() - startMs) / 1000
    return { seconds, cpuSeconds, residentMb: (pages * 4096) / 2 ** 20 }
  } catch {
    return null
  }
}

/** Samples of a sweep of `runs` runs, the last one just before its end. */
async function sweep(runs: number, jobs: number): Promise<readonly Sample[]> {
  const out = join(folder, 'out')
  const seeds = ['--seeds', `1..${runs}`, '--jobs', `${jobs}`]
  const args = [main, 'sweep', scenario, ...seeds, '--out', out, '--quiet']
  const startMs = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const samples: Sample[] = []
  const timer = setInterval(() => {
    const sample = look(child.pid ?? 0, startMs)
    if (sample !== null) samples.push(sample)
  }, POLL_MS)
  const code = await new Promise((resolve) => child.on('exit', resolve))
  clearInterval(timer)
  const seconds = (performance.now() - startMs) / 1000
  rmSync(out, { recursive: true })
  const last = samples.at(-1)
  if (code !== 0 || last === undefined) throw new Error(`the sweep ended with ${code}`)
  return [...samples, { ...last, seconds }]
}

const last = (samples: readonly Sample[]): Sample => samples.at(-1) as Sample

function middle(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string =>
    (sorted[Math.round(share * (sorted.length - 1))] as number).toFixed(2)
  return `${at(0.5)} (${at(0)}..${at(1)})`
}

async function compareJobs(pairs: number, runs: number): Promise<void> {
  const rates: number[] = []
  const costs: number[] = []
  const perRun: number[][] = [[], []]
  for (let pair = 0; pair < pairs; pair++) {
    const one = last(await sweep(runs, 1))
    const samples = await sweep(runs, 2)
    const two = last(samples)
    rates.push(one.seconds / two.seconds)
    costs.push(two.cpuSeconds / one.cpuSeconds)
    perRun[0]?.push((one.cpuSeconds / runs) * 1000)
    perRun[1]?.push((two.cpuSeconds / runs) * 1000)
    process.stdout.write(longText(runs, samples))
  }
  process.stdout.write(
    `${pairs} pairs of ${runs} runs of 2 s, median (least..most), start-up included:\n` +
      `  rate of two jobs to one           ${middle(rates)}\n` +
      `  CPU time of two jobs to one       ${middle(costs)}\n` +
      `  CPU ms a run, one job             ${middle(perRun[0] ?? [])}\n` +
      `  CPU ms a run, two jobs            ${middle(perRun[1] ?? [])}\n`,
  )
}

function longText(runs: number, samples: readonly Sample[]): string {
  const { seconds, cpuSeconds } = last(samples)
  const memory = [0.1, 0.25, 0.5, 0.75, 1].map((share) => {
    const until = samples.filter((one) => one.seconds <= share * seconds)
    return `${Math.round(last(until).residentMb)}`
  })
  return (
    `${runs} runs of 2 s with two jobs: ${seconds.toFixed(1)} s, ` +
    `${(runs / seconds).toFixed(1)} runs/s, ${(cpuSeconds / seconds).toFixed(2)} processors\n` +
    `  resident MiB after 10, 25, 50, 75, 100 % of the time: ${memory.join(' ')}\n`
  )
}

function numberOf(name: string, usual: number): number {
  const given = process.argv.find((one) => one.startsWith(`${name}=`))
  return given === undefined ? usual : Number(given.slice(name.length + 1))
}

writeFileSync(
  scenario,
  'version: 1\nname: two-seconds\nduration: 2s\ndriver: {kind: virtio-snd}\n' +
    'streams: [{name: music, client: aplay}]\n',
)
try {
  await compareJobs(numberOf('pairs', 3), numberOf('runs', 10_000))
} finally {
  rmSync(folder, { recursive: true })
}
