/**
 * From a decoded file to a whole scenario: applies defaults and makes the checks that compare one
 * key with another. Pure; reports every fault, not the first. Times are nanoseconds.
 */
import { NS_PER_MS } from '../base/units.ts'
import { clientDefaults } from './client-defaults.ts'
import { completeFaults, completeGuest, completeHost } from './complete-machine.ts'
import { completeStream } from './complete-stream.ts'
import {
  deviceDefaults,
  driverOptionDefaults,
  idealDefaults,
  scenarioDefaults,
  scenarioLimits,
  streamDefaults,
} from './defaults.ts'
import type { ExpectSpec } from './expect.ts'
import { type Fault, formatPath } from './fault.ts'
import type { DriverOptionsInput, ExpectInput, ScenarioInput, StreamInput } from './input.ts'
import { didYouMean } from './near.ts'
import { pcmLimits } from './pcm-limits.ts'
import { formatDuration } from './quantity.ts'
import type {
  DriverKind,
  DriverOptions,
  DriverSpec,
  IdealFaults,
  ScenarioSpec,
  StreamSpec,
} from './spec.ts'

export type Completed =
  | { readonly spec: ScenarioSpec; readonly faults: readonly [] }
  | { readonly spec: null; readonly faults: readonly Fault[] }

export function completeScenario(input: ScenarioInput, variant: string | null): Completed {
  const faults: Fault[] = []
  const durationNs = input.duration ?? scenarioDefaults.durationNs
  checkDuration(durationNs, faults)
  const driver = completeDriver(input, faults)
  const names = streamNames(input.streams, faults)
  const guest = completeGuest(input.guest ?? {}, faults)
  const limits = pcmLimits(driver)
  const context = { durationNs, limits, faults, cpus: guest.cpus, names }
  const streams = input.streams.map((one, i) => completeStream(one, i, names[i] ?? '', context))
  const spec: ScenarioSpec = {
    version: 1,
    name: input.name,
    variant,
    summary: input.summary ?? '',
    tags: input.tags ?? [],
    source: input.source ?? [],
    durationNs,
    seed: input.seed ?? scenarioDefaults.seed,
    guest,
    host: completeHost(input, faults),
    driver,
    device: completeDevice(input),
    streams,
    faults: completeFaults(input.faults ?? [], durationNs, faults),
    expect: (input.expect ?? []).map((one) => completeExpect(one, resultNames(streams), faults)),
  }
  return faults.length === 0 ? { spec, faults: [] } : { spec: null, faults }
}

function checkDuration(durationNs: number, faults: Fault[]): void {
  const allowed = `up to ${formatDuration(scenarioLimits.durationNsMax)}`
  if (durationNs <= scenarioLimits.durationNsMax) return
  faults.push({ path: ['duration'], at: 'value', what: 'too long to simulate', allowed })
}

function completeDevice(input: ScenarioInput): ScenarioSpec['device'] {
  const device = input.device ?? {}
  return {
    kind: device.kind ?? 'qemu',
    backend: device.backend ?? deviceDefaults.backend,
    timerPeriodNs: device.timer_period ?? deviceDefaults.timerPeriodNs,
    queue_size: device.queue_size ?? deviceDefaults.queue_size,
    clockPpm: device.clock ?? deviceDefaults.clockPpm,
    wanderPpm: device.clock_wander?.ppm ?? 0,
    wanderPeriodNs: device.clock_wander?.period ?? 0,
    vectors: device.vectors ?? deviceDefaults.vectors,
  }
}

function completeDriver(input: ScenarioInput, faults: Fault[]): DriverSpec {
  const given = input.driver.options ?? {}
  const options = driverOptions(given)
  checkOptions(options, faults)
  const kind = input.driver.kind ?? 'virtio-snd'
  const ideal = completeIdeal(given)
  checkKind(kind, input, faults)
  return { kind, version: input.driver.version, options, ideal }
}

function completeIdeal(given: DriverOptionsInput): IdealFaults {
  const names = Object.keys(idealDefaults) as (keyof IdealFaults)[]
  const entries = names.map((name) => [name, given[name] ?? idealDefaults[name]])
  return Object.fromEntries(entries) as unknown as IdealFaults
}

/** The ideal card has the kernel's injected errors and no versions; the others have neither. */
function checkKind(kind: DriverKind, { driver }: ScenarioInput, faults: Fault[]): void {
  const wrong = (path: readonly string[], what: string, allowed: string): void => {
    faults.push({ path: ['driver', ...path], at: 'key', what, allowed })
  }
  if (kind === 'ideal' && driver.version !== undefined) {
    wrong(['version'], 'the ideal card has no versions', 'leave it out')
  }
  const injected = Object.keys(idealDefaults)
  for (const name of Object.keys(driver.options ?? {})) {
    if (injected.includes(name) === (kind === 'ideal')) continue
    const allowed = kind === 'ideal' ? injected.join(', ') : 'module parameters of virtio_snd'
    wrong(['options', name], `the driver '${kind}' has no such option`, allowed)
  }
}

function driverOptions(given: DriverOptionsInput): DriverOptions {
  const usual = driverOptionDefaults
  return {
    msg_timeout_ms:
      given.msg_timeout === undefined ? usual.msg_timeout_ms : given.msg_timeout / NS_PER_MS,
    pcm_buffer_ms: given.pcm_buffer_ms ?? usual.pcm_buffer_ms,
    pcm_periods_min: given.pcm_periods_min ?? usual.pcm_periods_min,
    pcm_periods_max: given.pcm_periods_max ?? usual.pcm_periods_max,
    pcm_period_ms_min: given.pcm_period_ms_min ?? usual.pcm_period_ms_min,
    pcm_period_ms_max: given.pcm_period_ms_max ?? usual.pcm_period_ms_max,
  }
}

/** Kernel: sound/virtio/virtio_pcm.c, virtsnd_pcm_validate(); the driver refuses to probe. */
function checkOptions(options: DriverOptions, faults: Fault[]): void {
  const wrong = (key: string, what: string, allowed: string): void => {
    faults.push({ path: ['driver', 'options', key], at: 'value', what, allowed })
  }
  if (!Number.isInteger(options.msg_timeout_ms) || options.msg_timeout_ms === 0) {
    wrong('msg_timeout', 'the driver counts whole milliseconds and refuses 0', 'from 1ms')
  }
  if (options.pcm_periods_min > options.pcm_periods_max) {
    wrong(
      'pcm_periods_min',
      `${options.pcm_periods_min} is above pcm_periods_max`,
      `2..${options.pcm_periods_max}`,
    )
  }
  if (options.pcm_period_ms_min > options.pcm_period_ms_max) {
    const allowed = `1..${options.pcm_period_ms_max}`
    wrong('pcm_period_ms_min', `${options.pcm_period_ms_min} is above pcm_period_ms_max`, allowed)
  }
  const needed = options.pcm_periods_min * options.pcm_period_ms_min
  if (options.pcm_buffer_ms < needed) {
    const what = `${options.pcm_buffer_ms} is less than pcm_periods_min * pcm_period_ms_min`
    wrong('pcm_buffer_ms', what, `from ${needed}`)
  }
}

/** Streams as results name them: a client of both directions has two. */
function resultNames(streams: readonly StreamSpec[]): readonly string[] {
  return streams.flatMap(({ name, bothDirections, shares }) => {
    if (shares !== null) return []
    return bothDirections ? [name, `${name}-capture`] : [name]
  })
}

function streamNames(streams: readonly StreamInput[], faults: Fault[]): readonly string[] {
  if (streams.length === 0 || streams.length > scenarioLimits.streamsMax) {
    faults.push({
      path: ['streams'],
      at: 'value',
      what: `${streams.length} streams`,
      allowed: `1..${scenarioLimits.streamsMax}, as the QEMU device has`,
    })
  }
  const names = streams.map((one, i) => one.name ?? `${directionOf(one)}${i}`)
  names.forEach((name, i) => {
    const first = names.indexOf(name)
    if (first === i) return
    const what = `'${name}' is also the name of streams.${first}`
    faults.push({ path: ['streams', i, 'name'], at: 'value', what, allowed: 'a name of its own' })
  })
  return names
}

function directionOf(stream: StreamInput): string {
  const client = stream.client ?? streamDefaults.client
  return stream.direction ?? clientDefaults(client, {}).directions[0] ?? 'playback'
}

function completeExpect(one: ExpectInput, streams: readonly string[], faults: Fault[]): ExpectSpec {
  const { path, stream, fact, check } = one
  if (stream !== null && !streams.includes(stream)) {
    const near = didYouMean(stream, streams)
    const known = faults.some((fault) => formatPath(fault.path) === `expect.streams.${stream}`)
    const what = `there is no stream '${stream}'${near}`
    const allowed = streams.join(', ')
    if (!known) faults.push({ path: ['expect', 'streams', stream], at: 'key', what, allowed })
  }
  return { name: formatPath(path.slice(1)), stream, fact, check }
}
