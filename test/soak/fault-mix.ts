/**
 * Random scenarios of two seconds: a driver, a device, clients and faults, all drawn from one seed.
 * As a text, so that a bad one can be saved as a file and run by itself.
 */
import { Prng } from '../../src/base/prng.ts'

class Dice {
  private readonly rng: Prng

  constructor(seed: number, name = 'soak') {
    this.rng = new Prng(seed, name)
  }

  chance(probability: number): boolean {
    return this.rng.unit() < probability
  }

  of<V>(values: readonly V[]): V {
    return values[this.rng.below(values.length)] as V
  }

  int(from: number, to: number): number {
    return from + this.rng.below(to - from + 1)
  }

  /** A time between two numbers of microseconds. */
  us(from: number, to: number): string {
    return `${this.int(from, to)}us`
  }
}

type Entry = Readonly<Record<string, unknown>>

const VERSIONS = ['v5', 'v6', 'v7', 'v7', 'ack', 'ack']
const CLIENTS = ['aplay', 'aplay', 'arecord', 'poll', 'jack', 'pulse', 'pipewire', 'mmap', 'duplex']
const QUEUES = ['control', 'event', 'tx', 'rx']
const REQUESTS = ['SET_PARAMS', 'PREPARE', 'RELEASE', 'START', 'STOP']

function driver(dice: Dice): Entry {
  const version = dice.of(VERSIONS)
  const options: Record<string, unknown> = {}
  if (dice.chance(0.3)) options.msg_timeout = `${dice.int(20, 500)}ms`
  const posted = version === 'v5' || version === 'v6'
  if (posted && dice.chance(0.3)) options.nonatomic = false
  if (posted && dice.chance(0.1)) options.irqsave = false
  if (version === 'v5' && dice.chance(0.2)) options.freeInHwFree = true
  if (version === 'v5' && dice.chance(0.4)) {
    options.resetWork = dice.of(['cancel', 'resetting-flag', 'current-work'])
  }
  return { kind: 'virtio-snd', version, options }
}

function pacing(dice: Dice): Entry {
  return dice.of<Entry>([
    { kind: 'exact' },
    { kind: 'timer-bucket', tick: '10ms', bucket: dice.of([512, 1024, 4096]) },
    { kind: 'host-period', period: '20ms', periods: dice.int(2, 4) },
    { kind: 'pull', quantum: dice.of([128, 256, 1024]) },
  ])
}

function device(dice: Dice): Entry {
  const rings = {
    queue_size: dice.of([16, 64, 64, 256]),
    indirect: dice.chance(0.8),
    event_idx: dice.chance(0.7),
    vectors: dice.of(['shared', 'per-queue', 'intx']),
  }
  if (dice.chance(0.4)) {
    return {
      kind: 'qemu',
      backend: dice.of(['none', 'wav', 'alsa', 'pipewire', 'pulse']),
      ...rings,
    }
  }
  if (dice.chance(0.3)) {
    const backend = dice.of(['alsa', 'pipewire'])
    return { kind: 'vhost-user', backend, threads: dice.of([1, 3]), ...rings }
  }
  if (dice.chance(0.2)) return { kind: 'crosvm', ...rings }
  return {
    kind: 'generic',
    ...rings,
    pacing: pacing(dice),
    copy: dice.of(['on-arrival', 'at-consumption']),
    completion: dice.of(['at-copy', 'when-audible']),
    latency: dice.of(['zero', 'remaining', 'period', 'true']),
    lifecycle: dice.of(['none', 'bad-msg', 'crash']),
    release: dice.of([
      'flush-then-answer',
      'flush-then-answer',
      'answer-then-flush',
      'never-flush',
    ]),
    stop: dice.of(['keep', 'return']),
    events: dice.of(['none', 'xrun']),
    reset: dice.of(['clears', 'keeps']),
    ...(dice.chance(0.3) && { control_latency: dice.us(10, 20_000) }),
  }
}

/** Below it seeds make what they always made: tests name some of them. */
export const LATE_SEEDS = 10_000

/** What the devices learned later; draws from a stream of its own. */
function lateDevice(seed: number, usual: Entry): Entry {
  if (seed < LATE_SEEDS) return usual
  const dice = new Dice(seed, 'soak-device')
  if (dice.chance(0.1)) {
    const { queue_size, vectors } = usual
    const host_queue = { depth: dice.int(1, 4), mutex: dice.of(['released', 'released', 'held']) }
    return { kind: 'semu', host_queue, queue_size, vectors }
  }
  if (usual.kind === 'qemu') return usual
  const worker = dice.of(['stays', 'stays', 'stays', 'ends-with-release'])
  const advance = dice.of(['once', 'once', 'once', 'twice'])
  return { ...usual, worker, advance }
}

function stream(dice: Dice, index: number): Entry {
  const client = dice.of(CLIENTS)
  const period_size = dice.of([64, 96, 256, 480, 1024, 1500])
  return {
    name: `s${index}`,
    client,
    period_size,
    periods: dice.int(2, 8),
    start_at: dice.us(0, 200_000),
    ...(dice.chance(0.3) && { length: dice.us(100_000, 900_000) }),
    ...(dice.chance(0.2) && {
      stalls: [{ at: dice.us(1000, 900_000), for: dice.us(100, 80_000) }],
    }),
  }
}

function onEvents(dice: Dice): Entry {
  const how = dice.of<Entry>([
    { count: dice.int(1, 3) },
    { probability: dice.of([0.01, 0.1, 0.5]) },
  ])
  return { at: dice.us(0, 1_500_000), ...how }
}

function fault(dice: Dice): Entry {
  const at = dice.us(20_000, 1_500_000)
  const queue = dice.of(QUEUES)
  const request = dice.of(REQUESTS)
  const by = dice.us(50, 400_000)
  return dice.of<() => Entry>([
    () => ({ kind: 'device-stall', at, for: dice.us(1000, 1_200_000) }),
    () => ({ kind: 'needs-reset', at }),
    () => ({ kind: 'hot-remove', at }),
    () => ({ kind: 'signal', at }),
    () => ({ kind: 'xrun-event', at }),
    () => ({ kind: 'bad-used-id', queue, at }),
    () => ({ kind: 'drop-interrupt', queue, ...onEvents(dice) }),
    () => ({ kind: 'delay-interrupt', queue, by: dice.us(50, 30_000), ...onEvents(dice) }),
    () => ({ kind: 'duplicate-interrupt', queue, ...onEvents(dice) }),
    () => ({ kind: 'lost-kick', queue, ...onEvents(dice) }),
    () => ({ kind: 'control-slow', request, by, ...onEvents(dice) }),
    () => ({ kind: 'control-missing', request, ...onEvents(dice) }),
    () => ({ kind: 'control-reorder', request, ...onEvents(dice) }),
    () => ({
      kind: 'control-error',
      request,
      status: dice.of(['IO_ERR', 'BAD_MSG', 'NOT_SUPP']),
      ...onEvents(dice),
    }),
    () => ({
      kind: 'alloc-failure',
      gfp: dice.of(['GFP_KERNEL', 'GFP_ATOMIC']),
      ...onEvents(dice),
    }),
  ])()
}

/** A pause or a suspend: at most one, because two must not overlap. */
function pause(dice: Dice): Entry[] {
  if (!dice.chance(0.3)) return []
  const kind = dice.of(['vm-pause', 'suspend'])
  return [{ kind, at: dice.us(100_000, 1_200_000), for: dice.us(1000, 400_000) }]
}

function guest(dice: Dice): Entry {
  return {
    kernel: dice.of(['6.1', '6.12']),
    hz: dice.of([100, 250, 1000]),
    preempt: dice.of(['none', 'voluntary', 'full', 'rt']),
    cpus: dice.int(1, 3),
    threadirqs: dice.chance(0.1),
    xrun_debug: dice.of([0, 0, 1, 7]),
  }
}

/** The scenario of a seed, as JSON, which is YAML too. */
export function faultMix(seed: number): string {
  const dice = new Dice(seed)
  const scenario = {
    version: 1,
    name: `soak-${seed}`,
    duration: '2s',
    seed,
    guest: guest(dice),
    host: { cpus: dice.int(1, 4), kick: dice.of(['ioeventfd', 'userspace']) },
    driver: driver(dice),
    device: lateDevice(seed, device(dice)),
    streams: Array.from({ length: dice.int(1, 2) }, (_, i) => stream(dice, i)),
    faults: [...Array.from({ length: dice.int(0, 4) }, () => fault(dice)), ...pause(dice)],
    expect: { outcome: ['completed', 'deadlock', 'limit'] },
  }
  return JSON.stringify(scenario, null, 1)
}
