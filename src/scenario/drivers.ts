/** The drivers a scenario can name: each probes its device and hands out the PCM it registered. */
import type { SndPcm } from '../model/alsa/pcm.ts'
import { virtsnd_probe } from '../model/guest/virtio-snd/v7/virtio_card.ts'
import type { Kernel } from '../model/linux/kernel.ts'
import { ENODEV } from '../model/linux/errno.ts'
import type { Proc } from '../sim/process.ts'
import { VirtioPciDevice } from '../model/virtio/virtio_pci.ts'
import type { VirtioHostPort } from '../model/virtio/seam.ts'
import type { ScenarioSpec } from './spec.ts'

/** Runs in a guest task; returns the PCM or -errno. */
export function* probeDriver(
  kernel: Kernel,
  port: VirtioHostPort,
  spec: ScenarioSpec,
): Proc<SndPcm | number> {
  const vdev = new VirtioPciDevice(kernel, port)
  const snd = yield* virtsnd_probe(vdev, spec.driver.options)
  if (typeof snd === 'number') return snd
  return snd.card?.pcms[0] ?? -ENODEV
}
