/** The drivers a scenario can name: each probes its device and hands out the PCM it registered. */
import type { SndPcm } from '../model/alsa/pcm.ts'
import { ideal_probe } from '../model/guest/ideal/ideal_pcm.ts'
import { VIRTIO_SND_VERSIONS } from '../model/guest/virtio-snd/versions.ts'
import type { VirtioSnd } from '../model/guest/virtio-snd/virtio_snd_device.ts'
import { ENODEV } from '../model/linux/errno.ts'
import type { Kernel } from '../model/linux/kernel.ts'
import { device_attach } from '../model/virtio/virtio_bus.ts'
import { VirtioPciDevice } from '../model/virtio/virtio_pci.ts'
import type { Proc } from '../sim/process.ts'
import type { World } from './build.ts'
import { audioClock, buildDevice, substreamCounts } from './devices.ts'
import type { DriverSpec, ScenarioSpec } from './spec.ts'

/** What probes the driver, in a guest task: the PCM, or -errno. Its device exists already. */
export type Probe = () => Proc<SndPcm | number>

export function makeDriver(world: World, spec: ScenarioSpec): Probe {
  const { kernel } = world
  if (spec.driver.kind === 'ideal') return () => probeIdeal(kernel, spec)
  const built = buildDevice(world, spec)
  const vdev = new VirtioPciDevice(kernel, built.proxy)
  world.virtio = { ...built, vdev }
  return () => probeVirtio(vdev, spec.driver)
}

function* probeIdeal(kernel: Kernel, spec: ScenarioSpec): Proc<SndPcm> {
  return ideal_probe(kernel, audioClock(spec), { ...spec.driver.ideal, ...substreamCounts(spec) })
}

function* probeVirtio(vdev: VirtioPciDevice, driver: DriverSpec): Proc<SndPcm | number> {
  const load = VIRTIO_SND_VERSIONS[driver.version]
  const rc = yield* device_attach(vdev, load(driver.options, driver.variant))
  if (rc < 0) return rc
  return (vdev.priv as VirtioSnd).card?.pcms[0] ?? -ENODEV
}
