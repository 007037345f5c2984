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
import type { GenericOptions } from './options.ts'

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

/**
 * Whether a request may follow. A stream of vhost-device-sound begins in the state SetParameters
 * (PCMState::default), as if it had its parameters already.
 */
export function mayFollow(
  state: StreamState,
  code: number,
  lifecycle: GenericOptions['lifecycle'],
): boolean {
  const from = state === 0 && lifecycle === 'crash' ? VIRTIO_SND_R_PCM_SET_PARAMS : state
  return AFTER[from]?.includes(code) ?? false
}

/** Whether the back end of vhost-device-sound takes a message in this state. */
export function mayTransfer(state: StreamState): boolean {
  return state === VIRTIO_SND_R_PCM_PREPARE || state === VIRTIO_SND_R_PCM_START
}
