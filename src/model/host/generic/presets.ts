/**
 * Known devices as settings of the generic one.
 *
 * Source: domain/host-device.md §3, §4: rust-vmm vhost-device-sound with its back ends; crosvm;
 * sysprog21/semu virtio-snd.c.
 */
import type { GenericOptions } from './options.ts'

type Preset = Partial<GenericOptions>

/** vhost-device-sound: a wrong state or, with `crash`, a thread that panics. */
const vhostUser: Preset = {
  name: 'vhost-user-snd',
  lifecycle: 'crash',
  controlSignal: 'batch',
  rates: [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000],
  latency: 'period',
}

/** Periods of the alsa back end: about 100 ms, two of them, whatever the guest asks for. */
const VHOST_ALSA_PERIOD_NS = 100_000_000

export const DEVICE_PRESETS = {
  /** Drops what it gets at once; never captures. */
  'vhost-user-null': { ...vhostUser, pacing: { kind: 'free-run' }, takes: 'on-arrival' },
  'vhost-user-alsa': {
    ...vhostUser,
    pacing: { kind: 'host-period', periodNs: VHOST_ALSA_PERIOD_NS, periods: 2 },
  },
  'vhost-user-pipewire': { ...vhostUser, pacing: { kind: 'pull', quantum: 1024 } },
  /** Reads on arrival and completes when the buffer was heard. */
  crosvm: {
    name: 'crosvm-snd',
    pacing: { kind: 'exact' },
    copy: 'on-arrival',
    completion: 'when-audible',
    latency: 'true',
    lifecycle: 'none',
  },
  /**
   * Messages go back when they lie in the queue of the audio callback, which takes a guest period
   * at a time. Requests in the wrong state are answered OK. Differs: semu has one output stream of
   * S16, and ignores such requests.
   */
  semu: {
    name: 'semu-snd',
    pacing: { kind: 'exact' },
    latency: 'period',
    lifecycle: 'none',
    formats: ['S16_LE'],
  },
  /** What the specification asks for and no more. */
  ideal: { pacing: { kind: 'exact' }, completion: 'when-audible' },
} as const satisfies Readonly<Record<string, Preset>>

export type DevicePreset = keyof typeof DEVICE_PRESETS
