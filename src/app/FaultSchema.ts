/** Injected faults as an Effect Schema; which keys a kind takes is in scenario/fault-spec.ts. */
import * as Schema from 'effect/Schema'
import { VIRTIO_SND_CTL_EVT_MASKS } from '../model/virtio/virtio_snd_ctl.ts'
import {
  type FaultKind,
  faultKinds,
  queueNames,
  requestNames,
  statusNames,
} from '../scenario/fault-spec.ts'
import { showValue } from '../scenario/quantity.ts'
import {
  count,
  Duration,
  Flag,
  Integer,
  key,
  leaf,
  needed,
  oneOf,
  PositiveDuration,
  Text,
  wrong,
} from './Leaf.ts'

const kinds = Object.keys(faultKinds) as readonly FaultKind[]
const chanceAllowed = 'a number above 0 and up to 1'

const Chance = leaf<number>(
  (input) =>
    typeof input === 'number' && input > 0 && input <= 1
      ? { value: input }
      : wrong(`${showValue(input)} is not a probability`, chanceAllowed),
  { type: 'number', exclusiveMinimum: 0, maximum: 1 },
)

const Word = leaf<string | number>(
  (input) =>
    typeof input === 'string' || typeof input === 'number'
      ? { value: input }
      : wrong(`${showValue(input)} is not a word or a number`, 'a word or a number'),
  { type: ['string', 'number'] },
)

const WhenSchema = Schema.Struct({
  event: needed(Text, 'Name of a trace record.'),
  args: key(Schema.Record(Schema.String, Word), 'Arguments that it must have.'),
  nth: key(count(1, 1_000_000_000), 'Which of the records that agree; the first.'),
  after: key(Duration, 'Time from the record to the fault.'),
})

export const FaultSchema = Schema.Struct({
  kind: needed(oneOf(kinds), 'What goes wrong.'),
  at: key(Duration, 'Virtual time at which it begins, or before which it does not.'),
  when: key(WhenSchema, 'The record that sets it off.'),
  probability: key(Chance, 'Of a thing done once: that it is; of single events: of each.'),
  for: key(PositiveDuration, 'How long it lasts.'),
  by: key(PositiveDuration, 'How much later something comes.'),
  count: key(count(1, 1_000_000_000), 'How many events are hit.'),
  queue: key(oneOf(queueNames), 'The virtqueue; default: any.'),
  request: key(oneOf(requestNames), 'The control request; default: any.'),
  status: key(oneOf(statusNames), 'The status that is answered; default: IO_ERR.'),
  gfp: key(oneOf(['GFP_KERNEL', 'GFP_ATOMIC']), 'The kind of allocation; default: any.'),
  stream: key(Text, 'Name of a stream; default: the first.'),
  id: key(count(0, 1_000), 'Number of a jack or a control; default: 0.'),
  connected: key(Flag, 'jack-event: plugged in (true) or out.'),
  value: key(Schema.Array(Integer), 'control-event: its new value.'),
  mask: key(
    Schema.Array(oneOf(VIRTIO_SND_CTL_EVT_MASKS)),
    'control-event: what the event says has changed; default: value.',
  ),
})
