/**
 * Which cases the PCM self-test runs on a card: the standard ones of its configuration on every
 * substream, and those that a card's own configuration adds, skips or misses. Pure.
 *
 * Kernel: tools/testing/selftests/alsa/pcm-test.c, find_pcms(), missing_devices(), main(), v6.12.
 */
import type { PcmTimeTest } from '../model/user/pcm-selftest.ts'
import type { ConfCompound, ConfNode } from './alsa-conf.ts'
import {
  confBool,
  confCompound,
  confLong,
  confString,
  confStrings,
  confSubtree,
  WrongConf,
} from './alsa-conf-get.ts'

export const streamNames = ['PLAYBACK', 'CAPTURE'] as const
export type StreamName = (typeof streamNames)[number]

/** The kernel's pcm-test.conf. */
export const STANDARD_CONF = `pcm.test.time1 {
	format S16_LE
	alt_formats [ S32_LE ]
	rate 48000
	channels 2
	period_size 512
	buffer_size 4096
}
pcm.test.time2 {
	format S16_LE
	alt_formats [ S32_LE ]
	rate 48000
	channels 2
	period_size 24000
	buffer_size 192000
}
`

/** Where a case runs: card 0, a device of it, a substream, a direction. */
export interface TestPlace {
  readonly device: number
  readonly subdevice: number
  readonly stream: StreamName
}

export interface PlannedTest {
  readonly kind: 'time'
  /** `default` for the standard cases, `system` for those of the card's own configuration. */
  readonly testClass: 'default' | 'system'
  readonly name: string
  readonly place: TestPlace
  readonly description: string
  readonly params: PcmTimeTest
}

export interface SelftestPlan {
  /** Comments before the plan. */
  readonly notes: readonly string[]
  readonly missing: readonly TestPlace[]
  readonly tests: readonly PlannedTest[]
  /** Number of results announced. */
  readonly results: number
}

/** What the simulated card has, as the control device would tell. */
export interface CardShape {
  readonly name: string
  readonly longname: string
  /** Substreams of each device, by direction. */
  readonly devices: readonly Readonly<Record<StreamName, number>>[]
}

/** `card` is the card's own configuration, or null. Throws WrongConf. */
export function planSelftest(
  standard: ConfCompound,
  card: ConfCompound | null,
  shape: CardShape,
): SelftestPlan {
  const defaults = confCompound(standard, 'pcm')
  if (defaults === null) {
    throw new WrongConf('default pcm test configuration (pcm compound) is missing')
  }
  const notes = [`Card 0 - ${shape.name} (${shape.longname})`]
  const places = findPlaces(card, shape, notes)
  const missing = missingPlaces(card, places)
  const tests = places.flatMap((place) => [
    ...testsOf(confCompound(defaults, 'test'), 'default', place),
    ...testsOf(confCompound(confSubtree(card, keyOf(place)), 'test'), 'system', place),
  ])
  const extra = tests.filter((one) => one.testClass === 'system').length
  return { notes, missing, tests, results: missing.length + tests.length + extra }
}

function keyOf({ device, subdevice, stream }: TestPlace): string {
  return `pcm.${device}.${subdevice}.${stream}`
}

/** Substreams that are not skipped; the last found comes first, as in the original's list. */
function findPlaces(card: ConfNode | null, shape: CardShape, notes: string[]): TestPlace[] {
  const found: TestPlace[] = []
  shape.devices.forEach((counts, device) => {
    for (const stream of streamNames) {
      const all = `pcm.${device}.${stream}`
      if (confBool(card, `${all}.skip`, false)) {
        notes.push(`skipping pcm 0.${device}.${stream}`)
        continue
      }
      for (let subdevice = 0; subdevice < counts[stream]; subdevice++) {
        const place = { device, subdevice, stream }
        if (confBool(card, `${keyOf(place)}.skip`, false)) {
          notes.push(`skipping pcm 0.${device}.${subdevice}.${stream}`)
        } else found.unshift(place)
      }
    }
  })
  return found
}

/** Substreams that the card's configuration speaks of and that are not there. */
function missingPlaces(card: ConfNode | null, found: readonly TestPlace[]): TestPlace[] {
  const missing: TestPlace[] = []
  for (const [device, one] of numbered(confCompound(card, 'pcm'))) {
    for (const [subdevice, streams] of numbered(one)) {
      for (const stream of streamNames) {
        if (confSubtree(streams, stream) === null) continue
        const there = found.some(
          (place) =>
            place.device === device && place.subdevice === subdevice && place.stream === stream,
        )
        if (!there) missing.unshift({ device, subdevice, stream })
      }
    }
  }
  return missing
}

/** Entries whose ids are numbers. */
function numbered(node: ConfNode | null): readonly (readonly [number, ConfNode])[] {
  if (node?.kind !== 'compound') return []
  return [...node.entries].flatMap(([id, value]) =>
    /^\d+$/.test(id) ? [[Number(id), value] as const] : [],
  )
}

function testsOf(
  tests: ConfCompound | null,
  testClass: 'default' | 'system',
  place: TestPlace,
): PlannedTest[] {
  if (tests === null) return []
  return [...tests.entries].map(([name, conf]) => {
    const type = confString(conf, 'type', 'time')
    if (type !== 'time') throw new WrongConf(`unknown test type '${type}'`)
    const description = confString(conf, 'description', '')
    return { kind: 'time', testClass, name, place, description, params: timeTest(conf) }
  })
}

/** Kernel: the defaults of test_pcm_time(). */
function timeTest(conf: ConfNode): PcmTimeTest {
  return {
    format: confString(conf, 'format', 'S16_LE'),
    altFormats: confStrings(conf, 'alt_formats'),
    rate: confLong(conf, 'rate', 48_000),
    channels: confLong(conf, 'channels', 2),
    period_size: confLong(conf, 'period_size', 4_096),
    buffer_size: confLong(conf, 'buffer_size', 16_384),
  }
}
