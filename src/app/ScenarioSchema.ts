/**
 * The scenario file as an Effect Schema: strict keys, units required. Decodes into
 * scenario/input.ts; defaults and cross checks come after (scenario/complete.ts). Keys that are not
 * implemented are not here: a key that is accepted does something.
 */
import * as Schema from 'effect/Schema'
import { scenarioLimits as limits } from '../scenario/defaults.ts'
import { ExpectSchema } from './ExpectSchema.ts'
import {
  count,
  Flag,
  key,
  leaf,
  nameLeaf,
  oneOf,
  PositiveDuration,
  Ppm,
  Text,
  wrong,
} from './Leaf.ts'
import { FaultSchema, GuestSchema, HostSchema, WanderSchema } from './MachineSchema.ts'
import { StreamSchema } from './StreamSchema.ts'

const DriverOptionsSchema = Schema.Struct({
  msg_timeout: key(PositiveDuration, 'Module parameter msg_timeout_ms: control time-out.'),
  pcm_buffer_ms: key(count(1, 10_000), 'Module parameter: longest buffer, milliseconds.'),
  pcm_periods_min: key(count(2, 1_024), 'Module parameter: fewest periods.'),
  pcm_periods_max: key(count(2, 1_024), 'Module parameter: most periods.'),
  pcm_period_ms_min: key(count(1, 10_000), 'Module parameter: shortest period, milliseconds.'),
  pcm_period_ms_max: key(count(1, 10_000), 'Module parameter: longest period, milliseconds.'),
  inject_delay: key(count(0, 1_000), 'Ideal card: jiffies by which each period is late.'),
  inject_hwpars_err: key(Flag, 'Ideal card: hw_params answers EBUSY.'),
  inject_prepare_err: key(Flag, 'Ideal card: prepare answers EINVAL.'),
  inject_trigger_err: key(Flag, 'Ideal card: trigger answers EINVAL.'),
})

const DriverSchema = Schema.Struct({
  kind: key(oneOf(['virtio-snd', 'ideal'], ['xen-snd'] as never[]), 'Guest sound driver.'),
  version: key(
    oneOf(['v7'], ['v5', 'v6', 'ack'] as never[]),
    'Driver version; v7 is the merged driver of 5.13 to 6.6.',
  ),
  options: key(DriverOptionsSchema, 'Module parameters and variants of the driver.'),
})

const DeviceSchema = Schema.Struct({
  kind: key(oneOf(['qemu'], ['vhost-device'] as never[]), 'Sound device model.'),
  backend: key(
    oneOf(['none'], ['wav', 'alsa', 'pipewire', 'pulseaudio'] as never[]),
    'Audio back end behind the device.',
  ),
  timer_period: key(PositiveDuration, 'Period of the audio timer (QEMU timer-period).'),
  queue_size: key(powerOfTwo(limits.queueSizeMax), 'Entries of each virtqueue.'),
  clock: key(Ppm, 'Drift of the sound clock against the guest clock.'),
  clock_wander: key(WanderSchema, 'Slow triangular change of the drift.'),
  vectors: key(oneOf(['per-queue', 'shared', 'intx']), 'Interrupt vectors of the device.'),
})

function powerOfTwo(max: number) {
  const allowed = `a power of two, 2..${max}`
  return leaf<number>(
    (input) => {
      const fits = typeof input === 'number' && input >= 2 && input <= max
      if (fits && Number.isInteger(input) && (input & (input - 1)) === 0) return { value: input }
      return wrong(`${String(input)} is not a queue size`, allowed)
    },
    { type: 'integer', minimum: 2, maximum: max },
  )
}

const Nested = leaf<unknown>((value) => ({ value }), { type: 'object' })
const NestedList = leaf<unknown>((value) => ({ value }), { type: 'array' })
const Anything = leaf<unknown>((value) => ({ value }), {})
const Name = nameLeaf(limits.nameLengthMax)

/** Overrides are checked where they land, in the variant's own scenario. */
const VariantSchema = Schema.Struct({
  name: Name.annotateKey({ description: 'Name of the variant.' }),
  summary: key(Text, 'What is different.'),
  set: key(Schema.Record(Schema.String, Anything), 'Overrides: path to value.'),
  duration: key(Anything, 'Override.'),
  seed: key(Anything, 'Override.'),
  guest: key(Nested, 'Overrides, merged.'),
  host: key(Nested, 'Overrides, merged.'),
  driver: key(Nested, 'Overrides, merged.'),
  device: key(Nested, 'Overrides, merged.'),
  streams: key(NestedList, 'Replaces the list.'),
  faults: key(NestedList, 'Replaces the list.'),
  expect: key(Nested, 'Verdicts of this variant; replaces the list of the scenario.'),
})

export const ScenarioSchema = Schema.Struct({
  version: oneOf([1]).annotateKey({ description: 'Format of this file: 1.' }),
  name: Name.annotateKey({ description: 'Name; also the folder of its results.' }),
  summary: key(Text, 'What goes wrong, in a sentence.'),
  tags: key(Schema.Array(nameLeaf(limits.nameLengthMax)), 'Words to choose scenarios by.'),
  source: key(Schema.Array(Text), 'Where the behaviour is reported or described.'),
  duration: key(PositiveDuration, 'Virtual time to simulate.'),
  seed: key(count(0, limits.seedMax), 'Seed of every random stream.'),
  guest: key(GuestSchema, 'The guest kernel.'),
  host: key(HostSchema, 'The machine beneath.'),
  driver: DriverSchema.annotateKey({ description: 'The guest sound driver.' }),
  device: key(DeviceSchema, 'The sound device.'),
  streams: Schema.Array(StreamSchema).annotateKey({
    description: 'PCM streams and the clients that drive them.',
  }),
  faults: key(Schema.Array(FaultSchema), 'What is done to the machine while it runs.'),
  expect: key(ExpectSchema, 'What makes the scenario pass.'),
  variants: key(Schema.Array(VariantSchema), 'The same scenario with overrides.'),
})
