/**
 * The injected faults of a scenario: which keys belong to which kind, records that exist, streams
 * that exist. Part of complete.ts; pure. Times are nanoseconds.
 */
import type { Ns } from '../base/units.ts'
import { CODES, RECORDS, type RecordName } from '../sim/trace-kinds.ts'
import { scenarioLimits } from './defaults.ts'
import type { DeviceSpec } from './device-spec.ts'
import { driverKinds, driverWho } from './driver-kinds.ts'
import type { Fault, Path } from './fault.ts'
import {
  type FaultEvent,
  type FaultInput,
  type FaultKind,
  faultKinds,
  type InjectedFault,
} from './fault-spec.ts'
import { didYouMean } from './near.ts'
import { formatDuration } from './quantity.ts'
import type { DriverKind } from './spec.ts'

interface FaultContext {
  readonly durationNs: Ns
  /** Streams of the results; clients also of those that share one. */
  readonly streams: readonly string[]
  readonly clients: readonly string[]
  readonly kind: DriverKind
  readonly device: DeviceSpec
  readonly faults: Fault[]
}

/** Kinds that need no device. */
const anywhere: readonly FaultKind[] = ['vm-pause', 'card-added', 'signal', 'kill', 'alloc-failure']
/** Kinds that need a device of one bus. */
const onVirtio: readonly FaultKind[] = [
  'needs-reset',
  'xrun-event',
  'jack-event',
  'control-event',
  'bad-used-id',
  'control-reorder',
]
const onXen: readonly FaultKind[] = ['backend-close', 'backend-restart']

/** Kinds of fault that a card of this driver can suffer. */
export function possibleFaults(kind: DriverKind): readonly FaultKind[] {
  const { bus } = driverKinds[kind]
  if (bus === null) return anywhere
  const others = bus === 'xen' ? onVirtio : onXen
  return (Object.keys(faultKinds) as FaultKind[]).filter((one) => !others.includes(one))
}
/** Kinds that stop the same things and must not overlap. */
const pausing: readonly string[] = ['vm-pause', 'suspend']
const always = ['kind', 'at', 'when', 'probability']

export function completeFaults(
  inputs: readonly FaultInput[],
  context: FaultContext,
): readonly InjectedFault[] {
  const { faults } = context
  const { faultsMax } = scenarioLimits
  if (inputs.length > faultsMax) {
    const what = `${inputs.length} entries`
    faults.push({ path: ['faults'], at: 'value', what, allowed: `up to ${faultsMax}` })
  }
  const done = inputs.map((one, i) => completeFault(one, ['faults', i], context))
  done.forEach((one, i) => {
    const clash = done.findIndex((other, j) => j < i && overlap(one, other))
    if (clash < 0) return
    const what = `overlaps faults.${clash}`
    faults.push({ path: ['faults', i], at: 'value', what, allowed: 'pauses one after the other' })
  })
  return done
}

function completeFault(input: FaultInput, path: Path, context: FaultContext): InjectedFault {
  checkKeys(input, path, context)
  return {
    kind: input.kind,
    atNs: input.at ?? 0,
    when: input.when === undefined ? null : completeWhen(input.when, [...path, 'when'], context),
    probability: input.probability ?? null,
    forNs: input.for ?? null,
    byNs: input.by ?? null,
    count: input.count ?? null,
    queue: input.queue ?? null,
    request: input.request ?? null,
    status: input.status ?? null,
    gfp: input.gfp ?? null,
    stream: input.stream ?? null,
    id: input.id ?? null,
    connected: input.connected ?? null,
    value: input.value ?? null,
    mask: input.mask ?? null,
  }
}

function checkKeys(input: FaultInput, path: Path, context: FaultContext): void {
  const { durationNs, faults } = context
  const clients: readonly string[] = ['signal', 'kill']
  const streams = clients.includes(input.kind) ? context.clients : context.streams
  const { takes, needs } = faultKinds[input.kind]
  const allowed = [...always, ...takes]
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || allowed.includes(name)) continue
    const what = `${input.kind} does not take this`
    faults.push({ path: [...path, name], at: 'key', what, allowed: allowed.join(', ') })
  }
  for (const name of needs) {
    if (input[name] !== undefined) continue
    faults.push({ path, at: 'value', what: `${input.kind} needs '${name}'`, allowed: name })
  }
  const can = possibleFaults(context.kind)
  if (!can.includes(input.kind)) {
    const what = `${driverWho(context.kind)} has no device that could do this`
    faults.push({ path: [...path, 'kind'], at: 'value', what, allowed: can.join(', ') })
  }
  if (input.at === undefined && input.when === undefined && input.probability === undefined) {
    const what = 'says nothing of when it comes'
    faults.push({ path, at: 'value', what, allowed: 'at, when or probability' })
  }
  const end = formatDuration(durationNs)
  if ((input.at ?? 0) >= durationNs) {
    const what = `the scenario ends at ${end}`
    faults.push({ path: [...path, 'at'], at: 'value', what, allowed: `less than ${end}` })
  }
  checkNumber(input, path, context)
  if (input.stream === undefined || streams.includes(input.stream)) return
  const what = `there is no stream '${input.stream}'${didYouMean(input.stream, streams)}`
  faults.push({ path: [...path, 'stream'], at: 'value', what, allowed: streams.join(', ') })
}

/** Jacks and controls of the device by number; the first if none is said. */
function checkNumber(input: FaultInput, path: Path, { device, faults }: FaultContext): void {
  if (input.kind !== 'jack-event' && input.kind !== 'control-event') return
  const { jacks, controls } = device.controls
  const [count, what] =
    input.kind === 'jack-event' ? [jacks.length, 'jacks'] : [controls.length, 'controls']
  const id = input.id ?? 0
  if (id < count) return
  const allowed = count === 0 ? `device.${what}` : `0..${count - 1}`
  faults.push({ path, at: 'value', what: `the device has ${count} ${what}, not ${id}`, allowed })
}

const recordNames = Object.keys(RECORDS) as readonly RecordName[]
const eventNames = recordNames.map((name) => RECORDS[name][0] as string)

function completeWhen(
  input: NonNullable<FaultInput['when']>,
  path: Path,
  { faults }: FaultContext,
): FaultEvent {
  const at = eventNames.indexOf(input.event)
  if (at < 0) {
    const what = `there is no record '${input.event}'${didYouMean(input.event, eventNames)}`
    const allowed = 'the name of a trace record, such as virtio_snd:ctl_msg_send'
    faults.push({ path: [...path, 'event'], at: 'value', what, allowed })
  }
  const record = recordNames[at] ?? 'fault'
  const args = input.args ?? {}
  if (at >= 0) checkArgs(record, args, [...path, 'args'], faults)
  return { record, args, nth: input.nth ?? 1, afterNs: input.after ?? 0 }
}

function checkArgs(
  record: RecordName,
  args: FaultEvent['args'],
  path: Path,
  faults: Fault[],
): void {
  const [, ...types] = RECORDS[record] as readonly string[]
  const fields = new Map(types.map((text) => text.split(':') as [string, string]))
  for (const [name, value] of Object.entries(args)) {
    const type = fields.get(name)
    if (type === undefined) {
      const what = `the record has no such argument${didYouMean(name, [...fields.keys()])}`
      faults.push({
        path: [...path, name],
        at: 'key',
        what,
        allowed: [...fields.keys()].join(', '),
      })
      continue
    }
    const words = CODES[type]
    if (words === undefined || words.includes(String(value))) continue
    const what = `'${value}' is not known${didYouMean(String(value), words)}`
    faults.push({ path: [...path, name], at: 'value', what, allowed: words.join(', ') })
  }
}

/** Two pauses at known times that meet. */
function overlap(a: InjectedFault, b: InjectedFault): boolean {
  if (!pausing.includes(a.kind) || !pausing.includes(b.kind)) return false
  if (a.when !== null || b.when !== null) return false
  return a.atNs <= b.atNs + (b.forNs ?? 0) && b.atNs <= a.atNs + (a.forNs ?? 0)
}
