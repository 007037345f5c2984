/** The drivers a scenario can name: each probes its device and hands out the PCM it registered. */
import type { SndPcm } from '../model/alsa/pcm.ts'
import { ideal_probe } from '../model/guest/ideal/ideal_pcm.ts'
import { virtsnd_probe } from '../model/guest/virtio-snd/v7/virtio_card.ts'
import { ENODEV } from '../model/linux/errno.ts'
import type { Kernel } from '../model/linux/kernel.ts'
import type { VirtioHostPort } from '../model/virtio/seam.ts'
import { VirtioPciDevice } from '../model/virtio/virtio_pci.ts'
import type { Proc } from '../sim/process.ts'
import type { World } from './build.ts'
import { audioClock, buildDevice, substreamCounts } from './devices.ts'
import type { ScenarioSpec } from './spec.ts'

/** What probes the driver, in a guest task: the PCM, or -errno. Its device exists already. */
export type Probe = () => Proc<SndPcm | number>

export function makeDriver(world: World, spec: ScenarioSpec): Probe {
  if (spec.driver.kind === 'ideal') return () => probeIdeal(world.kernel, spec)
  const port = buildDevice(world, spec)
  return () => probeVirtio(world.kernel, port, spec)
}

function* probeIdeal(kernel: Kernel, spec: ScenarioSpec): Proc<SndPcm> {
  return ideal_probe(kernel, audioClock(spec), { ...spec.driver.ideal, ...substreamCounts(spec) })
}

function* probeVirtio(
  kernel: Kernel,
  port: VirtioHostPort,
  spec: ScenarioSpec,
): Proc<SndPcm | number> {
  const vdev = new VirtioPciDevice(kernel, port)
  const snd = yield* virtsnd_probe(vdev, spec.driver.options)
  if (typeof snd === 'number') return snd
  return snd.card?.pcms[0] ?? -ENODEV
}
