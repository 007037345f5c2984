/** `pcmsim recommend`: the smallest safe setting, with evidence and ready fragments. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { driverVersionNames } from '../app/DriverNames.ts'
import { makeConsole } from './console.ts'
import { jobsValue, seedValue } from './options.ts'
import { confidenceValue } from './sweep.ts'

interface RecommendFlags {
  readonly latency: string
  readonly driver: string
  readonly device: string
  readonly backend: string
  readonly load: 'idle' | 'light' | 'heavy'
  readonly client: 'aplay' | 'poll' | 'jack' | 'pipewire'
  readonly rate: number
  readonly duration: string
  readonly confidence: number
  readonly risk: number
  readonly seed: number
  readonly jobs: number
  readonly json?: boolean
  readonly quiet?: boolean
}

const examples = `
The latency is that of the ring between client and device: what the client's settings decide. The
way from write to sound is longer and is measured. Safe: no xrun and no silent failure in as many
runs as show, with this confidence, that less than the given share of runs (--risk) fails. If
nothing within the latency is safe, the smallest safe ring beyond it is recommended.
Loads, on each of two host CPUs: light 0.5 ms of each 20, heavy 2 ms of each 8, both random.

Examples:
  pcmsim recommend --latency 20ms --driver ack --device qemu --load heavy --confidence 99.9%
  pcmsim recommend --latency 60ms --client pipewire --jobs 2
  pcmsim recommend --latency 10ms --device vhost-user --backend alsa --load light --json

Exit codes: 0 found, 1 only beyond the latency, 2 bad input or nothing is safe, 70 our bug.
`

export function addRecommend(program: Command): void {
  const choice = (flags: string, text: string, values: string[], initial: string): Option =>
    new Option(flags, text).choices(values).default(initial)
  const drivers = [...driverVersionNames, 'xen-snd']
  const devices = ['qemu', 'vhost-user', 'crosvm', 'semu', 'generic']
  const backends = ['none', 'alsa', 'pipewire', 'pulse']
  program
    .command('recommend')
    .description('the smallest safe setting within a latency, with evidence and fragments')
    .requiredOption('--latency <duration>', 'longest ring, such as 20ms')
    .addOption(choice('--driver <version>', 'driver of the guest', drivers, 'ack'))
    .addOption(choice('--device <kind>', 'sound device', devices, 'qemu'))
    .addOption(choice('--backend <name>', 'host back end of QEMU', backends, 'pipewire'))
    .addOption(
      choice('--load <name>', 'other work on the host', ['idle', 'light', 'heavy'], 'light'),
    )
    .addOption(
      choice('--client <name>', 'who plays', ['aplay', 'poll', 'jack', 'pipewire'], 'aplay'),
    )
    .option('--rate <hz>', 'frames a second', rateValue, 48_000)
    .option('--duration <time>', 'length of a run', '5s')
    .option('--confidence <share>', 'of the statement', confidenceValue, 0.99)
    .option('--risk <share>', 'share of runs that may fail', riskValue, 0.01)
    .option('--seed <n>', 'seed of the first run', seedValue, 1)
    .option('--jobs <n>', 'worker threads', jobsValue, 1)
    .option('--json', 'print one JSON document and nothing else')
    .option('--quiet', 'print nothing; the exit code tells')
    .addHelpText('after', examples)
    .action(async (flags: RecommendFlags) => {
      process.exitCode = await recommend(flags)
    })
}

async function recommend(flags: RecommendFlags): Promise<number> {
  const onInterrupt = (): void => process.exit(130)
  process.once('SIGINT', onInterrupt)
  try {
    const { recommendCommand } = await import('../app/Recommend.ts')
    const { pointThreads } = await import('../app/SweepPool.ts')
    const { threads } = await import('../app/ExplorePool.ts')
    const [json, quiet] = [flags.json === true, flags.quiet === true]
    const options = { ...flags, json, quiet }
    const trials = threads(flags.jobs)
    return await recommendCommand(options, pointThreads, trials, makeConsole(quiet))
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function rateValue(text: string): number {
  const rate = /^\d+$/.test(text) ? Number(text) : 0
  if (rate >= 4_000 && rate <= 384_000) return rate
  throw new InvalidArgumentError('allowed: a whole number, 4000..384000')
}

function riskValue(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text)
  const share = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1)
  if (match !== null && share >= 1e-5 && share <= 0.5) return share
  throw new InvalidArgumentError('allowed: 0.001%..50%, or 0.00001..0.5')
}
