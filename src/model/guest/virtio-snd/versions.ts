/**
 * The driver's versions by name: two of the mailing list (v5, v6) and two of the kernel (v7 is what
 * 5.13 to 6.6 have, ack what 6.7 and later have).
 */
import type { Proc } from '../../../sim/process.ts'
import type { VirtioPciDevice } from '../../virtio/virtio_pci.ts'
import { virtsnd_probe as probeAck } from './ack/virtio_card.ts'
import type { VirtioSndModuleParams } from './module_params.ts'
import { virtsnd_probe as probeV5 } from './v5/virtio_card.ts'
import { virtsnd_probe as probeV6 } from './v6/virtio_card.ts'
import { virtsnd_probe as probeV7 } from './v7/virtio_card.ts'
import type { VirtioSndVariant } from './variant.ts'
import type { VirtioSnd } from './virtio_snd_device.ts'

export type VirtioSndVersion = 'v5' | 'v6' | 'v7' | 'ack'

/** Probes the device; the variant matters to v5 and v6 only. Return: the device, or -errno. */
export type VirtioSndProbe = (
  vdev: VirtioPciDevice,
  params: VirtioSndModuleParams,
  variant?: VirtioSndVariant,
) => Proc<VirtioSnd | number>

export const VIRTIO_SND_VERSIONS: Readonly<Record<VirtioSndVersion, VirtioSndProbe>> = {
  v5: probeV5,
  v6: probeV6,
  v7: probeV7,
  ack: probeAck,
}
