/**
 * A card goes away: its streams are stopped and cut off, and it is freed when the last file is
 * closed. Mirrors snd_pcm_dev_disconnect() of sound/core/pcm.c and snd_card_free() of init.c.
 */
import type { Proc } from '../../sim/process.ts'
import type { LockBase } from '../linux/lock-base.ts'
import { mutex_lock, mutex_unlock } from '../linux/mutex.ts'
import { kfree } from '../linux/slab.ts'
import { wait_event, wake_up, wake_up_all } from '../linux/wait.ts'
import { snd_ctl_dev_disconnect, snd_ctl_dev_free } from './control.ts'
import type { SndCard } from './core.ts'
import type { SndPcm, SndPcmSubstream } from './pcm.ts'
import { __snd_pcm_set_state } from './pcm_action.ts'
import { SNDRV_PCM_STATE_DISCONNECTED } from './pcm_constants.ts'
import { snd_pcm_stream_lock_irq, snd_pcm_stream_unlock_irq } from './pcm_locking.ts'
import { snd_pcm_sync_stop } from './pcm_ops.ts'
import { snd_pcm_running } from './pcm_runtime.ts'
import { snd_pcm_stop } from './pcm_start_stop.ts'
import { snd_timer_dev_disconnect } from './timer.ts'

function* disconnectStream(substream: SndPcmSubstream): Proc {
  yield* snd_pcm_stream_lock_irq(substream)
  if (substream.isOpen) {
    if (snd_pcm_running(substream)) yield* snd_pcm_stop(substream, SNDRV_PCM_STATE_DISCONNECTED)
    __snd_pcm_set_state(substream, SNDRV_PCM_STATE_DISCONNECTED)
    yield* wake_up(substream.sleep)
    yield* wake_up(substream.tsleep)
  }
  yield* snd_pcm_stream_unlock_irq(substream)
}

/** Kernel: snd_pcm_dev_disconnect(). Context: process. Locks: register_mutex, open_mutex. */
export function* snd_pcm_dev_disconnect(pcm: SndPcm): Proc {
  const substreams = [...pcm.playback, ...pcm.capture]
  const { register_mutex } = pcm.card.core
  yield* mutex_lock(register_mutex)
  yield* mutex_lock(pcm.open_mutex)
  yield* wake_up(pcm.open_wait)
  for (const substream of substreams) yield* disconnectStream(substream)
  for (const substream of substreams) yield* snd_pcm_sync_stop(substream, false)
  yield* mutex_unlock(pcm.open_mutex)
  yield* mutex_unlock(register_mutex)
}

/** Kernel: snd_card_disconnect(). Context: process. Calls end with errors from here on. */
export function* snd_card_disconnect(card: SndCard): Proc {
  if (card.shutdown) return
  card.shutdown = true
  // The number is free from here on, although files may still be open.
  card.core.snd_cards.delete(card.number)
  // Devices go in the reverse order of their registration: the control device first.
  yield* snd_ctl_dev_disconnect(card)
  for (const pcm of card.pcms) yield* snd_pcm_dev_disconnect(pcm)
  for (const { timer } of card.pcms.flatMap((pcm) => [...pcm.playback, ...pcm.capture])) {
    yield* snd_timer_dev_disconnect(timer)
  }
  yield* wake_up_all(card.power_sleep)
}

function locksOf(pcm: SndPcm): LockBase[] {
  const groups = [...pcm.playback, ...pcm.capture].map((substream) => substream.self_group)
  return [pcm.open_mutex, ...groups.flatMap((group) => [group.lock, group.mutex])]
}

/** Disconnects, then waits until every file is closed. Kernel: snd_card_free(). */
export function* snd_card_free(card: SndCard): Proc {
  yield* snd_card_disconnect(card)
  yield* wait_event(card.remove_sleep, () => card.files === 0)
  for (const jack of card.jacks.splice(0)) kfree(card.k, jack, 'snd_jack_dev_free')
  yield* snd_ctl_dev_free(card)
  kfree(card.k, card.object, 'snd_card_do_free', card.pcms.flatMap(locksOf))
}
