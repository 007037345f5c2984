/**
 * How long the command takes to start, as a ratio to an empty Node process: `check` of a scenario
 * loads everything up to the decoder. Wall-clock time, both started in turn.
 */
import { spawnSync } from 'node:child_process'

const SCENARIO = 'version: 1\nname: x\ndriver: {kind: virtio-snd}\nstreams: [{}]\n'
const PAIRS = 5

function wallMs(args: readonly string[]): number {
  const startMs = performance.now()
  const run = spawnSync(process.execPath, args, { input: SCENARIO, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`start-up: ${args.join(' ')} failed: ${run.stderr}`)
  return performance.now() - startMs
}

export function startUpSample(main: string): number {
  const ratios = Array.from({ length: PAIRS }, () => {
    const emptyMs = wallMs(['-e', '0'])
    return wallMs([main, 'check', '-', '--quiet']) / emptyMs
  })
  return ratios.toSorted((a, b) => a - b)[PAIRS >> 1] as number
}
