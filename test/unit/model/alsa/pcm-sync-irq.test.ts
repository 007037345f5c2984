/** A driver without sync_stop: the card's interrupt is waited for, domain/alsa-core.md §6. */
import { expect, test } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import { snd_pcm_drop } from '../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_prepare } from '../../../../src/model/alsa/pcm_prepare.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { snd_pcm_suspend_all } from '../../../../src/model/alsa/pcm_suspend.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { IRQ_HANDLED, request_irq } from '../../../../src/model/linux/irq.ts'
import { type Proc, Req } from '../../../../src/sim/process.ts'
import { advanceAppl, inTask, must, openStream, world } from './stream.ts'

/** Whether a threaded handler that takes 5 ms had ended when `prepare` or a suspend returned. */
function waitsForHandler(suspend: boolean): boolean {
  const w = world({ cpus: 2 })
  return inTask(w, function* () {
    let ended = false
    function* handler(): Proc<number> {
      if (!w.k.tryChargeNs(5 * NS_PER_MS)) yield Req.CHARGE
      ended = true
      return IRQ_HANDLED
    }
    const { substream } = yield* openStream(w)
    const line = request_irq(w.k, 'card', handler, { threaded: true, cpu: 1 })
    w.fake.card.sync_irq = line
    advanceAppl(substream, 1920)
    must(yield* snd_pcm_start_lock_irq(substream))
    line.raise()
    yield* sleepUntil(w.k, w.sim.now + NS_PER_MS)
    if (suspend) yield* snd_pcm_suspend_all(w.fake.pcm)
    else {
      must(yield* snd_pcm_drop(substream))
      must(yield* snd_pcm_prepare(substream, 0))
    }
    return ended
  })
}

test('prepare waits for a handler that still runs', () => {
  expect(waitsForHandler(false)).toBe(true)
})

test('a suspend does not', () => {
  expect(waitsForHandler(true)).toBe(false)
})
