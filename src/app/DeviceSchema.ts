/** Driver and device as Effect Schemas: the part of ScenarioSchema.ts about the sound path. */
import * as Schema from 'effect/Schema'
import { MAX_PCM_SUBSTREAMS } from '../model/guest/aloop/aloop_hardware.ts'
import { hrtimerCallbacks } from '../model/guest/pcsp/pcsp_hardware.ts'
import { SDW_MAX_LINKS } from '../model/guest/soundwire/sof_sdw_hardware.ts'
import { resetWorkVariants } from '../model/guest/virtio-snd/variant.ts'
import type { PositionStep } from '../model/host/xen/options.ts'
import {
  AC_JACK_DEVICES,
  VIRTIO_SND_CHMAP_POSITIONS,
  VIRTIO_SND_CTL_ACCESS,
  VIRTIO_SND_CTL_ROLES,
  VIRTIO_SND_CTL_TYPES,
} from '../model/virtio/virtio_snd_ctl.ts'
import { pacingKinds } from '../scenario/complete-device.ts'
import { scenarioLimits as limits } from '../scenario/defaults.ts'
import {
  type BackendKind,
  backendKinds,
  deviceKinds,
  propertyWords,
  queueMutexes,
  xenWords,
} from '../scenario/device-spec.ts'
import { driverKindNames, driverVersionNames } from '../scenario/driver-kinds.ts'
import { didYouMean } from '../scenario/near.ts'
import { showValue } from '../scenario/quantity.ts'
import {
  count,
  Flag,
  Integer,
  key,
  leaf,
  needed,
  oneOf,
  PositiveDuration,
  Ppm,
  Text,
  wrong,
} from './Leaf.ts'
import { CpuList, DistributionLeaf, StallSchema, WanderSchema } from './MachineSchema.ts'

const DriverOptionsSchema = Schema.Struct({
  msg_timeout: key(PositiveDuration, 'Module parameter msg_timeout_ms: control time-out.'),
  pcm_buffer_ms: key(count(1, 10_000), 'Module parameter: longest buffer, milliseconds.'),
  pcm_periods_min: key(count(2, 1_024), 'Module parameter: fewest periods.'),
  pcm_periods_max: key(count(2, 1_024), 'Module parameter: most periods.'),
  pcm_period_ms_min: key(count(1, 10_000), 'Module parameter: shortest period, milliseconds.'),
  pcm_period_ms_max: key(count(1, 10_000), 'Module parameter: longest period, milliseconds.'),
  nonatomic: key(Flag, 'v5, v6: false makes the stream lock a spinlock.'),
  irqsave: key(Flag, 'v5, v6: false takes plain locks in trigger and pointer.'),
  freeInHwFree: key(Flag, 'v5: true frees messages whatever the device still has.'),
  highpriWork: key(Flag, 'v7, ack: true puts the period work item on system_highpri_wq.'),
  resetWork: key(oneOf(resetWorkVariants), 'v5: how remove gets along with the reset work item.'),
  resetBy: key(
    oneOf(['device-reprobe', 'bus-remove']),
    'v5: what the reset work calls; bus-remove takes no lock.',
  ),
  inject_delay: key(count(0, 1_000), 'Ideal card: jiffies by which each period is late.'),
  inject_hwpars_err: key(Flag, 'Ideal card: hw_params answers EBUSY.'),
  inject_prepare_err: key(Flag, 'Ideal card: prepare answers EINVAL.'),
  inject_trigger_err: key(Flag, 'Ideal card: trigger answers EINVAL.'),
  periodTest: key(oneOf(['>', '>=']), "xen-snd: test for an elapsed period; the kernel's is >."),
  timerCallback: key(oneOf(hrtimerCallbacks), "pcsp: how the kernel calls the timer's function."),
  dai_links: key(
    Schema.Array(Schema.Array(count(0, SDW_MAX_LINKS - 1))),
    'soundwire: for each PCM device the links of its codecs, in the order of its codec DAIs.',
  ),
  pcm_substreams: key(count(1, MAX_PCM_SUBSTREAMS), 'aloop: substreams of each PCM device.'),
})

export const DriverSchema = Schema.Struct({
  kind: key(oneOf(driverKindNames), 'Guest sound driver.'),
  version: key(
    oneOf(driverVersionNames),
    'Driver version; v7 is the merged driver of 5.13 to 6.6.',
  ),
  options: key(DriverOptionsSchema, 'Module parameters and variants of the driver.'),
})

const PacingSchema = Schema.Struct({
  kind: needed(oneOf(pacingKinds), 'How the device takes frames.'),
  tick: key(PositiveDuration, 'timer-bucket: period of the timer.'),
  bucket: key(count(1, 1_000_000), 'timer-bucket: frames that the device holds.'),
  period: key(PositiveDuration, 'host-period: period of the host PCM.'),
  periods: key(count(1, 1_024), 'host-period: periods of the host PCM.'),
  quantum: key(count(1, 1_000_000), 'pull: frames of a cycle.'),
})

const HostQueueSchema = Schema.Struct({
  depth: key(count(1, 1_024), 'Messages that fit.'),
  mutex: key(oneOf(queueMutexes), 'Held while the tx thread hands over, or released before.'),
})

const stepAllowed = 'periods and frames, such as P, P/2, 2P, P+16 or P-16'

/** A distance between positions, in periods of the stream. */
const StepLeaf = leaf<PositionStep>(
  (input) => {
    const match = /^(\d*)P(?:\/(\d+))?(?:([+-]\d+)f?)?$/.exec(String(input))
    const [, periods = '', per = '1', extra = '0'] = match ?? []
    const step = { periods: Number(periods || '1'), per: Number(per), extra: Number(extra) }
    const sane = step.periods >= 1 && step.periods <= 1_000 && step.per >= 1 && step.per <= 1_000
    if (match !== null && sane && Math.abs(step.extra) <= 1_000_000) return { value: step }
    return wrong(`${showValue(input)} is not such a distance`, stepAllowed)
  },
  { type: 'string', description: stepAllowed },
)

const ShrinkSchema = Schema.Struct({
  after: needed(count(0, 1_000_000), 'Queries that are answered truly.'),
  buffer_max: needed(count(1, 1_000_000), 'Longest buffer that the later ones offer, frames.'),
})

const JackSchema = Schema.Struct({
  device: key(oneOf(AC_JACK_DEVICES), 'Sort of the pin (HDA default configuration).'),
  hdmi: key(Flag, 'A digital output is HDMI.'),
  connected: key(Flag, 'Whether something is plugged in at first; default: yes.'),
})

const ChmapSchema = Schema.Struct({
  direction: needed(oneOf(['playback', 'capture']), 'Of which streams.'),
  positions: needed(
    Schema.Array(oneOf(VIRTIO_SND_CHMAP_POSITIONS)),
    'Where each channel is heard.',
  ),
})

const ControlSchema = Schema.Struct({
  name: needed(Text, 'Name, as in "Master Playback Volume".'),
  type: key(oneOf(VIRTIO_SND_CTL_TYPES), 'Type of its values; default: integer.'),
  role: key(oneOf(VIRTIO_SND_CTL_ROLES), 'What it is for.'),
  count: key(count(1, 512), 'Values of the element.'),
  index: key(count(0, 1_000), 'Distinguishes elements of one name.'),
  min: key(Integer, 'Smallest value.'),
  max: key(Integer, 'Largest value.'),
  step: key(count(0, 1_000_000), 'Step between values.'),
  items: key(Schema.Array(Text), 'Names of an enumerated element.'),
  access: key(Schema.Array(oneOf(VIRTIO_SND_CTL_ACCESS)), 'Default: read, write.'),
  value: key(Schema.Array(Integer), 'Values at first; default: the smallest.'),
})

export const DeviceSchema = Schema.Struct({
  kind: key(oneOf(deviceKinds), 'Sound device model.'),
  backend: key(backend(), 'Audio back end behind the device.'),
  timer_period: key(PositiveDuration, 'Period of the audio timer (QEMU timer-period).'),
  mixing_engine: key(Flag, 'QEMU: the back end is fed through the mixing engine.'),
  fixed_settings: key(Flag, 'QEMU: the back end has 44100 Hz whatever the guest has.'),
  pin: key(CpuList, "Host CPUs that the device's threads may run on."),
  queue_size: key(powerOfTwo(limits.queueSizeMax), 'Entries of each virtqueue.'),
  indirect: key(Flag, 'Ring feature INDIRECT_DESC: a message takes one descriptor.'),
  event_idx: key(Flag, 'Ring feature EVENT_IDX.'),
  threads: key(oneOf([1, 3]), 'vhost-user: one thread, or one each for control, tx and rx.'),
  clock: key(Ppm, 'Drift of the sound clock against the guest clock.'),
  clock_wander: key(WanderSchema, 'Slow triangular change of the drift.'),
  vectors: key(oneOf(['per-queue', 'shared', 'intx']), 'Interrupt vectors of the device.'),
  pacing: key(PacingSchema, 'How it takes frames once a stream runs.'),
  host_queue: key(HostQueueSchema, 'semu: the queue to its audio callback.'),
  copy: key(oneOf(propertyWords.copy), 'When guest memory is read.'),
  completion: key(oneOf(propertyWords.completion), 'When a message goes back.'),
  latency: key(oneOf(propertyWords.latency), 'What latency_bytes says.'),
  lifecycle: key(oneOf(propertyWords.lifecycle), 'What a request in the wrong state gets.'),
  control_latency: key(DistributionLeaf, 'From a request to its answer.'),
  release: key(oneOf(propertyWords.release), 'RELEASE and the messages that are queued.'),
  stop: key(oneOf(propertyWords.stop), 'STOP and the messages that are queued.'),
  events: key(oneOf(propertyWords.events), 'Events that it sends.'),
  reset: key(oneOf(propertyWords.reset), 'A reset and the messages that are queued.'),
  advance: key(oneOf(propertyWords.advance), 'How far a captured chunk moves the position.'),
  worker: key(oneOf(propertyWords.worker), "What RELEASE does to the back end's thread."),
  stalls: key(Schema.Array(StallSchema), 'Times at which its worker does nothing.'),
  jacks: key(Schema.Array(JackSchema), 'Its jacks; on qemu only their number matters.'),
  chmaps: key(Schema.Array(ChmapSchema), 'Its channel maps; on qemu only their number matters.'),
  controls: key(Schema.Array(ControlSchema), 'Its control elements (feature CTLS).'),
  turn_around: key(DistributionLeaf, 'xen: time of its loop for one request.'),
  position_every: key(StepLeaf, 'xen: from one reported position to the next.'),
  position_first: key(StepLeaf, 'xen: from START to the first reported position.'),
  position_reset: key(oneOf(xenWords.position_reset), 'xen: whether START begins at 0.'),
  event_ids: key(oneOf(xenWords.event_ids), 'xen: whether OPEN begins with event 0.'),
  events_after_stop: key(oneOf(xenWords.events_after_stop), 'xen: whether STOP ends the events.'),
  outstanding: key(oneOf(xenWords.outstanding), 'xen: requests of a stream at a time.'),
  query_shrink: key(ShrinkSchema, 'xen: queries that are answered with less than before.'),
  removal: key(oneOf(xenWords.removal), 'xen: the state that a leaving front end sees last.'),
})

/** `null` without quotes is the back end's name here, not YAML's nothing. */
function backend() {
  const parse = (input: unknown) => {
    const word = input === null ? 'null' : input
    if (backendKinds.includes(word as BackendKind)) return { value: word as BackendKind }
    const near = typeof word === 'string' ? didYouMean(word, backendKinds) : ''
    return wrong<BackendKind>(`${showValue(word)} is not known${near}`, backendKinds.join(', '))
  }
  return leaf(parse, { enum: [...backendKinds, null] })
}

function powerOfTwo(max: number) {
  const allowed = `a power of two, 2..${max}`
  return leaf<number>(
    (input) => {
      const fits = typeof input === 'number' && input >= 2 && input <= max
      if (fits && Number.isInteger(input) && (input & (input - 1)) === 0) return { value: input }
      return wrong(`${showValue(input)} is not a queue size`, allowed)
    },
    { type: 'integer', minimum: 2, maximum: max },
  )
}
