/** The drivers a scenario can name: each probes its device and hands out the PCM it registered. */
import type { SndPcm } from '../model/alsa/pcm.ts'
import { loopback_probe } from '../model/guest/aloop/aloop.ts'
import { ideal_probe } from '../model/guest/ideal/ideal_pcm.ts'
import { snd_card_pcsp_probe } from '../model/guest/pcsp/pcsp_lib.ts'
import { sof_sdw_probe } from '../model/guest/soundwire/sof_sdw.ts'
import { VIRTIO_SND_VERSIONS } from '../model/guest/virtio-snd/versions.ts'
import type { VirtioSnd } from '../model/guest/virtio-snd/virtio_snd_device.ts'
import { type XenSndFrontInfo, xenSndDriver } from '../model/guest/xen-snd/xen_snd_front_drv.ts'
import { ENODEV } from '../model/linux/errno.ts'
import type { Kernel } from '../model/linux/kernel.ts'
import {
  device_attach,
  device_release_driver,
  virtio_device_freeze,
  virtio_device_restore,
} from '../model/virtio/virtio_bus.ts'
import { VirtioPciDevice } from '../model/virtio/virtio_pci.ts'
import {
  waitConnected,
  XenbusDevice,
  xenbus_dev_probe,
  xenbus_dev_remove,
} from '../model/xen/xenbus.ts'
import type { Proc } from '../sim/process.ts'
import type { World } from './build.ts'
import { audioClock, buildDevice, buildXen, substreamCounts } from './devices.ts'
import type { SoundParts, VirtioParts, XenParts } from './fault-actions.ts'
import type { DriverSpec, ScenarioSpec } from './spec.ts'

/** What probes the driver, in a guest task: the PCM, or -errno. Its device exists already. */
export type Probe = () => Proc<SndPcm | number>

export function makeDriver(world: World, spec: ScenarioSpec): Probe {
  switch (spec.driver.kind) {
    case 'ideal':
      return () => probeIdeal(world.kernel, spec)
    case 'aloop':
      return () => probeAloop(world.kernel, spec)
    case 'pcsp':
      return () => probePcsp(world.kernel, spec)
    case 'soundwire':
      return () => probeSoundwire(world.kernel, spec)
    case 'xen-snd':
      return makeXen(world, spec)
    case 'virtio-snd':
      return makeVirtio(world, spec)
  }
}

function* probeIdeal(kernel: Kernel, spec: ScenarioSpec): Proc<SndPcm> {
  return ideal_probe(kernel, audioClock(spec), { ...spec.driver.ideal, ...substreamCounts(spec) })
}

function* probeAloop(kernel: Kernel, { driver }: ScenarioSpec): Proc<SndPcm> {
  const [pcm] = loopback_probe(kernel, driver.aloop)
  return pcm as SndPcm
}

function* probePcsp(kernel: Kernel, { driver }: ScenarioSpec): Proc<SndPcm> {
  return snd_card_pcsp_probe(kernel, driver.pcsp)
}

function* probeSoundwire(kernel: Kernel, spec: ScenarioSpec): Proc<SndPcm> {
  return sof_sdw_probe(kernel, audioClock(spec), spec.driver.soundwire)
}

function makeVirtio(world: World, spec: ScenarioSpec): Probe {
  const built = buildDevice(world, spec)
  const vdev = new VirtioPciDevice(world.kernel, built.proxy)
  const parts = { ...built, vdev }
  world.virtio = parts
  world.sound = virtioSound(parts)
  return () => probeVirtio(vdev, spec.driver)
}

function* probeVirtio(vdev: VirtioPciDevice, driver: DriverSpec): Proc<SndPcm | number> {
  const load = VIRTIO_SND_VERSIONS[driver.version]
  const rc = yield* device_attach(vdev, load(driver.options, driver.variant))
  if (rc < 0) return rc
  return (vdev.priv as VirtioSnd).card?.pcms[0] ?? -ENODEV
}

function virtioSound({ vdev, loops }: VirtioParts): SoundParts {
  return {
    loops,
    remove: () => device_release_driver(vdev),
    freeze: () => virtio_device_freeze(vdev),
    *restore(): Proc {
      yield* virtio_device_restore(vdev)
    },
    pcms: () => (vdev.priv as VirtioSnd | null)?.card?.pcms ?? [],
  }
}

function makeXen(world: World, spec: ScenarioSpec): Probe {
  const parts = buildXen(world, spec)
  const xb_dev = new XenbusDevice(world.kernel, parts.proxy)
  world.xen = parts
  world.sound = xenSound(parts, xb_dev)
  return () => probeXen(xb_dev, spec.driver)
}

/** The front end connects in another thread; this one waits for it. */
function* probeXen(xb_dev: XenbusDevice, driver: DriverSpec): Proc<SndPcm | number> {
  const rc = yield* xenbus_dev_probe(xb_dev, xenSndDriver(driver.xen))
  if (rc < 0) return rc
  yield* waitConnected(xb_dev)
  return cardOf(xb_dev)?.pcms[0] ?? -ENODEV
}

function cardOf({ priv }: XenbusDevice) {
  return (priv as XenSndFrontInfo | null)?.card_info?.card
}

/** The driver has no suspend and no resume of its own. */
function xenSound({ device }: XenParts, xb_dev: XenbusDevice): SoundParts {
  return {
    loops: [device.loop],
    remove: () => xenbus_dev_remove(xb_dev),
    *freeze(): Proc {},
    *restore(): Proc {},
    pcms: () => cardOf(xb_dev)?.pcms ?? [],
  }
}
