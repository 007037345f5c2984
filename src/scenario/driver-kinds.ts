/**
 * The guest's sound drivers by name, and what everybody outside a driver has to know of it: who
 * asks `is it Xen's?` or `has it a device?` asks here. Data only, and small, because the command
 * line loads it at every start; drivers.ts makes them.
 */
import type { VirtioSndVersion } from '../model/guest/virtio-snd/versions.ts'

interface DriverKindRow {
  /** Bus on which it finds the device of the scenario; null: its clock is in the guest. */
  readonly bus: 'virtio' | 'xen' | null
  /** Short name of its card. Kernel: struct snd_card, shortname. */
  readonly card: string
  /** For `pcmsim list`, which shows virtio-snd by its versions. */
  readonly text: string
}

export const driverKinds = {
  'virtio-snd': { bus: 'virtio', card: 'VirtIO SoundCard', text: 'by its versions' },
  'xen-snd': {
    bus: 'xen',
    card: 'Virtual card',
    text: "Xen's front end (sndif), as in Linux 6.1 and 6.12",
  },
  aloop: {
    bus: null,
    card: 'Loopback',
    text: 'snd-aloop: what is played is recorded again; jiffies are its clock, no device',
  },
  pcsp: {
    bus: null,
    card: 'pcsp',
    text: 'snd-pcsp: the PC speaker, moved on by a high-resolution timer; no device',
  },
  soundwire: {
    bus: null,
    card: 'sof-soundwire',
    text: 'SoundWire links below ASoC, as Intel has them: streams over several buses; no device',
  },
  ideal: { bus: null, card: 'Ideal', text: 'exact hardware behind a trivial driver, no device' },
} as const satisfies Readonly<Record<string, DriverKindRow>>

interface DriverVersionRow {
  readonly text: string
  /** A period is offered to the device again when it completes, also while the stream drains. */
  readonly requeues: boolean
}

/** Versions of virtio-snd. */
export const driverVersions: Readonly<Record<VirtioSndVersion, DriverVersionRow>> = {
  v5: {
    text: 'patch series v5, never merged: flag msg_flushing, period elapsed in the interrupt',
    requeues: true,
  },
  v6: { text: 'patch series v6, never merged: RELEASE after every stop', requeues: true },
  v7: { text: 'the merged driver of Linux 5.13 to 6.6', requeues: true },
  ack: {
    text: 'the driver of Linux 6.7 and later: periods are sent as they are written',
    requeues: false,
  },
}

type DriverKind = keyof typeof driverKinds

export const driverKindNames = Object.keys(driverKinds) as readonly DriverKind[]
export const driverVersionNames = Object.keys(driverVersions) as readonly VirtioSndVersion[]

/** A driver by one word: a version of virtio-snd, or another kind. */
export type DriverName = VirtioSndVersion | Exclude<DriverKind, 'virtio-snd'>

export const driverNames: readonly DriverName[] = [
  ...driverVersionNames,
  ...driverKindNames.filter((kind) => kind !== 'virtio-snd'),
]

export function isVersion(name: DriverName): name is VirtioSndVersion {
  return Object.hasOwn(driverVersions, name)
}

/** Whether a device of the host is behind a driver. */
export function hasDevice(kind: DriverKind): boolean {
  return driverKinds[kind].bus !== null
}

/** As messages call it. */
export function driverWho(kind: DriverKind): string {
  return kind === 'ideal' ? 'the ideal card' : `the driver '${kind}'`
}
