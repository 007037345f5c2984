/**
 * What a scenario means when it says nothing, and the limits of what it may say. One place, so that
 * the documentation, the schema and the completion agree. Times are nanoseconds, sizes are frames.
 */
import { NS_PER_MS, NS_PER_SEC, NS_PER_US } from '../base/units.ts'
import type { XenDeviceSpec } from './device-spec.ts'
import type { DriverOptions, IdealFaults } from './spec.ts'

export const scenarioDefaults = {
  durationNs: 5 * NS_PER_SEC,
  seed: 1,
} as const

export const guestDefaults = {
  kernel: '6.1',
  hz: 250,
  preempt: 'voluntary',
  rtRuntimeNs: 950 * NS_PER_MS,
  cpus: 2,
  costs: 'kvm-x86',
} as const

export const hostDefaults = {
  cpus: 2,
  hz: 250,
  fair: 'eevdf',
  rtRuntimeNs: 950 * NS_PER_MS,
  costs: 'kvm-x86',
  haltPollNs: 200 * NS_PER_US,
  kick: 'ioeventfd',
  irqRoute: 'ioctl',
} as const

export const deviceDefaults = {
  kind: 'qemu',
  timerPeriodNs: 10 * NS_PER_MS,
  queue_size: 64,
  clockPpm: 0,
  vectors: 'shared',
  hostQueue: { depth: 1, mutex: 'released' },
} as const

/**
 * The back end's turn-around makes a round trip of 80 us +- 40 us with the default costs, and one
 * in a thousand of 2 ms. Source: domain/xen-sndif.md 8, an estimate from the number of hops.
 */
export const xenDeviceDefaults: XenDeviceSpec = {
  turnAround: {
    kind: 'mixture',
    parts: [
      {
        weight: 0.999,
        of: { kind: 'lognormal', medianNs: 15_000, sigma: 1, minNs: 5_000, maxNs: 200_000 },
      },
      { weight: 0.001, of: { kind: 'uniform', minNs: 1_500_000, maxNs: 2_500_000 } },
    ],
  },
  positionEvery: { periods: 1, per: 1, extra: 0 },
  positionFirst: null,
  positionReset: 'keeps',
  eventIds: 'continue',
  eventsAfterStop: 'none',
  outstanding: 'one',
  queryShrink: null,
  removal: 'init-wait',
}

export const driverOptionDefaults: DriverOptions = {
  msg_timeout_ms: 1_000,
  pcm_buffer_ms: 160,
  pcm_periods_min: 2,
  pcm_periods_max: 16,
  pcm_period_ms_min: 10,
  pcm_period_ms_max: 80,
}

export const idealDefaults: IdealFaults = {
  inject_delay: 0,
  inject_hwpars_err: false,
  inject_prepare_err: false,
  inject_trigger_err: false,
}

/** Ring and thresholds are the client's (client-defaults.ts). */
export const streamDefaults = {
  client: 'aplay',
  format: 'S16_LE',
  rate: 48_000,
  channels: 2,
  onXrun: 'recover',
} as const

export const scenarioLimits = {
  durationNsMax: 86_400 * NS_PER_SEC,
  cpusMax: 8,
  streamsMax: 16,
  /** Outputs of QEMU's device: `streams` is 10 at most, and half of them are outputs. */
  qemuStreamsMax: 5,
  stallsMax: 10_000,
  /** Of a scripted client. */
  threadsMax: 16,
  tasksMax: 100,
  burstsMax: 1_000_000,
  faultsMax: 10_000,
  variantsMax: 1_000,
  seedMax: 2 ** 32 - 1,
  reseedsMax: 10_000,
  nameLengthMax: 100,
  queueSizeMax: 32_768,
} as const
