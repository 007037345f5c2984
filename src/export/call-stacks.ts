/**
 * The kernel functions behind the slices of a trace, by their names and files in v6.12, for the
 * modelled call stacks of a Perfetto file. Functions that the model does not pass through, and
 * those of the device, have no entry. No line numbers: they change with every kernel.
 */

import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'

export interface Frame {
  readonly function: string
  /** Empty: not known. */
  readonly file: string
}

const NATIVE = 'sound/core/pcm_native.c'
const PCM_LIB = 'sound/core/pcm_lib.c'
const TIMER = 'sound/core/timer.c'
const RING = 'drivers/virtio/virtio_ring.c'
const MESSAGES = 'sound/virtio/virtio_pcm_msg.c'
const CONTROL = 'sound/virtio/virtio_ctl_msg.c'

/** By the word of the call in a record. */
const CALLS: Readonly<Record<string, readonly [name: string, file: string]>> = {
  open: ['snd_pcm_open', NATIVE],
  close: ['snd_pcm_release', NATIVE],
  hw_params: ['snd_pcm_hw_params', NATIVE],
  sw_params: ['snd_pcm_sw_params', NATIVE],
  prepare: ['snd_pcm_prepare', NATIVE],
  start: ['snd_pcm_start_lock_irq', NATIVE],
  writei: ['__snd_pcm_lib_xfer', PCM_LIB],
  readi: ['__snd_pcm_lib_xfer', PCM_LIB],
  writen: ['__snd_pcm_lib_xfer', PCM_LIB],
  readn: ['__snd_pcm_lib_xfer', PCM_LIB],
  drain: ['snd_pcm_drain', NATIVE],
  drop: ['snd_pcm_drop', NATIVE],
  pause: ['snd_pcm_pause_lock_irq', NATIVE],
  resume: ['snd_pcm_resume', NATIVE],
  status: ['snd_pcm_status64', NATIVE],
  delay: ['snd_pcm_delay', NATIVE],
  hwsync: ['snd_pcm_hwsync', NATIVE],
  poll: ['snd_pcm_poll', NATIVE],
  hw_refine: ['snd_pcm_hw_refine', NATIVE],
  hw_free: ['snd_pcm_hw_free', NATIVE],
  reset: ['snd_pcm_reset', NATIVE],
  forward: ['snd_pcm_forward', NATIVE],
  rewind: ['snd_pcm_rewind', NATIVE],
  xrun: ['snd_pcm_xrun', NATIVE],
  link: ['snd_pcm_link', NATIVE],
  unlink: ['snd_pcm_unlink', NATIVE],
  sync_ptr: ['snd_pcm_sync_ptr', NATIVE],
  mmap: ['snd_pcm_mmap', NATIVE],
  suspend: ['snd_pcm_suspend', NATIVE],
  fasync: ['snd_pcm_fasync', NATIVE],
  timer_open: ['snd_timer_user_tselect', TIMER],
  timer_start: ['snd_timer_user_start', TIMER],
  timer_stop: ['snd_timer_user_stop', TIMER],
  timer_params: ['snd_timer_user_params', TIMER],
  timer_pause: ['snd_timer_user_pause', TIMER],
  timer_continue: ['snd_timer_user_continue', TIMER],
  timer_status: ['snd_timer_user_status64', TIMER],
  timer_fasync: ['snd_timer_user_fasync', TIMER],
  timer_read: ['snd_timer_user_read', TIMER],
  timer_close: ['snd_timer_user_release', TIMER],
}

const KINDS: ReadonlyMap<number, readonly [name: string, file: string]> = new Map([
  [T.irq_handler_entry, ['__handle_irq_event_percpu', 'kernel/irq/handle.c']],
  [T.softirq_entry, ['handle_softirqs', 'kernel/softirq.c']],
  [T.snd_pcm_period_elapsed, ['snd_pcm_period_elapsed', PCM_LIB]],
  [T.snd_pcm_hwptr, ['snd_pcm_update_hw_ptr0', PCM_LIB]],
  [T.snd_pcm_applptr, ['pcm_lib_apply_appl_ptr', PCM_LIB]],
  [T.snd_pcm_xrun, ['__snd_pcm_xrun', PCM_LIB]],
  [T.vring_interrupt, ['vring_interrupt', RING]],
  [T.virtqueue_add, ['virtqueue_add_sgs', RING]],
  [T.virtqueue_kick, ['virtqueue_kick_prepare', RING]],
  [T.virtqueue_get_buf, ['virtqueue_get_buf', RING]],
  [T.virtsnd_msg_send, ['virtsnd_pcm_msg_send', MESSAGES]],
  [T.virtsnd_msg_complete, ['virtsnd_pcm_msg_complete', MESSAGES]],
  [T.virtsnd_ctl_send, ['virtsnd_ctl_msg_send', CONTROL]],
  [T.virtsnd_ctl_done, ['virtsnd_ctl_msg_send', CONTROL]],
])

const VIRTIO_PCM = 'sound/virtio/virtio_pcm.c'
const VIRTIO_OPS = 'sound/virtio/virtio_pcm_ops.c'
const XEN_OPS = 'sound/xen/xen_snd_front_alsa.c'

export class CallStacks {
  private readonly symbols: Symbols
  private readonly xen: boolean
  private readonly virtio: boolean

  constructor(symbols: Symbols) {
    this.symbols = symbols
    const queues = symbols.entries('queue')
    this.xen = queues.some(({ name }) => name.startsWith('vsnd'))
    this.virtio = queues.some(({ name }) => name.startsWith('virtio-sound'))
  }

  /** The functions that a record of the guest's kernel enters, the outermost first. */
  framesOf(r: TraceRecord): readonly Frame[] {
    const { kind } = r
    if (kind === T.syscall_enter) return one(CALLS[CODES.call?.[r.b] ?? ''])
    if (kind === T.snd_pcm_trigger) return this.driverFrames('trigger')
    if (kind === T.snd_pcm_op) return this.driverFrames(CODES.op?.[r.b] ?? '')
    if (kind !== T.workqueue_execute_start) return one(KINDS.get(kind))
    const { group, name } = this.symbols.entry('work', r.a)
    const outer = { function: 'process_one_work', file: 'kernel/workqueue.c' }
    const work = group ?? name
    return [outer, { function: work, file: work.startsWith('virtsnd_') ? VIRTIO_PCM : '' }]
  }

  /** Name of the driver's trigger operation. */
  triggerName(): string {
    return this.driverFrames('trigger')[0]?.function ?? 'trigger'
  }

  /** Kernel: virtsnd_pcm_ops in virtio_pcm_ops.c; snd_drv_alsa_playback_ops of Xen's front end. */
  private driverFrames(op: string): readonly Frame[] {
    if (op === 'ioctl') return [{ function: 'snd_pcm_lib_ioctl', file: NATIVE }]
    if (this.xen) return [{ function: `alsa_${op === 'copy' ? 'pb_copy' : op}`, file: XEN_OPS }]
    return this.virtio ? [{ function: `virtsnd_pcm_${op}`, file: VIRTIO_OPS }] : []
  }
}

function one(entry: readonly [string, string] | undefined): readonly Frame[] {
  return entry === undefined ? [] : [{ function: entry[0], file: entry[1] }]
}
