/**
 * Channel maps of the device: asked for at probe, one control for each direction of a PCM that has
 * any. The same in all versions.
 *
 * Kernel: sound/virtio/virtio_chmap.c, v6.1 (patch series v5 [8/9]: taken as equal, inferred).
 */
import type { Proc } from '../../../sim/process.ts'
import type { SndPcm } from '../../alsa/pcm.ts'
import { type SndPcmChmapElem, snd_pcm_add_chmap_ctls } from '../../alsa/pcm_chmap.ts'
import { SNDRV_PCM_STREAM_CAPTURE, SNDRV_PCM_STREAM_PLAYBACK } from '../../alsa/pcm_constants.ts'
import { EINVAL, ENOMEM } from '../../linux/errno.ts'
import { kmalloc } from '../../linux/slab.ts'
import {
  VIRTIO_SND_D_INPUT,
  VIRTIO_SND_D_OUTPUT,
  VIRTIO_SND_R_CHMAP_INFO,
} from '../../virtio/virtio_snd.ts'
import { VIRTIO_SND_CHMAP_POSITIONS, type VirtioSndChmapInfo } from '../../virtio/virtio_snd_ctl.ts'
import { virtsnd_ctl_query_info } from './virtio_ctl_msg.ts'
import { dev_err, type VirtioSnd } from './virtio_snd_device.ts'

/** Kernel: virtsnd_chmap_parse_cfg(). Context: process. Return: 0 or -errno. */
export function* virtsnd_chmap_parse_cfg(snd: VirtioSnd): Proc<number> {
  const { chmaps } = snd.config
  if (chmaps === 0) return 0
  const site = 'virtsnd_chmap_parse_cfg'
  const info = { what: 'struct virtio_snd_chmap_info[]', site, owner: snd.object }
  const object = yield* kmalloc(snd.k, 'GFP_KERNEL', info)
  if (object === 0) return -ENOMEM
  snd.vdev.devm.push({ object, locks: [] })
  const command = VIRTIO_SND_R_CHMAP_INFO
  const maps = yield* virtsnd_ctl_query_info<VirtioSndChmapInfo>(snd, command, 0, chmaps, object)
  if (typeof maps === 'number') return maps
  for (const [i, { direction }] of maps.entries()) {
    if (direction === VIRTIO_SND_D_OUTPUT || direction === VIRTIO_SND_D_INPUT) continue
    yield* dev_err(snd, `chmap #${i}: unknown direction (${direction})`)
    return -EINVAL
  }
  snd.chmaps = maps
  return 0
}

/** Kernel: virtsnd_chmap_build_devs(). Context: process. Return: 0 or -errno. */
export function* virtsnd_chmap_build_devs(snd: VirtioSnd): Proc<number> {
  for (const pcm of snd.card?.pcms ?? []) {
    for (const stream of [SNDRV_PCM_STREAM_PLAYBACK, SNDRV_PCM_STREAM_CAPTURE]) {
      const chmaps = mapsOf(snd, pcm, stream)
      if (chmaps.length === 0) continue
      const rc = yield* snd_pcm_add_chmap_ctls(pcm, stream, chmaps)
      if (rc !== 0) return rc
    }
  }
  return 0
}

/** Those of the function group that the PCM is made of. */
function mapsOf(snd: VirtioSnd, pcm: SndPcm, stream: number): readonly SndPcmChmapElem[] {
  const wanted = stream === SNDRV_PCM_STREAM_PLAYBACK ? VIRTIO_SND_D_OUTPUT : VIRTIO_SND_D_INPUT
  return snd.chmaps
    .filter(({ hda_fn_nid, direction }) => hda_fn_nid === pcm.device && direction === wanted)
    .map(({ positions }) => positions.map(alsaPosition))
}

/** Kernel: g_v2a_position_map. */
function alsaPosition(position: number): string {
  const name = VIRTIO_SND_CHMAP_POSITIONS[position] ?? ''
  return name === 'NONE' ? 'UNKNOWN' : name
}
