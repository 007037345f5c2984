/**
 * The driver's versions by name: two of the mailing list (v5, v6) and two of the kernel (v7 is what
 * 5.13 to 6.6 have, ack what 6.7 and later have).
 */
import type { Proc } from '../../../sim/process.ts'
import type { VirtioDriver } from '../../virtio/virtio_bus.ts'
import type { VirtioPciDevice } from '../../virtio/virtio_pci.ts'
import * as ack from './ack/virtio_card.ts'
import type { VirtioSndModuleParams } from './module_params.ts'
import * as v5 from './v5/virtio_card.ts'
import * as v6 from './v6/virtio_card.ts'
import * as v7 from './v7/virtio_card.ts'
import type { VirtioSndVariant } from './variant.ts'
import type { VirtioSnd } from './virtio_snd_device.ts'

/** A version's entry points; each version looks at its own keys of the variant. */
interface VirtioSndCode<S> {
  readonly feature_table: number
  virtsnd_probe(
    vdev: VirtioPciDevice,
    params: VirtioSndModuleParams,
    variant?: VirtioSndVariant,
  ): Proc<S | number>
  virtsnd_remove(snd: S): Proc
  virtsnd_freeze(snd: S): Proc
  virtsnd_restore(snd: S): Proc<number>
}

type Loader = (params: VirtioSndModuleParams, variant?: VirtioSndVariant) => VirtioDriver

/** The module loaded with its parameters: what device_attach() binds. */
function loader<S extends VirtioSnd>(code: VirtioSndCode<S>): Loader {
  return (params, variant) => ({
    feature_table: code.feature_table,
    probe: (vdev) => code.virtsnd_probe(vdev, params, variant),
    remove: (priv) => code.virtsnd_remove(priv as S),
    freeze: (priv) => code.virtsnd_freeze(priv as S),
    restore: (priv) => code.virtsnd_restore(priv as S),
  })
}

export const VIRTIO_SND_VERSIONS = {
  v5: loader(v5),
  v6: loader(v6),
  v7: loader(v7),
  ack: loader(ack),
} as const satisfies Readonly<Record<string, Loader>>

export type VirtioSndVersion = keyof typeof VIRTIO_SND_VERSIONS
