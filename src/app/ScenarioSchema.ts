/**
 * The scenario file as an Effect Schema: strict keys, units required. Decodes into
 * scenario/input.ts; defaults and cross checks come after (scenario/complete.ts). Keys that are not
 * implemented are not here: a key that is accepted does something.
 */
import * as Schema from 'effect/Schema'
import { scenarioLimits as limits } from '../scenario/defaults.ts'
import { DeviceSchema, DriverSchema } from './DeviceSchema.ts'
import { ExpectSchema } from './ExpectSchema.ts'
import { FaultSchema } from './FaultSchema.ts'
import { count, key, leaf, nameLeaf, needed, oneOf, PositiveDuration, Text } from './Leaf.ts'
import { GuestSchema, HostSchema } from './MachineSchema.ts'
import { StreamSchema } from './StreamSchema.ts'

const Nested = leaf<unknown>((value) => ({ value }), { type: 'object' })
const NestedList = leaf<unknown>((value) => ({ value }), { type: 'array' })
const Anything = leaf<unknown>((value) => ({ value }), {})
const ReseedSchema = Schema.Struct({
  at: needed(PositiveDuration, 'From this time on.'),
  seed: needed(count(0, limits.seedMax), 'Seed of every random stream.'),
})
const Name = nameLeaf(limits.nameLengthMax)

/** Overrides are checked where they land, in the variant's own scenario. */
const VariantSchema = Schema.Struct({
  name: Name.annotateKey({ description: 'Name of the variant.' }),
  summary: key(Text, 'What is different.'),
  set: key(Schema.Record(Schema.String, Anything), 'Overrides: path to value.'),
  duration: key(Anything, 'Override.'),
  seed: key(Anything, 'Override.'),
  reseed: key(NestedList, 'Replaces the list.'),
  schedule: key(Anything, 'Override.'),
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
  reseed: key(Schema.Array(ReseedSchema), 'Times from which the run has another seed.'),
  guest: key(GuestSchema, 'The guest kernel.'),
  host: key(HostSchema, 'The machine beneath.'),
  driver: DriverSchema.annotateKey({ description: 'The guest sound driver.' }),
  device: key(DeviceSchema, 'The sound device.'),
  schedule: key(Text, 'A schedule that exploration found, to be followed: s1:...'),
  streams: Schema.Array(StreamSchema).annotateKey({
    description: 'PCM streams and the clients that drive them.',
  }),
  faults: key(Schema.Array(FaultSchema), 'What is done to the machine while it runs.'),
  expect: key(ExpectSchema, 'What makes the scenario pass.'),
  variants: key(Schema.Array(VariantSchema), 'The same scenario with overrides.'),
})
