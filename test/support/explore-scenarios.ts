/** Ordinary scenarios that searches begin with: clean seeds, nothing injected. */
import { loadScenario } from '../../src/index.ts'
import type { ScenarioSpec } from '../../src/scenario/spec.ts'

const streams =
  'streams: [{name: music, client: aplay, period_size: 480, periods: 4, length: 200ms}]'

export const ordinary = {
  /** Playback on QEMU as a distribution ships it. */
  ack: 'driver: {kind: virtio-snd, version: ack}\nguest: {cpus: 2}\nhost: {cpus: 3}',
  /** The driver of v6 with an atomic PCM (H2), interrupts on another CPU than the client. */
  atomic: [
    'driver: {kind: virtio-snd, version: v6, options: {nonatomic: false}}',
    'guest: {cpus: 2, irq_affinity: {virtio0-virtqueues: 1}}',
    'host: {cpus: 3}',
  ].join('\n'),
  /** v5 that frees its messages in hw_free (H8), on a daemon that does not mind. */
  free: [
    'driver: {kind: virtio-snd, version: v5, options: {freeInHwFree: true}}',
    'guest: {cpus: 2}',
    'host: {cpus: 4}',
    'device: {kind: vhost-user, threads: 3, lifecycle: none, pacing: {kind: exact}}',
  ].join('\n'),
  /** v5 with the proposal of a flag against its own reset work (H11). */
  reset: [
    'driver: {kind: virtio-snd, version: v5, options: {resetWork: resetting-flag}}',
    'guest: {cpus: 2}',
    'host: {cpus: 3}',
    'device: {kind: generic, lifecycle: none}',
  ].join('\n'),
} as const

export function textOf(name: keyof typeof ordinary, duration = '400ms'): string {
  return `version: 1\nname: ${name}\nduration: ${duration}\n${ordinary[name]}\n${streams}\n`
}

export function specOf(name: keyof typeof ordinary, duration?: string): ScenarioSpec {
  const [spec] = loadScenario(textOf(name, duration))
  return spec as ScenarioSpec
}
