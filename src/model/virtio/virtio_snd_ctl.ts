/**
 * The part of the sound device's protocol about jacks, channel maps and control elements: what the
 * device says of each, with its size on the wire. Sizes are bytes.
 *
 * Source: include/uapi/linux/virtio_snd.h (control elements: since Linux 6.9); HDA specification
 * 7.3.3.31 for the default configuration of a pin.
 */

export const JACK_INFO_BYTES = 24
export const CHMAP_INFO_BYTES = 24
export const CTL_INFO_BYTES = 96
/** `struct virtio_snd_ctl_value`, whatever the type: 128 integers. */
export const CTL_VALUE_BYTES = 512
/** `struct virtio_snd_ctl_enum_item`: a name. */
export const CTL_ITEM_BYTES = 64

/** Answer to JACK_INFO for one jack. */
export interface VirtioSndJackInfo {
  readonly hda_fn_nid: number
  readonly features: number
  /** Pin default configuration: device in bits 20 to 23, location in 24 to 29. */
  readonly hda_reg_defconf: number
  readonly hda_reg_caps: number
  readonly connected: boolean
}

/** Answer to CHMAP_INFO for one map; a position is an index of VIRTIO_SND_CHMAP_POSITIONS. */
export interface VirtioSndChmapInfo {
  readonly hda_fn_nid: number
  readonly direction: number
  readonly channels: number
  readonly positions: readonly number[]
}

/** Answer to CTL_INFO for one control element. */
export interface VirtioSndCtlInfo {
  readonly hda_fn_nid: number
  /** 0 undefined, 1 volume, 2 mute, 3 gain. */
  readonly role: number
  /** Index of VIRTIO_SND_CTL_TYPES. */
  readonly type: number
  /** Bits by the index of VIRTIO_SND_CTL_ACCESS. */
  readonly access: number
  /** Values of the element. */
  readonly count: number
  /** Distinguishes elements of one name. */
  readonly index: number
  readonly name: string
  readonly min: number
  readonly max: number
  readonly step: number
  /** Names that an enumerated element can take. */
  readonly items: number
}

export const VIRTIO_SND_CHMAP_MAX_SIZE = 18

/** ALSA's name of each channel position, by virtio number; NONE is ALSA's UNKNOWN. */
export const VIRTIO_SND_CHMAP_POSITIONS = [
  ...['NONE', 'NA', 'MONO', 'FL', 'FR', 'RL', 'RR', 'FC', 'LFE', 'SL', 'SR', 'RC'],
  ...['FLC', 'FRC', 'RLC', 'RRC', 'FLW', 'FRW', 'FLH', 'FCH', 'FRH', 'TC', 'TFL', 'TFR'],
  ...['TFC', 'TRL', 'TRR', 'TRC', 'TFLC', 'TFRC', 'TSL', 'TSR', 'LLFE', 'RLFE', 'BC', 'BLC'],
  'BRC',
] as readonly string[]

export const VIRTIO_SND_CTL_ROLES = ['none', 'volume', 'mute', 'gain'] as const

export const VIRTIO_SND_CTL_TYPES = [
  'boolean',
  'integer',
  'integer64',
  'enumerated',
  'bytes',
  'iec958',
] as const

export const VIRTIO_SND_CTL_TYPE_ENUMERATED = VIRTIO_SND_CTL_TYPES.indexOf('enumerated')
export const VIRTIO_SND_CTL_TYPE_IEC958 = VIRTIO_SND_CTL_TYPES.indexOf('iec958')

/** Most values of an element, by type: what fits into CTL_VALUE_BYTES. */
export const VIRTIO_SND_CTL_COUNTS: readonly number[] = [128, 128, 64, 128, 512, 1]

export const VIRTIO_SND_CTL_ACCESS = [
  'read',
  'write',
  'volatile',
  'inactive',
  'tlv_read',
  'tlv_write',
  'tlv_command',
] as const

/** What of an element changed: bits of a CTL_NOTIFY event. */
export const VIRTIO_SND_CTL_EVT_MASKS = ['value', 'info', 'tlv'] as const

/** Sort of a pin's device: bits 20 to 23 of its default configuration. */
export const AC_JACK_DEVICES = [
  'line-out',
  'speaker',
  'headphone',
  'cd',
  'spdif-out',
  'digital-out',
  'modem-line',
  'modem-handset',
  'line-in',
  'aux',
  'mic',
  'telephony',
  'spdif-in',
  'digital-in',
] as const
export const AC_DEFCFG_DEVICE_SHIFT = 20
export const AC_DEFCFG_LOCATION_SHIFT = 24
/** Location "HDMI" of a digital output (HDA 7.3.3.31: special, 0x18). */
export const AC_JACK_LOC_HDMI = 0x18
