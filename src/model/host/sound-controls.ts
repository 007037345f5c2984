/**
 * Jacks, channel maps and control elements of a sound device: what it says of them, and what the
 * driver may read and write. Values are plain numbers.
 *
 * Source: virtio sound specification (jacks, channel maps; control elements since 1.3).
 */
import {
  VIRTIO_SND_F_CTLS,
  VIRTIO_SND_R_CHMAP_INFO,
  VIRTIO_SND_R_CTL_ENUM_ITEMS,
  VIRTIO_SND_R_CTL_INFO,
  VIRTIO_SND_R_CTL_READ,
  VIRTIO_SND_R_CTL_TLV_COMMAND,
  VIRTIO_SND_R_CTL_TLV_READ,
  VIRTIO_SND_R_CTL_TLV_WRITE,
  VIRTIO_SND_R_CTL_WRITE,
  VIRTIO_SND_R_JACK_INFO,
  VIRTIO_SND_S_BAD_MSG,
  VIRTIO_SND_S_NOT_SUPP,
  VIRTIO_SND_S_OK,
  type VirtioSndControl,
  type VirtioSndInfo,
} from '../virtio/virtio_snd.ts'
import {
  VIRTIO_SND_CTL_ACCESS,
  type VirtioSndChmapInfo,
  type VirtioSndCtlInfo,
  type VirtioSndJackInfo,
} from '../virtio/virtio_snd_ctl.ts'

/** A control element, and what it begins with. */
export interface SoundControlOptions extends VirtioSndCtlInfo {
  readonly itemNames: readonly string[]
  readonly value: readonly number[]
}

export interface SoundControlsOptions {
  readonly jacks: readonly VirtioSndJackInfo[]
  readonly chmaps: readonly VirtioSndChmapInfo[]
  readonly controls: readonly SoundControlOptions[]
}

export const NO_SOUND_CONTROLS: SoundControlsOptions = { jacks: [], chmaps: [], controls: [] }

interface Element {
  readonly info: SoundControlOptions
  value: readonly number[]
}

/** The access that a request needs. */
const NEEDS: Readonly<Record<number, (typeof VIRTIO_SND_CTL_ACCESS)[number]>> = {
  [VIRTIO_SND_R_CTL_READ]: 'read',
  [VIRTIO_SND_R_CTL_WRITE]: 'write',
  [VIRTIO_SND_R_CTL_TLV_READ]: 'tlv_read',
  [VIRTIO_SND_R_CTL_TLV_WRITE]: 'tlv_write',
  [VIRTIO_SND_R_CTL_TLV_COMMAND]: 'tlv_command',
}

export class SoundControls {
  private readonly jacks: VirtioSndJackInfo[]
  private readonly chmaps: readonly VirtioSndChmapInfo[]
  private readonly elements: readonly Element[]

  constructor({ jacks, chmaps, controls }: SoundControlsOptions) {
    this.jacks = [...jacks]
    this.chmaps = chmaps
    this.elements = controls.map((info) => ({ info, value: info.value }))
  }

  /** Feature bits that it brings. */
  get features(): number {
    return this.elements.length > 0 ? VIRTIO_SND_F_CTLS : 0
  }

  /** Its part of the configuration space. */
  get counts() {
    const { jacks, chmaps, elements } = this
    const controls = elements.length > 0 ? { controls: elements.length } : {}
    return { jacks: jacks.length, chmaps: chmaps.length, ...controls }
  }

  /** Something is plugged in or out: a later JACK_INFO says so too. */
  setJack(id: number, connected: boolean): void {
    const jack = this.jacks[id]
    if (jack !== undefined) this.jacks[id] = { ...jack, connected }
  }

  /** The host changes an element's value. */
  setValue(id: number, value: readonly number[]): void {
    const element = this.elements[id]
    if (element !== undefined) element.value = value
  }

  /** Answers a request about jacks, maps and elements. Return: its status. */
  answer(request: VirtioSndControl): number {
    switch (request.code) {
      case VIRTIO_SND_R_JACK_INFO:
        return answerQuery(request, this.jacks)
      case VIRTIO_SND_R_CHMAP_INFO:
        return answerQuery(request, this.chmaps)
      case VIRTIO_SND_R_CTL_INFO:
        return answerQuery(
          request,
          this.elements.map(({ info }) => info),
        )
      default:
        return this.answerControl(request)
    }
  }

  private answerControl(request: VirtioSndControl): number {
    const { code, stream_id: id } = request
    if (code < VIRTIO_SND_R_CTL_INFO || this.elements.length === 0) return VIRTIO_SND_S_NOT_SUPP
    const element = this.elements[id]
    if (element === undefined) return VIRTIO_SND_S_BAD_MSG
    const { access, count, itemNames } = element.info
    const needs = NEEDS[code]
    if (needs !== undefined && (access & (1 << VIRTIO_SND_CTL_ACCESS.indexOf(needs))) === 0) {
      return VIRTIO_SND_S_NOT_SUPP
    }
    if (code === VIRTIO_SND_R_CTL_ENUM_ITEMS) request.items = itemNames
    else if (code === VIRTIO_SND_R_CTL_READ) request.value = element.value
    else if (code === VIRTIO_SND_R_CTL_WRITE) element.value = request.value.slice(0, count)
    return VIRTIO_SND_S_OK
  }
}

function answerQuery(request: VirtioSndControl, all: readonly VirtioSndInfo[]): number {
  const { stream_id: start, count } = request
  if (start + count > all.length) return VIRTIO_SND_S_BAD_MSG
  request.info = all.slice(start, start + count)
  return VIRTIO_SND_S_OK
}
