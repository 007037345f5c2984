/**
 * A card of the Sound Open Firmware with codecs on SoundWire links: PCM devices, each a front end
 * with one back end, whose stream runs over the links of the back end's codecs. The DMA's clock is
 * the sound clock.
 *
 * Kernel: sound/soc/intel/boards/sof_sdw.c, sound/soc/soc-pcm.c, sound/soc/sof/pcm.c, v6.1. Left
 * out: capture, the DSP's messages, the stream locks of back ends, a trigger that waits for an
 * update (trigger_pending), runtime PM. Differs: the DMA begins when the links are enabled.
 */
import { type Proc, Req } from '../../../sim/process.ts'
import { snd_card_new } from '../../alsa/core.ts'
import { type SndPcm, type SndPcmOps, type SndPcmSubstream, snd_pcm_new } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_period_elapsed } from '../../alsa/pcm_lib.ts'
import { EINVAL } from '../../linux/errno.ts'
import { IRQ_HANDLED, type IrqLine, request_irq } from '../../linux/irq.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../linux/mutex.ts'
import { schedule_work, WorkStruct } from '../../linux/workqueue.ts'
import { type CardClock, IdealHw } from '../ideal/ideal_hw.ts'
import { SdwBus } from './sdw_bus.ts'
import { SdwIntel, SdwIntelCtx, sdw_intel_thread } from './sdw_intel.ts'
import {
  SdwStreamRuntime,
  sdw_deprepare_stream,
  sdw_disable_stream,
  sdw_enable_stream,
  sdw_prepare_stream,
  sdw_stream_add_slave,
  sdw_stream_remove_master,
} from './sdw_stream.ts'
import { SOF_PCM_HARDWARE, type SoundwireOptions } from './sof_sdw_hardware.ts'

/** A front end with its back end. Kernel: struct snd_soc_pcm_runtime, struct snd_sof_pcm. */
interface DaiLink {
  readonly k: Kernel
  readonly name: string
  /** Kernel: struct snd_soc_card, pcm_mutex. All front ends of the card take it. */
  readonly pcm_mutex: Mutex
  /** Buses of the codec DAIs, in their order. */
  readonly buses: readonly SdwBus[]
  sdw_stream: SdwStreamRuntime
  hw: IdealHw | null
}

/** DPCM has the card's mutex in all but trigger and pointer. Kernel: snd_soc_dpcm_mutex_lock(). */
function* locked(link: DaiLink, call: (link: DaiLink) => Proc<number>): Proc<number> {
  yield* mutex_lock(link.pcm_mutex)
  const ret = yield* call(link)
  yield* mutex_unlock(link.pcm_mutex)
  return ret
}

/** Kernel: sdw_startup(), sdw_startup_stream(). */
function* sdw_startup(link: DaiLink): Proc<number> {
  link.sdw_stream = new SdwStreamRuntime(link.k, link.name)
  return 0
}

/** Kernel: sdw_shutdown(), which gives the stream back. */
function* sdw_shutdown(): Proc<number> {
  return 0
}

/** hw_params of each codec's DAI, in their order. Kernel: __soc_pcm_hw_params(). */
function* hwParams({ sdw_stream, buses }: DaiLink): Proc<number> {
  for (const bus of buses) yield* sdw_stream_add_slave(bus, sdw_stream)
  return 0
}

/** Kernel: soc_pcm_hw_clean(): the link's op sdw_hw_free(), then the DAIs. */
function* hwClean({ sdw_stream, buses }: DaiLink): Proc<number> {
  const ret = yield* sdw_deprepare_stream(sdw_stream)
  for (const bus of buses) yield* sdw_stream_remove_master(bus, sdw_stream)
  return ret
}

/** Kernel: sdw_prepare(). */
function* prepare({ sdw_stream, hw }: DaiLink): Proc<number> {
  hw?.prepare()
  return yield* sdw_prepare_stream(sdw_stream)
}

/** Kernel: sdw_trigger(). Context: stream lock held, which is a mutex; pcm_mutex is not. */
function* sdw_trigger({ sdw_stream, hw }: DaiLink, cmd: number): Proc<number> {
  switch (cmd) {
    case C.SNDRV_PCM_TRIGGER_START:
    case C.SNDRV_PCM_TRIGGER_PAUSE_RELEASE:
    case C.SNDRV_PCM_TRIGGER_RESUME: {
      const ret = yield* sdw_enable_stream(sdw_stream)
      if (ret === 0) hw?.start()
      return ret
    }
    case C.SNDRV_PCM_TRIGGER_PAUSE_PUSH:
    case C.SNDRV_PCM_TRIGGER_SUSPEND:
    case C.SNDRV_PCM_TRIGGER_STOP:
      hw?.stop()
      return yield* sdw_disable_stream(sdw_stream)
    default:
      return -EINVAL
  }
}

/** Kernel: sof_pcm_pointer(). Context: stream lock held. Return: frames. */
function* sof_pcm_pointer({ k, hw }: DaiLink): Proc<number> {
  if (!k.tryCharge(k.costs.pointer_op)) yield Req.CHARGE
  return hw?.position() ?? 0
}

function opsOf(link: DaiLink): SndPcmOps {
  return {
    *open(substream): Proc<number> {
      substream.runtime.hw = SOF_PCM_HARDWARE
      return yield* locked(link, sdw_startup)
    },
    close: () => locked(link, sdw_shutdown),
    hw_params: () => locked(link, hwParams),
    hw_free: () => locked(link, hwClean),
    prepare: () => locked(link, prepare),
    trigger: (_substream, cmd) => sdw_trigger(link, cmd),
    pointer: () => sof_pcm_pointer(link),
  }
}

interface Period {
  readonly hw: IdealHw
  readonly work: WorkStruct
}

/** Kernel: snd_sof_pcm_period_elapsed_work(). Context: a worker, because the PCM is nonatomic. */
function* period_elapsed_work(substream: SndPcmSubstream): Proc {
  if (substream.isOpen) yield* snd_pcm_period_elapsed(substream)
}

/** Kernel: hda_dsp_interrupt_thread(). Context: a thread. */
function* hda_dsp_interrupt_thread(ctx: SdwIntelCtx, periods: readonly Period[]): Proc<number> {
  for (const { hw, work } of periods) {
    if (!hw.elapsed) continue
    hw.elapsed = false
    if (!hw.substream.isOpen || hw.substream.runtime.no_period_wakeup) continue
    yield* schedule_work(work)
  }
  yield* sdw_intel_thread(ctx)
  return IRQ_HANDLED
}

/** Makes the card: PCM device i has the codecs of dai_links[i]. */
export function sof_sdw_probe(k: Kernel, clock: CardClock, options: SoundwireOptions): SndPcm {
  const card = snd_card_new(k)
  const ctx = new SdwIntelCtx(k)
  const links = Math.max(...options.dai_links.flat()) + 1
  const buses = Array.from({ length: links }, (_, id) => new SdwBus(k, id, new SdwIntel(ctx, id)))
  const pcm_mutex = new Mutex(k, '&card->pcm_mutex', 'pcm_mutex')
  const periods: Period[] = []
  const line: IrqLine = request_irq(k, 'AudioDSP', () => hda_dsp_interrupt_thread(ctx, periods), {
    threaded: true,
  })
  ctx.line = line
  options.dai_links.forEach((ids, device) => {
    const name = `SDW${device}-Playback`
    const mine = ids.map((id) => buses[id] as SdwBus)
    const sdw_stream = new SdwStreamRuntime(k, name)
    const link: DaiLink = { k, name, pcm_mutex, buses: mine, sdw_stream, hw: null }
    const playback = { ops: opsOf(link), hardware: SOF_PCM_HARDWARE }
    const [substream] = snd_pcm_new(card, device, { playback, nonatomic: true }).playback
    link.hw = new IdealHw(substream as SndPcmSubstream, clock, 0, () => line.raise())
    periods.push({ hw: link.hw, work: periodWork(k, substream as SndPcmSubstream) })
  })
  return card.pcms[0] as SndPcm
}

function periodWork(k: Kernel, substream: SndPcmSubstream): WorkStruct {
  const name = '&spcm->stream[stream].period_elapsed_work'
  const fn = () => period_elapsed_work(substream)
  return new WorkStruct(k, name, fn, 'snd_sof_pcm_period_elapsed_work')
}
