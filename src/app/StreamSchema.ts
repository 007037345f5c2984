/** Streams and their clients as Effect Schemas: the part of ScenarioSchema.ts about programs. */
import * as Schema from 'effect/Schema'
import { audioTstamps, scriptCalls, timerEvents } from '../model/user/script-calls.ts'
import { clientKinds } from '../scenario/client-defaults.ts'
import { scenarioLimits as limits } from '../scenario/defaults.ts'
import { channelsMax, pcmFormats, pcmRates } from '../scenario/pcm-limits.ts'
import {
  count,
  Duration,
  Flag,
  Integer,
  key,
  nameLeaf,
  oneOf,
  PcmSizeLeaf,
  PcmSizeOrBoundary,
  PositiveDuration,
  Text,
} from './Leaf.ts'
import { CpuList, StallSchema, scheduling } from './MachineSchema.ts'

const framesMax = 2 ** 40

const thresholds = {
  start_threshold: key(PcmSizeOrBoundary, 'Queued frames that start it; boundary: never.'),
  stop_threshold: key(PcmSizeOrBoundary, 'Free frames that make an xrun; boundary: never.'),
  avail_min: key(PcmSizeLeaf, 'Free frames that wake the client.'),
  silence_size: key(PcmSizeOrBoundary, 'Most frames that are silenced at once.'),
  silence_threshold: key(PcmSizeLeaf, 'Silence while fewer frames than this are queued.'),
}

const directions = oneOf(['playback', 'capture'])

const ScriptStepSchema = Schema.Struct({
  call: oneOf(scriptCalls).annotateKey({ description: 'The call.' }),
  thread: key(nameLeaf(limits.nameLengthMax), 'Thread that makes it; default: the main one.'),
  at: key(Duration, 'Virtual time before which it is not made.'),
  after: key(Duration, 'Time since the call before it returned.'),
  work: key(Duration, 'Processor time that the program takes before the call.'),
  frames: key(PcmSizeLeaf, 'Frames to move.'),
  for: key(Duration, 'Length of a sleep, time-out of a poll.'),
  on: key(directions, "Handle; default: the stream's own direction."),
  nonblock: key(Flag, 'open, fcntl, timer_read: O_NONBLOCK.'),
  append: key(Flag, 'open: O_APPEND, share an open substream.'),
  mmap: key(Flag, 'hw_params: access by mmap.'),
  noninterleaved: key(Flag, 'hw_params: each channel by itself, for writen and readn.'),
  period_size: key(PcmSizeLeaf, "hw_params: frames of a period, if not the stream's."),
  buffer_size: key(PcmSizeLeaf, "hw_params: frames of the ring, if not the stream's."),
  no_period_wakeup: key(Flag, 'hw_params: no interrupt at each period.'),
  silence: key(Flag, 'writei: a NULL buffer, the core silences the ring.'),
  audio_tstamp: key(oneOf(audioTstamps), 'status: STATUS_EXT with this kind of audio time stamp.'),
  report_delay: key(Flag, 'status: STATUS_EXT, the audio time stamp counts the delay.'),
  tstamp: key(Flag, 'sw_params: time stamps with each pointer.'),
  hwsync: key(Flag, 'sync_ptr: ask the hardware first.'),
  enable: key(Flag, 'fasync, timer_fasync: SIGIO on (default) or off.'),
  ticks: key(count(0, 1_000_000), 'timer_params: periods of a tick, default 1.'),
  tread: key(Flag, 'timer_open: time-stamped events in place of ticks.'),
  filter: key(Schema.Array(oneOf(timerEvents)), 'timer_params: events to queue, default: tick.'),
  queue_size: key(count(0, 1_000_000), 'timer_params: entries of the queue; 0: as it is.'),
  auto: key(Flag, 'timer_params: go on after a tick, default true.'),
  early: key(Flag, 'timer_params: an event to read at once.'),
  element: key(Text, 'ctl_*: name of a control; of several of one name: "Name,1".'),
  value: key(Schema.Array(Integer), 'ctl_write: the values.'),
  ...thresholds,
})

const OptionsSchema = Schema.Struct({
  ...scheduling,
  cpus: key(CpuList, 'CPUs that the client may run on.'),
  nonblock: key(Flag, 'Open with O_NONBLOCK: a busy device answers EBUSY.'),
  pad: key(Flag, 'aplay: fill up the last chunk with silence.'),
  prefill: key(Flag, 'poll: fill the ring before the first poll.'),
  queue_max: key(PcmSizeLeaf, 'poll: never more than this queued.'),
  poll_timeout: key(PositiveDuration, 'poll, jack: time-out of each poll.'),
  duplex: key(oneOf(['none', 'separate', 'linked']), 'jack: the capture stream.'),
  timeouts_max: key(count(1, 1_000_000), 'jack: time-outs in a row that end it.'),
  link: key(Flag, 'duplex: link the two handles.'),
  prefill_periods: key(count(0, 1_024), 'duplex: periods of silence before the start.'),
  tsched: key(Flag, 'pulse: timer-based scheduling.'),
  watermark: key(PositiveDuration, 'pulse: how much is left when the timer wakes it.'),
  quantum: key(PcmSizeLeaf, 'pipewire: frames of a cycle.'),
  headroom: key(PcmSizeLeaf, 'pipewire: frames kept in the ring beside the quantum.'),
  start_delay: key(PcmSizeLeaf, 'pipewire: more silence before the start.'),
  irq_mode: key(Flag, 'pipewire: woken by interrupts (disable-tsched).'),
  follower: key(Flag, 'pipewire: another clock drives the graph, its resampler follows.'),
  rewind_every: key(PositiveDuration, 'pulse: so often a new sound rewrites what is queued.'),
  free_run: key(Flag, 'mmap: the core never stops it.'),
  wake_every: key(PositiveDuration, 'mmap: woken by a timer of this period.'),
  no_period_wakeup: key(Flag, 'mmap: ask for no period interrupts.'),
  script: key(Schema.Array(ScriptStepSchema), 'scripted: the calls, in order.'),
})

export const StreamSchema = Schema.Struct({
  name: key(nameLeaf(limits.nameLengthMax), 'Name of the stream; default playback0, ...'),
  direction: key(directions, 'Direction of the stream.'),
  client: key(oneOf(clientKinds), 'Program that drives the stream.'),
  format: key(oneOf(pcmFormats), 'Sample format.'),
  rate: key(oneOf(pcmRates), 'Frames per second.'),
  channels: key(count(1, channelsMax), 'Channels.'),
  period_size: key(PcmSizeLeaf, 'Frames between two period-elapsed events.'),
  periods: key(count(0, 1_024), 'Periods in the buffer.'),
  buffer_size: key(PcmSizeLeaf, 'Frames in the buffer: period_size * periods.'),
  ...thresholds,
  start_at: key(Duration, 'Virtual time at which the client opens the device.'),
  frames: key(count(1, framesMax), 'Frames to play; default: until the scenario ends.'),
  length: key(PositiveDuration, 'The same as a duration.'),
  stalls: key(Schema.Array(StallSchema), 'Times at which the client sleeps.'),
  on_xrun: key(oneOf(['recover', 'stop', 'ignore']), 'What the client does after an xrun.'),
  shares: key(nameLeaf(limits.nameLengthMax), 'Stream whose substream it wants as well.'),
  pcm_device: key(count(0, 31), 'PCM device of the card; aloop and soundwire have several.'),
  options: key(OptionsSchema, 'Options of the client.'),
})
