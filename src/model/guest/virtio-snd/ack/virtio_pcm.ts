/**
 * How PCM devices are built from what the device says of its streams.
 *
 * Kernel: sound/virtio/virtio_pcm.c, v6.12.107.
 */
import type { Proc } from '../../../../sim/process.ts'
import type { SndCard } from '../../../alsa/core.ts'
import {
  type SndPcm,
  type SndPcmOps,
  type SndPcmSubstream,
  snd_pcm_new,
} from '../../../alsa/pcm.ts'
import {
  SNDRV_PCM_INFO_BATCH,
  SNDRV_PCM_INFO_BLOCK_TRANSFER,
  SNDRV_PCM_INFO_INTERLEAVED,
  SNDRV_PCM_INFO_MMAP,
  SNDRV_PCM_INFO_MMAP_VALID,
  SNDRV_PCM_INFO_NO_REWINDS,
  SNDRV_PCM_INFO_PAUSE,
  SNDRV_PCM_INFO_SYNC_APPLPTR,
  SNDRV_PCM_STREAM_CAPTURE,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../../../alsa/pcm_constants.ts'
import { ENOMEM } from '../../../linux/errno.ts'
import type { LockBase } from '../../../linux/lock-base.ts'
import { kfree, kmalloc } from '../../../linux/slab.ts'
import { VIRTIO_SND_R_PCM_INFO } from '../../../virtio/virtio_snd.ts'
import { virtsnd_ctl_query_info } from '../virtio_ctl_msg.ts'
import { virtsnd_pcm_build_hw } from '../virtio_pcm_hw.ts'
import { leaveUnbuilt, type VirtioSnd } from '../virtio_snd_device.ts'
import { virtsnd_pcm_capture_ops, virtsnd_pcm_playback_ops } from './virtio_pcm_ops.ts'
import { VirtioPcmSubstream } from './virtio_pcm_substream.ts'

const HW_INFO =
  SNDRV_PCM_INFO_MMAP |
  SNDRV_PCM_INFO_MMAP_VALID |
  SNDRV_PCM_INFO_BATCH |
  SNDRV_PCM_INFO_BLOCK_TRANSFER |
  SNDRV_PCM_INFO_INTERLEAVED |
  SNDRV_PCM_INFO_PAUSE |
  SNDRV_PCM_INFO_NO_REWINDS |
  SNDRV_PCM_INFO_SYNC_APPLPTR

/**
 * Asks the device for its streams and prepares a substream for each.
 *
 * Kernel: virtsnd_pcm_parse_cfg(). Context: process. Return: 0 or -errno.
 */
export function* virtsnd_pcm_parse_cfg(snd: VirtioSnd<VirtioPcmSubstream>): Proc<number> {
  const { streams } = snd.config
  if (streams === 0) return 0
  const site = 'virtsnd_pcm_parse_cfg'
  const what = 'struct virtio_pcm_substream[]'
  const object = yield* kmalloc(snd.k, 'GFP_KERNEL', { what, site, owner: snd.object })
  if (object === 0) return -ENOMEM
  const locks: LockBase[] = []
  snd.vdev.devm.push({ object, locks })
  const answers = 'struct virtio_snd_pcm_info[]'
  const answer = yield* kmalloc(snd.k, 'GFP_KERNEL', { what: answers, site, owner: snd.object })
  if (answer === 0) return leaveUnbuilt(snd, 0, -ENOMEM)
  const info = yield* virtsnd_ctl_query_info(snd, VIRTIO_SND_R_PCM_INFO, 0, streams, answer)
  kfree(snd.k, answer, site)
  if (typeof info === 'number') return leaveUnbuilt(snd, 0, info)
  for (const [sid, item] of info.entries()) {
    const hw = virtsnd_pcm_build_hw(item, snd.params, HW_INFO)
    if (typeof hw === 'number') return leaveUnbuilt(snd, sid + 1, hw)
    const vss = new VirtioPcmSubstream(snd, sid, item, hw)
    locks.push(vss.lock, vss.msg_empty.lock)
    for (const lock of locks.slice(-2)) lock.recordInit(snd.k.current)
    snd.substreams.push(vss)
  }
  return 0
}

/**
 * One PCM device for each function group node, under the node's number. Kernel:
 * virtsnd_pcm_build_devs().
 */
export function virtsnd_pcm_build_devs(snd: VirtioSnd<VirtioPcmSubstream>): SndPcm[] {
  const nids = [...new Set(snd.substreams.map((vss) => vss.nid))]
  return nids.map((nid) => {
    const members = snd.substreams.filter((vss) => vss.nid === nid)
    const playback = members.filter((vss) => vss.direction === SNDRV_PCM_STREAM_PLAYBACK)
    const capture = members.filter((vss) => vss.direction === SNDRV_PCM_STREAM_CAPTURE)
    const pcm = snd_pcm_new(snd.card as SndCard, nid, {
      nonatomic: true,
      ...(playback.length > 0 && { playback: setup(playback, virtsnd_pcm_playback_ops) }),
      ...(capture.length > 0 && { capture: setup(capture, virtsnd_pcm_capture_ops) }),
    })
    for (const [i, vss] of playback.entries()) bind(vss, pcm.playback[i])
    for (const [i, vss] of capture.entries()) bind(vss, pcm.capture[i])
    return pcm
  })
}

function setup(members: readonly VirtioPcmSubstream[], ops: SndPcmOps) {
  const { hw } = members[0] as VirtioPcmSubstream
  return { ops, hardware: hw, count: members.length }
}

function bind(vss: VirtioPcmSubstream, substream: SndPcmSubstream | undefined): void {
  if (substream === undefined) return
  vss.substream = substream
  substream.private_data = vss
}
