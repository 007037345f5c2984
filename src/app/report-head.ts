/**
 * The first lines of a report: what is about to run. Known before the run, so that the command line
 * can show them while it simulates. Pure.
 */
import type { DeviceSpec } from '../scenario/device-spec.ts'
import { hasDevice } from '../scenario/driver-kinds.ts'
import type { InjectedFault } from '../scenario/fault-spec.ts'
import { formatDuration } from '../scenario/quantity.ts'
import type { DriverSpec, GuestSpec, HostSpec, ScenarioSpec } from '../scenario/spec.ts'
import { plural } from './report-format.ts'

/** Without the line that says how the run went. Ends with a line feed. */
export function reportHead(spec: ScenarioSpec, seed: number): string {
  const { guest, host } = spec
  const variant = spec.variant === null ? '' : ` / ${spec.variant}`
  const lines = [
    `${spec.name}${variant}, seed ${seed}`,
    ...(spec.summary === '' ? [] : wrapped(spec.summary, '  ')),
    '',
    `  guest   ${guestText(guest, spec.driver)}`,
    `  driver  ${driverText(spec.driver)}`,
    ...(hasDevice(spec.driver.kind) ? [`  device  ${deviceText(spec.device)}`] : []),
    `  host    ${hostText(host)}`,
    ...(spec.faults.length === 0 ? [] : [`  faults  ${spec.faults.map(faultText).join(', ')}`]),
  ]
  return `${lines.join('\n')}\n`
}

/** Driver versions that are of other kernels than the one whose core is modelled. */
function isOfOther(kernel: GuestSpec['kernel'], { kind, version }: DriverSpec): boolean {
  if (kind !== 'virtio-snd') return false
  return (kernel === '6.1' && version === 'ack') || (kernel === '6.12' && version === 'v7')
}

function guestText(guest: GuestSpec, driver: DriverSpec): string {
  const { kernel, revert, hz, preempt, cpus } = guest
  const mixed = isOfOther(kernel, driver) ? ` core with the ${driver.version} driver` : ''
  const without = revert.length === 0 ? '' : ` without ${revert.join(', ')}`
  const linux = `Linux ${kernel}${mixed}${without}`
  const base = `${linux}, HZ=${hz}, preempt ${preempt}, ${plural(cpus, 'vCPU')}`
  return `${base}${tasksOf(guest.tasks)}`
}

function hostText({ cpus, haltPollNs, tasks }: HostSpec): string {
  const base = `${plural(cpus, 'CPU')}, halt_poll ${formatDuration(haltPollNs)}`
  return `${base}${tasksOf(tasks)}`
}

function tasksOf(tasks: GuestSpec['tasks']): string {
  return tasks.length === 0 ? '' : `, tasks: ${tasks.map((one) => one.name).join(', ')}`
}

/** Only virtio-snd has versions. */
function driverText({ kind, version, variant, xen, pcsp, soundwire }: DriverSpec): string {
  if (kind === 'xen-snd') return `xen-snd, period elapsed when out_frames ${xen.period_test} period`
  if (kind === 'pcsp') return `pcsp, timer function ${pcsp.callback}`
  if (kind === 'soundwire') return `soundwire, links ${JSON.stringify(soundwire.dai_links)}`
  if (kind !== 'virtio-snd') return kind === 'ideal' ? 'ideal card' : kind
  const changes = [
    ...(variant.atomic ? ['without nonatomic'] : []),
    ...(variant.plain_locks ? ['without irqsave'] : []),
    ...(variant.free_always ? ['frees in hw_free'] : []),
    ...(variant.reset_work === undefined ? [] : [`reset work: ${variant.reset_work}`]),
  ]
  return [`${kind} ${version}`, ...changes].join(', ')
}

function deviceText(device: DeviceSpec): string {
  const drift = device.clockPpm === 0 ? [] : [`clock ${device.clockPpm} ppm off`]
  const timer = `timer ${formatDuration(device.timerPeriodNs)}`
  return [
    device.kind,
    ...(device.backend === null ? [] : [`back end ${device.backend}`]),
    ...(device.kind === 'qemu' ? [timer] : []),
    ...(device.kind === 'xen' ? [] : [`queues of ${device.queue_size}`]),
    ...drift,
  ].join(', ')
}

function faultText(fault: InjectedFault): string {
  const when = fault.when === null ? '' : ` after ${fault.when.record}`
  const at = fault.when === null || fault.atNs > 0 ? ` at ${formatDuration(fault.atNs)}` : ''
  const lasting = fault.forNs === null ? '' : ` for ${formatDuration(fault.forNs)}`
  return `${fault.kind}${at}${when}${lasting}`
}

function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length > 90 && line !== indent) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()]
}
