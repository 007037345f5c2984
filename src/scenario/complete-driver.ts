/**
 * The driver of a scenario: versions, variants of their code, module parameters. Part of
 * complete.ts; pure. Times are nanoseconds.
 */

import { NS_PER_MS } from '../base/units.ts'
import { ALOOP_DEFAULTS, type AloopOptions } from '../model/guest/aloop/aloop_hardware.ts'
import { PCSP_DEFAULTS, type PcspOptions } from '../model/guest/pcsp/pcsp_hardware.ts'
import {
  SDW_MAX_DAI_LINKS,
  SOUNDWIRE_DEFAULTS,
  type SoundwireOptions,
} from '../model/guest/soundwire/sof_sdw_hardware.ts'
import type { VirtioSndVariant } from '../model/guest/virtio-snd/variant.ts'
import { XEN_SND_AS_SHIPPED, type XenSndVariant } from '../model/guest/xen-snd/variant.ts'
import { driverOptionDefaults, idealDefaults } from './defaults.ts'
import { driverWho } from './driver-kinds.ts'
import type { Fault } from './fault.ts'
import type { DriverInput, DriverOptionsInput } from './input.ts'
import type { DriverKind, DriverOptions, DriverSpec, DriverVersion, IdealFaults } from './spec.ts'

type VariantKey = 'nonatomic' | 'irqsave' | 'freeInHwFree' | 'resetWork' | 'resetBy' | 'highpriWork'

/** Versions whose review talked about each change. */
export const variantVersions: Readonly<Record<VariantKey, readonly DriverVersion[]>> = {
  nonatomic: ['v5', 'v6'],
  irqsave: ['v5', 'v6'],
  freeInHwFree: ['v5'],
  resetWork: ['v5'],
  highpriWork: ['v7', 'ack'],
  resetBy: ['v5'],
}

const variantKeys = Object.keys(variantVersions) as readonly VariantKey[]

export function completeDriver(driver: DriverInput, faults: Fault[]): DriverSpec {
  const given = driver.options ?? {}
  const options = driverOptions(given)
  checkOptions(options, faults)
  const kind = driver.kind ?? 'virtio-snd'
  const version = driver.version ?? 'v7'
  checkKind(kind, driver, faults)
  if (kind === 'virtio-snd') checkVariant(version, given, faults)
  const variants = {
    variant: variantOf(given),
    xen: xenVariantOf(given),
    aloop: aloopOf(given),
    pcsp: pcspOf(given),
    soundwire: soundwireOf(given, faults),
  }
  return { kind, version, options, ...variants, ideal: completeIdeal(given) }
}

function xenVariantOf({ periodTest }: DriverOptionsInput): XenSndVariant {
  return { period_test: periodTest ?? XEN_SND_AS_SHIPPED.period_test }
}

function aloopOf({ pcm_substreams }: DriverOptionsInput): AloopOptions {
  return { pcm_substreams: pcm_substreams ?? ALOOP_DEFAULTS.pcm_substreams }
}

function pcspOf({ timerCallback }: DriverOptionsInput): PcspOptions {
  return { callback: timerCallback ?? PCSP_DEFAULTS.callback }
}

function soundwireOf({ dai_links }: DriverOptionsInput, faults: Fault[]): SoundwireOptions {
  const path = ['driver', 'options', 'dai_links']
  const count = dai_links?.length ?? 1
  if (count < 1 || count > SDW_MAX_DAI_LINKS) {
    const allowed = `1 to ${SDW_MAX_DAI_LINKS} PCM devices`
    faults.push({ path, at: 'value', what: `${count} PCM devices`, allowed })
  }
  dai_links?.forEach((ids, i) => {
    const what = ids.length === 0 ? 'no link' : 'a link twice'
    if (ids.length > 0 && new Set(ids).size === ids.length) return
    faults.push({ path: [...path, i], at: 'value', what, allowed: 'each link of the stream once' })
  })
  return { dai_links: dai_links ?? SOUNDWIRE_DEFAULTS.dai_links }
}

function checkVariant(version: DriverVersion, given: DriverOptionsInput, faults: Fault[]): void {
  for (const name of variantKeys) {
    if (given[name] === undefined || variantVersions[name].includes(version)) continue
    const what = `the driver ${version} has no such variant`
    const allowed = `with version ${variantVersions[name].join(' or ')}`
    faults.push({ path: ['driver', 'options', name], at: 'key', what, allowed })
  }
}

function variantOf(given: DriverOptionsInput): VirtioSndVariant {
  return {
    atomic: given.nonatomic === false,
    plain_locks: given.irqsave === false,
    free_always: given.freeInHwFree === true,
    ...(given.highpriWork === undefined ? {} : { highpri_work: given.highpriWork }),
    ...(given.resetWork === undefined ? {} : { reset_work: given.resetWork }),
    ...(given.resetBy === undefined ? {} : { reset_by: given.resetBy }),
  }
}

function completeIdeal(given: DriverOptionsInput): IdealFaults {
  const names = Object.keys(idealDefaults) as (keyof IdealFaults)[]
  const entries = names.map((name) => [name, given[name] ?? idealDefaults[name]])
  return Object.fromEntries(entries) as unknown as IdealFaults
}

/** Options that one kind has for itself; what is named nowhere here is virtio_snd's. */
const optionsOf: Readonly<Record<Exclude<DriverKind, 'virtio-snd'>, readonly string[]>> = {
  ideal: Object.keys(idealDefaults),
  'xen-snd': ['periodTest'],
  aloop: ['pcm_substreams'],
  pcsp: ['timerCallback'],
  soundwire: ['dai_links'],
}
const ownOptions = Object.values(optionsOf).flat()

/** Only virtio_snd has versions; each kind has options of its own. */
function checkKind(kind: DriverKind, driver: DriverInput, faults: Fault[]): void {
  const wrong = (path: readonly string[], what: string, allowed: string): void => {
    faults.push({ path: ['driver', ...path], at: 'key', what, allowed })
  }
  if (kind !== 'virtio-snd' && driver.version !== undefined) {
    wrong(['version'], `${driverWho(kind)} has no versions`, 'leave it out')
  }
  const own = kind === 'virtio-snd' ? null : optionsOf[kind]
  for (const name of Object.keys(driver.options ?? {})) {
    if (own === null ? !ownOptions.includes(name) : own.includes(name)) continue
    const allowed = own?.join(', ') ?? 'module parameters of virtio_snd'
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
