/**
 * Order of PCM requests as the specification has it (virtio 1.2 §5.14.6.6.1): what may follow what.
 */
import {
  VIRTIO_SND_R_PCM_PREPARE,
  VIRTIO_SND_R_PCM_RELEASE,
  VIRTIO_SND_R_PCM_SET_PARAMS,
  VIRTIO_SND_R_PCM_START,
  VIRTIO_SND_R_PCM_STOP,
} from '../../virtio/virtio_snd.ts'

/** State of a stream: the last request that was accepted, 0 for none. */
export type StreamState = number

const AFTER: Readonly<Record<number, readonly number[]>> = {
  0: [VIRTIO_SND_R_PCM_SET_PARAMS],
  [VIRTIO_SND_R_PCM_SET_PARAMS]: [VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE],
  [VIRTIO_SND_R_PCM_PREPARE]: [
    VIRTIO_SND_R_PCM_SET_PARAMS,
    VIRTIO_SND_R_PCM_PREPARE,
    VIRTIO_SND_R_PCM_START,
    VIRTIO_SND_R_PCM_RELEASE,
  ],
  [VIRTIO_SND_R_PCM_START]: [VIRTIO_SND_R_PCM_STOP],
  [VIRTIO_SND_R_PCM_STOP]: [VIRTIO_SND_R_PCM_START, VIRTIO_SND_R_PCM_RELEASE],
  [VIRTIO_SND_R_PCM_RELEASE]: [VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE],
}

export function mayFollow(state: StreamState, code: number): boolean {
  return AFTER[state]?.includes(code) ?? false
}
