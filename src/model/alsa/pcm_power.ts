/** Waiting for a card that is powered down. Mirrors snd_power_wait() of sound/core/init.c. */
import type { Proc } from '../../sim/process.ts'
import { ENODEV } from '../linux/errno.ts'
import { wait_event, wake_up_all } from '../linux/wait.ts'
import { SNDRV_CTL_POWER_D0, type SndCard } from './core.ts'

/**
 * Sleeps until the card has power, or is gone.
 *
 * Kernel: snd_power_wait(). Context: process. Return: 0, or -ENODEV if the card went without power.
 */
export function* snd_power_wait(card: SndCard): Proc<number> {
  if (card.power_state === SNDRV_CTL_POWER_D0) return 0
  yield* wait_event(
    card.power_sleep,
    () => card.power_state === SNDRV_CTL_POWER_D0 || card.shutdown,
  )
  return card.shutdown ? -ENODEV : 0
}

/** Kernel: snd_power_change_state(). */
export function* snd_power_change_state(card: SndCard, state: number): Proc {
  card.power_state = state
  yield* wake_up_all(card.power_sleep)
}
