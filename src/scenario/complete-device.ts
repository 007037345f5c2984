/**
 * The device of a scenario: defaults, and which keys belong to which kind. Part of complete.ts;
 * pure. Times are nanoseconds, sizes frames.
 */
import type { HostQueue, Pacing } from '../model/host/generic/options.ts'
import { completeControls } from './complete-controls.ts'
import { deviceDefaults, xenDeviceDefaults } from './defaults.ts'
import {
  type BackendKind,
  type DeviceInput,
  type DeviceKind,
  type DeviceProperties,
  type DeviceSpec,
  deviceBackends,
  deviceKinds,
  type PacingInput,
  propertyWords,
  type XenDeviceSpec,
  xenWords,
} from './device-spec.ts'
import { driverKinds, hasDevice } from './driver-kinds.ts'
import type { Fault } from './fault.ts'
import { checkCpus } from './loads.ts'
import type { DriverKind } from './spec.ts'

type Key = keyof DeviceInput
type Wrong = (path: readonly string[], at: Fault['at'], what: string, allowed: string) => void

const properties: readonly Key[] = [
  ...(Object.keys(propertyWords) as Key[]),
  'pacing',
  'control_latency',
  'stalls',
  'controls',
]
const everybody: readonly Key[] = [
  'kind',
  'queue_size',
  'indirect',
  'event_idx',
  'clock',
  'clock_wander',
  'vectors',
  'pin',
  'jacks',
  'chmaps',
]

const xenKeys: readonly Key[] = [
  ...(Object.keys(xenWords) as Key[]),
  'turn_around',
  'position_every',
  'position_first',
  'query_shrink',
]

/** Keys that each kind takes. */
const keysOf: Readonly<Record<DeviceKind, readonly Key[]>> = {
  qemu: [...everybody, 'backend', 'timer_period', 'mixing_engine', 'fixed_settings'],
  'vhost-user': [...everybody, 'backend', 'threads', ...properties],
  crosvm: [...everybody, ...properties],
  semu: [...everybody, ...properties, 'host_queue'],
  generic: [...everybody, ...properties],
  xen: ['kind', 'clock', 'clock_wander', ...xenKeys],
}

export function completeDevice(
  device: DeviceInput,
  driver: DriverKind,
  hostCpus: number,
  faults: Fault[],
): DeviceSpec {
  const wrong: Wrong = (path, at, what, allowed) => {
    faults.push({ path: ['device', ...path], at, what, allowed })
  }
  const usual = driverKinds[driver].bus === 'xen' ? 'xen' : deviceDefaults.kind
  const kind = device.kind ?? usual
  if (driver !== 'ideal' && !hasDevice(driver)) checkNone(device, driver, wrong)
  else {
    checkTransport(kind, driver, wrong)
    checkKeys(kind, device, wrong)
  }
  checkCpus(device.pin, ['device', 'pin'], hostCpus, faults)
  return {
    kind,
    backend: backendOf(kind, device.backend, wrong),
    timerPeriodNs: device.timer_period ?? deviceDefaults.timerPeriodNs,
    mixingEngine: device.mixing_engine ?? true,
    fixedSettings: fixedSettings(device, wrong),
    pin: device.pin ?? null,
    queue_size: device.queue_size ?? deviceDefaults.queue_size,
    // semu offers neither.
    indirect: device.indirect ?? kind !== 'semu',
    eventIdx: device.event_idx ?? kind !== 'semu',
    threads: device.threads ?? 1,
    clockPpm: device.clock ?? deviceDefaults.clockPpm,
    wanderPpm: device.clock_wander?.ppm ?? 0,
    wanderPeriodNs: device.clock_wander?.period ?? 0,
    vectors: device.vectors ?? deviceDefaults.vectors,
    properties: propertiesOf(device, wrong),
    controlLatency: device.control_latency ?? null,
    hostQueue: kind === 'semu' ? hostQueueOf(device) : null,
    controls: completeControls(device, faults),
    xen: completeXen(device),
  }
}

function checkNone(device: DeviceInput, driver: DriverKind, wrong: Wrong): void {
  for (const [name, value] of Object.entries(device)) {
    if (value !== undefined) wrong([name], 'key', `the driver '${driver}' has no device`, 'nothing')
  }
}

function hostQueueOf({ host_queue: given }: DeviceInput): HostQueue {
  const usual = deviceDefaults.hostQueue
  return { depth: given?.depth ?? usual.depth, mutex: given?.mutex ?? usual.mutex }
}

/** A driver finds its device on its own bus only. */
function checkTransport(kind: DeviceKind, driver: DriverKind, wrong: Wrong): void {
  const { bus } = driverKinds[driver]
  const allowed = deviceKinds.filter((one) => busOf(one) === bus)
  if (bus === null || allowed.includes(kind)) return
  wrong(['kind'], 'value', `the driver '${driver}' does not drive '${kind}'`, allowed.join(', '))
}

function busOf(kind: DeviceKind): 'virtio' | 'xen' {
  return kind === 'xen' ? 'xen' : 'virtio'
}

function completeXen(device: DeviceInput): XenDeviceSpec {
  const usual = xenDeviceDefaults
  return {
    turnAround: device.turn_around ?? usual.turnAround,
    positionEvery: device.position_every ?? usual.positionEvery,
    positionFirst: device.position_first ?? usual.positionFirst,
    positionReset: device.position_reset ?? usual.positionReset,
    eventIds: device.event_ids ?? usual.eventIds,
    eventsAfterStop: device.events_after_stop ?? usual.eventsAfterStop,
    outstanding: device.outstanding ?? usual.outstanding,
    queryShrink: device.query_shrink ?? usual.queryShrink,
    removal: device.removal ?? usual.removal,
  }
}

function checkKeys(kind: DeviceKind, device: DeviceInput, wrong: Wrong): void {
  const allowed: readonly string[] = keysOf[kind]
  for (const [name, value] of Object.entries(device)) {
    if (value === undefined || allowed.includes(name)) continue
    wrong([name], 'key', `the device '${kind}' does not take this`, allowed.join(', '))
  }
}

/** QEMU refuses fixed settings without its mixing engine; by default they go together. */
function fixedSettings(device: DeviceInput, wrong: Wrong): boolean {
  const engine = device.mixing_engine ?? true
  if (!engine && device.fixed_settings === true) {
    const what = 'fixed settings need the mixing engine'
    wrong(['fixed_settings'], 'value', what, 'false, or mixing_engine: true')
  }
  return device.fixed_settings ?? engine
}

function backendOf(
  kind: DeviceKind,
  given: BackendKind | undefined,
  wrong: Wrong,
): BackendKind | null {
  const known: readonly BackendKind[] = deviceBackends[kind]
  if (given !== undefined && known.length > 0 && !known.includes(given)) {
    wrong(['backend'], 'value', `'${kind}' has no back end '${given}'`, known.join(', '))
  }
  return given ?? known[0] ?? null
}

function propertiesOf(device: DeviceInput, wrong: Wrong): DeviceProperties {
  const words = Object.keys(propertyWords) as (keyof typeof propertyWords)[]
  const given = words.filter((name) => device[name] !== undefined)
  return {
    ...Object.fromEntries(given.map((name) => [name, device[name]])),
    ...(device.pacing === undefined ? {} : { pacing: pacingOf(device.pacing, wrong) }),
    ...(device.stalls === undefined
      ? {}
      : { stalls: device.stalls.map((one) => ({ atNs: one.at, forNs: one.for })) }),
  }
}

const pacingKeys: Readonly<Record<Pacing['kind'], readonly (keyof PacingInput)[]>> = {
  'timer-bucket': ['tick', 'bucket'],
  'host-period': ['period', 'periods'],
  pull: ['quantum'],
  'free-run': [],
  exact: [],
}

export const pacingKinds = Object.keys(pacingKeys) as readonly Pacing['kind'][]

function pacingOf(input: PacingInput, wrong: Wrong): Pacing {
  const { kind } = input
  const allowed: readonly string[] = ['kind', ...pacingKeys[kind]]
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || allowed.includes(name)) continue
    wrong(['pacing', name], 'key', `pacing '${kind}' does not take this`, allowed.join(', '))
  }
  for (const name of pacingKeys[kind]) {
    if (input[name] !== undefined) continue
    wrong(['pacing'], 'value', `pacing '${kind}' needs '${name}'`, allowed.join(', '))
  }
  const { tick = 1, bucket = 1, period = 1, periods = 1, quantum = 1 } = input
  switch (kind) {
    case 'timer-bucket':
      return { kind, tickNs: tick, bucket }
    case 'host-period':
      return { kind, periodNs: period, periods }
    case 'pull':
      return { kind, quantum }
    default:
      return { kind }
  }
}
