/**
 * Jacks, channel maps and control elements of a sound device, as a scenario has them and as the
 * model takes them. Part of complete-device.ts; pure.
 */
import {
  NO_SOUND_CONTROLS,
  type SoundControlOptions,
  type SoundControlsOptions,
} from '../model/host/sound-controls.ts'
import { VIRTIO_SND_D_INPUT, VIRTIO_SND_D_OUTPUT } from '../model/virtio/virtio_snd.ts'
import {
  AC_DEFCFG_DEVICE_SHIFT,
  AC_DEFCFG_LOCATION_SHIFT,
  AC_JACK_DEVICES,
  AC_JACK_LOC_HDMI,
  VIRTIO_SND_CHMAP_MAX_SIZE,
  VIRTIO_SND_CHMAP_POSITIONS,
  VIRTIO_SND_CTL_ACCESS,
  VIRTIO_SND_CTL_COUNTS,
  VIRTIO_SND_CTL_ROLES,
  VIRTIO_SND_CTL_TYPES,
  type VirtioSndChmapInfo,
  type VirtioSndJackInfo,
} from '../model/virtio/virtio_snd_ctl.ts'
import type { Fault, Path } from './fault.ts'
import type { StreamDirection } from './spec.ts'

/** Entries of each list. */
const ITEMS_MAX = 256
/** Bytes of a name on the wire, with the zero at its end. */
const NAME_BYTES = 44

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined }

export type JackInput = Maybe<{
  device: (typeof AC_JACK_DEVICES)[number]
  hdmi: boolean
  connected: boolean
}>

export interface ChmapInput {
  readonly direction: StreamDirection
  readonly positions: readonly string[]
}

export type ControlInput = { readonly name: string } & Maybe<{
  type: (typeof VIRTIO_SND_CTL_TYPES)[number]
  role: (typeof VIRTIO_SND_CTL_ROLES)[number]
  count: number
  index: number
  min: number
  max: number
  step: number
  items: readonly string[]
  access: readonly (typeof VIRTIO_SND_CTL_ACCESS)[number][]
  value: readonly number[]
}>

export type ControlsInput = Maybe<{
  jacks: readonly JackInput[]
  chmaps: readonly ChmapInput[]
  controls: readonly ControlInput[]
}>

export function completeControls(input: ControlsInput, faults: Fault[]): SoundControlsOptions {
  const { jacks = [], chmaps = [], controls = [] } = input
  if (jacks.length + chmaps.length + controls.length === 0) return NO_SOUND_CONTROLS
  const counts = { jacks: jacks.length, chmaps: chmaps.length, controls: controls.length }
  for (const [key, count] of Object.entries(counts)) {
    if (count <= ITEMS_MAX) continue
    const [what, allowed] = [`${count} entries`, `up to ${ITEMS_MAX}`]
    faults.push({ path: ['device', key], at: 'value', what, allowed })
  }
  chmaps.forEach(({ positions }, i) => {
    const at = positions.length
    if (at >= 1 && at <= VIRTIO_SND_CHMAP_MAX_SIZE) return
    const path = ['device', 'chmaps', i, 'positions']
    const allowed = `1 to ${VIRTIO_SND_CHMAP_MAX_SIZE}`
    faults.push({ path, at: 'value', what: `${at} positions`, allowed })
  })
  return {
    jacks: jacks.map(jackOf),
    chmaps: chmaps.map(chmapOf),
    controls: controls.map((one, i) => controlOf(one, ['device', 'controls', i], faults)),
  }
}

function jackOf({ device = 'headphone', hdmi = false, connected = true }: JackInput) {
  const pin = AC_JACK_DEVICES.indexOf(device) << AC_DEFCFG_DEVICE_SHIFT
  const location = (hdmi ? AC_JACK_LOC_HDMI : 0) << AC_DEFCFG_LOCATION_SHIFT
  return {
    hda_fn_nid: 0,
    features: 0,
    hda_reg_defconf: pin | location,
    hda_reg_caps: 0,
    connected,
  } satisfies VirtioSndJackInfo
}

function chmapOf({ direction, positions }: ChmapInput): VirtioSndChmapInfo {
  return {
    hda_fn_nid: 0,
    direction: direction === 'playback' ? VIRTIO_SND_D_OUTPUT : VIRTIO_SND_D_INPUT,
    channels: positions.length,
    positions: positions.map((name) => VIRTIO_SND_CHMAP_POSITIONS.indexOf(name)),
  }
}

function controlOf(input: ControlInput, path: Path, faults: Fault[]): SoundControlOptions {
  const { name, type = 'integer', role = 'none', count = 1, index = 0 } = input
  const { items = [], access = ['read', 'write'] } = input
  const number = VIRTIO_SND_CTL_TYPES.indexOf(type)
  const { min = 0, max = type === 'boolean' ? 1 : 100, step = 1 } = input
  const value = input.value ?? Array<number>(count).fill(min)
  const wrong = (key: string, what: string, allowed: string): void => {
    faults.push({ path: [...path, key], at: 'value', what, allowed })
  }
  if (name === '' || name.length >= NAME_BYTES) {
    wrong('name', `${name.length} characters`, `1 to ${NAME_BYTES - 1}`)
  }
  const most = VIRTIO_SND_CTL_COUNTS[number] as number
  if (count > most) wrong('count', `${count} values of type ${type}`, `up to ${most}`)
  if (value.length !== count) wrong('value', `${value.length} values`, `${count}, as count says`)
  if ((type === 'enumerated') !== items.length > 0) {
    wrong('items', `${items.length} items of type ${type}`, 'names, of an enumerated control only')
  }
  const bits = access.map((one) => 1 << VIRTIO_SND_CTL_ACCESS.indexOf(one))
  return {
    hda_fn_nid: 0,
    role: VIRTIO_SND_CTL_ROLES.indexOf(role),
    type: number,
    access: bits.reduce((all, bit) => all | bit, 0),
    count,
    index,
    name,
    min,
    max,
    step,
    items: items.length,
    itemNames: items,
    value,
  }
}
