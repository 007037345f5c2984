/**
 * Numbers of the PCM interface: states, trigger commands, information flags, parameters of the
 * software configuration. Values are those of uapi/sound/asound.h and sound/pcm.h, because traces
 * and self-test files carry them.
 */
export const SNDRV_PCM_STREAM_PLAYBACK = 0
export const SNDRV_PCM_STREAM_CAPTURE = 1

export const SNDRV_PCM_STATE_OPEN = 0
export const SNDRV_PCM_STATE_SETUP = 1
export const SNDRV_PCM_STATE_PREPARED = 2
export const SNDRV_PCM_STATE_RUNNING = 3
export const SNDRV_PCM_STATE_XRUN = 4
export const SNDRV_PCM_STATE_DRAINING = 5
export const SNDRV_PCM_STATE_PAUSED = 6
export const SNDRV_PCM_STATE_SUSPENDED = 7
export const SNDRV_PCM_STATE_DISCONNECTED = 8

export const SNDRV_PCM_TRIGGER_STOP = 0
export const SNDRV_PCM_TRIGGER_START = 1
export const SNDRV_PCM_TRIGGER_PAUSE_PUSH = 3
export const SNDRV_PCM_TRIGGER_PAUSE_RELEASE = 4
export const SNDRV_PCM_TRIGGER_SUSPEND = 5
export const SNDRV_PCM_TRIGGER_RESUME = 6
export const SNDRV_PCM_TRIGGER_DRAIN = 7

/** What the pointer op returns when the device itself lost data: all ones. */
export const SNDRV_PCM_POS_XRUN = -1

export const SNDRV_PCM_INFO_MMAP = 0x1
export const SNDRV_PCM_INFO_MMAP_VALID = 0x2
export const SNDRV_PCM_INFO_BATCH = 0x10
export const SNDRV_PCM_INFO_SYNC_APPLPTR = 0x20
export const SNDRV_PCM_INFO_INTERLEAVED = 0x100
export const SNDRV_PCM_INFO_NONINTERLEAVED = 0x200
export const SNDRV_PCM_INFO_COMPLEX = 0x400
export const SNDRV_PCM_INFO_BLOCK_TRANSFER = 0x10000
export const SNDRV_PCM_INFO_RESUME = 0x40000
export const SNDRV_PCM_INFO_PAUSE = 0x80000
export const SNDRV_PCM_INFO_HALF_DUPLEX = 0x100000
export const SNDRV_PCM_INFO_JOINT_DUPLEX = 0x200000
export const SNDRV_PCM_INFO_SYNC_START = 0x400000
export const SNDRV_PCM_INFO_NO_PERIOD_WAKEUP = 0x800000
export const SNDRV_PCM_INFO_HAS_LINK_ATIME = 0x1000000
export const SNDRV_PCM_INFO_EXPLICIT_SYNC = 0x10000000
export const SNDRV_PCM_INFO_NO_REWINDS = 0x20000000
export const SNDRV_PCM_INFO_DRAIN_TRIGGER = 0x40000000

export const SNDRV_PCM_ACCESS_MMAP_INTERLEAVED = 0
export const SNDRV_PCM_ACCESS_MMAP_NONINTERLEAVED = 1
export const SNDRV_PCM_ACCESS_MMAP_COMPLEX = 2
export const SNDRV_PCM_ACCESS_RW_INTERLEAVED = 3
export const SNDRV_PCM_ACCESS_RW_NONINTERLEAVED = 4

export const SNDRV_PCM_TSTAMP_NONE = 0
export const SNDRV_PCM_TSTAMP_ENABLE = 1

export const SNDRV_PCM_HW_PARAMS_NO_PERIOD_WAKEUP = 0x4

export const SNDRV_PCM_SYNC_PTR_HWSYNC = 1
export const SNDRV_PCM_SYNC_PTR_APPL = 2
export const SNDRV_PCM_SYNC_PTR_AVAIL_MIN = 4

/** Bits of the module's xrun_debug setting. */
export const XRUN_DEBUG_BASIC = 1
export const XRUN_DEBUG_STACK = 2
export const XRUN_DEBUG_JIFFIESCHECK = 4

/** f_flags of an open file that matter here. */
export const O_NONBLOCK = 0o4000
export const O_APPEND = 0o2000

/** The kernel modelled is a 32-bit one: a 64-bit boundary would leave JavaScript's exact range. */
export const LONG_MAX = 0x7fffffff
/** Argument of the silencing code at start: "no pointer yet" (ULONG_MAX in the kernel). */
export const ULONG_MAX = 0xffffffff

/** Op numbers of the records snd_pcm_op and snd_pcm_op_done (CODES.op). */
export const Op = {
  open: 0,
  close: 1,
  hw_params: 2,
  hw_free: 3,
  prepare: 4,
  sync_stop: 5,
  ack: 6,
  copy: 7,
  fill_silence: 8,
  pointer: 9,
  ioctl: 10,
} as const

/** Xrun causes of the record snd_pcm_xrun (CODES.xrun). */
export const XrunCause = {
  threshold: 0,
  device: 1,
  ack: 2,
  falseWrap: 3,
  ioctl: 4,
  start: 5,
} as const
