/**
 * The searches whose findings are kept in test/replay: an ordinary scenario from a clean seed, how
 * it was searched, what for. `npm run replays` searches again where a change of the model has moved
 * the visible operations that a kept schedule counts.
 */
import type { StrategyName } from '../../src/explore/strategies.ts'
import { textOf } from './explore-scenarios.ts'

export interface KeptSearch {
  /** Name of the file in test/replay. */
  readonly name: string
  readonly scenario: string
  readonly strategy: StrategyName
  readonly find: readonly string[]
  readonly runs: number
  /** Begin of the text of the failure that is kept, where a search finds several. */
  readonly keep: string
}

function scenario(...lines: readonly string[]): string {
  return ['version: 1', 'name: ordinary', ...lines, ''].join('\n')
}

const pauses = [10, 15, 20, 25, 30, 35].map((at, i) => {
  return `      - {call: ${i % 2 === 0 ? 'pause' : 'release'}, at: ${at}ms}`
})

/** A client that pauses now and then, interrupts on the other CPU. */
const pausing = scenario(
  'duration: 60ms',
  'driver: {kind: virtio-snd, version: v6, options: {nonatomic: false}}',
  'guest: {cpus: 2, irq_affinity: {virtio0-virtsnd-ctl: 0, virtio0-virtsnd-tx: 1}}',
  'host: {cpus: 3}',
  'device: {kind: generic, vectors: per-queue}',
  'streams:',
  '  - name: music',
  '    client: scripted',
  '    period_size: 48',
  '    periods: 16',
  '    stop_threshold: boundary',
  '    options:',
  '      cpus: [0]',
  '      script:',
  '      - {call: open}',
  '      - {call: hw_params}',
  '      - {call: sw_params, start_threshold: 768, stop_threshold: boundary}',
  '      - {call: prepare}',
  '      - {call: writei, frames: 768}',
  ...pauses,
)

const smallChunks = scenario(
  'duration: 1s',
  'driver: {kind: xen-snd, options: {periodTest: ">="}}',
  'device: {kind: xen, turn_around: 20us}',
  'streams: [{name: music, client: aplay, period_size: 64, periods: 16}]',
)

function reset(proposal: string): string {
  return scenario(
    'duration: 2s',
    `driver: {kind: virtio-snd, version: v5, options: {resetWork: ${proposal}}}`,
    'guest: {cpus: 2}',
    'host: {cpus: 3}',
    'device: {kind: generic, lifecycle: none}',
    'streams: [{name: music, client: aplay, period_size: 480, periods: 4, length: 200ms}]',
  )
}

export const keptSearches: readonly KeptSearch[] = [
  {
    name: 'ack-freeze',
    scenario: textOf('ack', '500ms'),
    strategy: 'random',
    find: ['stall'],
    runs: 20_000,
    keep: 'stalled',
  },
  {
    name: 'v6-atomic-abba',
    scenario: pausing,
    strategy: 'mixed',
    find: ['deadlock'],
    runs: 6000,
    keep: 'deadlock',
  },
  {
    name: 'v6-atomic-recursion',
    scenario: textOf('atomic'),
    strategy: 'mixed',
    find: ['deadlock'],
    runs: 6000,
    keep: 'deadlock',
  },
  {
    name: 'v5-free-in-hw-free',
    scenario: textOf('free', '4s'),
    strategy: 'swarm',
    find: ['memory'],
    runs: 6000,
    keep: 'freed-while-device-owns',
  },
  {
    name: 'v5-reset-cancels-itself',
    scenario: reset('cancel'),
    strategy: 'swarm',
    find: ['deadlock'],
    runs: 2000,
    keep: 'deadlock',
  },
  {
    name: 'v5-reset-both-tear-down',
    scenario: reset('resetting-flag, resetBy: bus-remove'),
    strategy: 'swarm',
    find: ['memory'],
    runs: 6000,
    keep: 'double-free',
  },
  {
    name: 'xen-small-chunks-late-interrupt',
    scenario: smallChunks,
    strategy: 'delay',
    find: ['xrun'],
    runs: 2000,
    keep: 'xrun',
  },
]
