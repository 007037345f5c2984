/**
 * Driver of the ideal card: an atomic PCM over exact hardware (ideal_hw.ts), with the faults of the
 * kernel's test driver as parameters. Sizes are bytes where the names say so.
 *
 * Kernel: none; the parameters are those of sound/drivers/pcmtest.c, v6.12.
 */
import { NS_PER_SEC } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { snd_card_new } from '../../alsa/core.ts'
import { type SndPcm, type SndPcmOps, type SndPcmSubstream, snd_pcm_new } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_period_elapsed } from '../../alsa/pcm_lib.ts'
import { EBUSY, EINVAL } from '../../linux/errno.ts'
import { IRQ_HANDLED, IRQ_NONE, type IrqLine, request_irq } from '../../linux/irq.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { IDEAL_HARDWARE } from './ideal_hardware.ts'
import { type CardClock, IdealHw } from './ideal_hw.ts'

/** Module parameters of pcmtest, and how many substreams there are in each direction. */
export interface IdealOptions {
  /** Jiffies by which the device is late with every period. */
  readonly inject_delay: number
  /** -EBUSY from hw_params, -EINVAL from prepare, -EINVAL from trigger. */
  readonly inject_hwpars_err: boolean
  readonly inject_prepare_err: boolean
  readonly inject_trigger_err: boolean
  readonly playback: number
  readonly capture: number
}

interface IdealCard {
  readonly k: Kernel
  readonly options: IdealOptions
  readonly hw: Map<SndPcmSubstream, IdealHw>
}

function hwOf(card: IdealCard, substream: SndPcmSubstream): IdealHw {
  return card.hw.get(substream) as IdealHw
}

/** Context: the caller holds the stream lock. Cost: one access to a register. */
function* ideal_pcm_trigger(
  card: IdealCard,
  substream: SndPcmSubstream,
  cmd: number,
): Proc<number> {
  const { k } = card
  if (!k.tryCharge(k.costs.pointer_op)) yield Req.CHARGE
  if (card.options.inject_trigger_err) return -EINVAL
  const hw = hwOf(card, substream)
  switch (cmd) {
    case C.SNDRV_PCM_TRIGGER_START:
    case C.SNDRV_PCM_TRIGGER_PAUSE_RELEASE:
    case C.SNDRV_PCM_TRIGGER_RESUME:
      hw.start()
      return 0
    case C.SNDRV_PCM_TRIGGER_STOP:
    case C.SNDRV_PCM_TRIGGER_PAUSE_PUSH:
    case C.SNDRV_PCM_TRIGGER_SUSPEND:
      hw.stop()
      return 0
    default:
      return -EINVAL
  }
}

function* ideal_pcm_pointer(card: IdealCard, substream: SndPcmSubstream): Proc<number> {
  const { k } = card
  if (!k.tryCharge(k.costs.pointer_op)) yield Req.CHARGE
  return hwOf(card, substream).position()
}

/** Operators of a card. */
function ideal_pcm_ops(card: IdealCard): SndPcmOps {
  const { inject_hwpars_err, inject_prepare_err } = card.options
  return {
    *open(substream): Proc<number> {
      substream.runtime.hw = IDEAL_HARDWARE
      return 0
    },
    *close(): Proc<number> {
      return 0
    },
    *hw_params(): Proc<number> {
      return inject_hwpars_err ? -EBUSY : 0
    },
    *prepare(substream): Proc<number> {
      if (inject_prepare_err) return -EINVAL
      hwOf(card, substream).prepare()
      return 0
    },
    trigger: (substream, cmd) => ideal_pcm_trigger(card, substream, cmd),
    pointer: (substream) => ideal_pcm_pointer(card, substream),
  }
}

/** Interrupt handler: every substream whose period is over. */
function* ideal_pcm_interrupt(card: IdealCard): Proc<number> {
  let ret = IRQ_NONE
  for (const hw of card.hw.values()) {
    if (!hw.elapsed) continue
    hw.elapsed = false
    ret = IRQ_HANDLED
    if (hw.substream.isOpen && !hw.substream.runtime.no_period_wakeup) {
      yield* snd_pcm_period_elapsed(hw.substream)
    }
  }
  return ret
}

/** Makes the card. Nothing can fail. */
export function ideal_probe(k: Kernel, clock: CardClock, options: IdealOptions): SndPcm {
  const card: IdealCard = { k, options, hw: new Map() }
  const ops = ideal_pcm_ops(card)
  const setup = (count: number) => ({ ops, hardware: IDEAL_HARDWARE, count })
  const pcm = snd_pcm_new(snd_card_new(k), 0, {
    playback: setup(options.playback),
    capture: setup(options.capture),
  })
  const line: IrqLine = request_irq(k, 'snd-ideal', () => ideal_pcm_interrupt(card))
  const delayNs = Math.floor((options.inject_delay * NS_PER_SEC) / k.config.hz)
  for (const substream of [...pcm.playback, ...pcm.capture]) {
    const raise = (): void => line.raise()
    card.hw.set(substream, new IdealHw(substream, clock, delayNs, raise))
  }
  return pcm
}
