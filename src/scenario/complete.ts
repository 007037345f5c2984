/**
 * From a decoded file to a whole scenario: applies defaults and makes the checks that compare one
 * key with another. Pure; reports every fault, not the first. Times are nanoseconds.
 */
import { parseSchedule, type Schedule } from '../sim/schedule.ts'
import type { Reseed } from '../sim/scheduler.ts'
import { clientDefaults } from './client-defaults.ts'
import { completeDevice } from './complete-device.ts'
import { completeDriver } from './complete-driver.ts'
import { completeFaults } from './complete-faults.ts'
import { checkStretches, completeGuest, completeHost } from './complete-machine.ts'
import { checkReverts } from './complete-reverts.ts'
import { completeStream } from './complete-stream.ts'
import { scenarioDefaults, scenarioLimits, streamDefaults } from './defaults.ts'
import type { DeviceSpec } from './device-spec.ts'
import { hasDevice } from './driver-kinds.ts'
import type { ExpectSpec } from './expect.ts'
import { type Fault, formatPath } from './fault.ts'
import type { ExpectInput, ScenarioInput, StreamInput } from './input.ts'
import { didYouMean } from './near.ts'
import { pcmLimits } from './pcm-limits.ts'
import { formatDuration } from './quantity.ts'
import type { DriverSpec, ScenarioSpec, StreamSpec } from './spec.ts'

export type Completed =
  | { readonly spec: ScenarioSpec; readonly faults: readonly [] }
  | { readonly spec: null; readonly faults: readonly Fault[] }

export function completeScenario(input: ScenarioInput, variant: string | null): Completed {
  const faults: Fault[] = []
  const durationNs = input.duration ?? scenarioDefaults.durationNs
  checkDuration(durationNs, faults)
  const driver = completeDriver(input.driver, faults)
  const host = completeHost(input, faults)
  const device = completeDevice(input.device ?? {}, driver.kind, host.cpus, faults)
  const names = streamNames(input.streams, streamsMaxOf(driver, device), faults)
  const guest = completeGuest(input.guest ?? {}, faults)
  checkReverts(guest, driver, faults)
  checkStretches(guest, host, faults)
  const limits = pcmLimits(driver, device)
  const context = { durationNs, limits, faults, cpus: guest.cpus, names }
  const streams = input.streams.map((one, i) => completeStream(one, i, names[i] ?? '', context))
  const named = { streams: resultNames(streams), clients: names }
  const faultContext = { durationNs, ...named, kind: driver.kind, device, faults }
  const spec: ScenarioSpec = {
    version: 1,
    name: input.name,
    variant,
    summary: input.summary ?? '',
    tags: input.tags ?? [],
    source: input.source ?? [],
    durationNs,
    seed: input.seed ?? scenarioDefaults.seed,
    reseed: completeReseed(input.reseed ?? [], faults),
    schedule: completeSchedule(input.schedule, faults),
    guest,
    host,
    driver,
    device,
    streams,
    faults: completeFaults(input.faults ?? [], faultContext),
    expect: (input.expect ?? []).map((one) => completeExpect(one, resultNames(streams), faults)),
  }
  return faults.length === 0 ? { spec, faults: [] } : { spec: null, faults }
}

function checkDuration(durationNs: number, faults: Fault[]): void {
  const allowed = `up to ${formatDuration(scenarioLimits.durationNsMax)}`
  if (durationNs <= scenarioLimits.durationNsMax) return
  faults.push({ path: ['duration'], at: 'value', what: 'too long to simulate', allowed })
}

function completeReseed(
  inputs: NonNullable<ScenarioInput['reseed']>,
  faults: Fault[],
): readonly Reseed[] {
  const { reseedsMax } = scenarioLimits
  if (inputs.length > reseedsMax) {
    const what = `${inputs.length} changes of the seed`
    faults.push({ path: ['reseed'], at: 'value', what, allowed: `up to ${reseedsMax}` })
  }
  inputs.forEach(({ at }, i) => {
    const before = inputs[i - 1]?.at ?? 0
    if (at > before) return
    const allowed = `later than ${formatDuration(before)}`
    faults.push({ path: ['reseed', i, 'at'], at: 'value', what: 'out of order', allowed })
  })
  return inputs.map(({ at: atNs, seed }) => ({ atNs, seed }))
}

function completeSchedule(text: string | undefined, faults: Fault[]): Schedule | null {
  if (text === undefined) return null
  const schedule = parseSchedule(text)
  if (typeof schedule !== 'string') return schedule
  faults.push({ path: ['schedule'], at: 'value', what: schedule })
  return null
}

/** Streams as results name them: a client of both directions has two. */
function resultNames(streams: readonly StreamSpec[]): readonly string[] {
  return streams.flatMap(({ name, bothDirections, shares }) => {
    if (shares !== null) return []
    return bothDirections ? [name, `${name}-capture`] : [name]
  })
}

function streamsMaxOf(driver: DriverSpec, device: DeviceSpec): number {
  const { streamsMax, qemuStreamsMax } = scenarioLimits
  return hasDevice(driver.kind) && device.kind === 'qemu' ? qemuStreamsMax : streamsMax
}

function streamNames(
  streams: readonly StreamInput[],
  most: number,
  faults: Fault[],
): readonly string[] {
  if (streams.length === 0 || streams.length > most) {
    const why = most === scenarioLimits.qemuStreamsMax ? ', as the QEMU device has' : ''
    const allowed = `1..${most}${why}`
    faults.push({ path: ['streams'], at: 'value', what: `${streams.length} streams`, allowed })
  }
  const names = streams.map((one, i) => one.name ?? `${directionOf(one)}${i}`)
  names.forEach((name, i) => {
    const first = names.indexOf(name)
    if (first === i) return
    const what = `'${name}' is also the name of streams.${first}`
    faults.push({ path: ['streams', i, 'name'], at: 'value', what, allowed: 'names that differ' })
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
    const allowed = [...new Set(streams)].join(', ')
    if (!known) faults.push({ path: ['expect', 'streams', stream], at: 'key', what, allowed })
  }
  return { name: formatPath(path.slice(1)), stream, fact, check }
}
