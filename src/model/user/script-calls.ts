/** The calls that a script may make (scripted.ts). Data only, because the decoder loads it. */
export const scriptCalls = [
  'open',
  'close',
  'sleep',
  'avail_update',
  'hw_refine',
  'hw_params',
  'hw_free',
  'sw_params',
  'prepare',
  'reset',
  'start',
  'drop',
  'drain',
  'pause',
  'release',
  'suspend',
  'resume',
  'xrun',
  'status',
  'hwsync',
  'delay',
  'forward',
  'rewind',
  'writei',
  'readi',
  'mmap',
  'mmap_commit',
  'poll',
  'link',
  'unlink',
  'writen',
  'readn',
  'sync_ptr',
  'munmap',
  'fasync',
  'fcntl',
  'timer_open',
  'timer_params',
  'timer_start',
  'timer_stop',
  'timer_pause',
  'timer_continue',
  'timer_status',
  'timer_fasync',
  'timer_poll',
  'timer_read',
  'timer_close',
] as const

export type ScriptCall = (typeof scriptCalls)[number]

/** Events that a timer opened with `tread` can queue. */
export const timerEvents = [
  'resolution',
  'tick',
  'start',
  'stop',
  'continue',
  'pause',
  'suspend',
  'resume',
  'mstart',
  'mstop',
  'mcontinue',
  'mpause',
  'msuspend',
  'mresume',
] as const

export type TimerEvent = (typeof timerEvents)[number]

/** Kinds of audio time stamp that STATUS_EXT asks for, by their numbers. */
export const audioTstamps = ['compat', 'default', 'link'] as const

export type AudioTstamp = (typeof audioTstamps)[number]
