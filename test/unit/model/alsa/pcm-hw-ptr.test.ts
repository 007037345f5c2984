/** The pointer update against the numbered steps of domain/alsa-core.md §4. */
import { describe, expect, test } from 'vitest'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { snd_pcm_update_hw_ptr0 } from '../../../../src/model/alsa/pcm_hw_ptr.ts'
import {
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_unlock_irq,
} from '../../../../src/model/alsa/pcm_locking.ts'
import type { SndPcmRuntime } from '../../../../src/model/alsa/pcm_runtime.ts'
import { snd_pcm_start } from '../../../../src/model/alsa/pcm_start_stop.ts'
import { EPIPE } from '../../../../src/model/linux/errno.ts'
import { T } from '../../../../src/sim/trace.ts'
import {
  inTask,
  logOf,
  openStream,
  recordsOf,
  type World,
  type WorldOptions,
  world,
} from './stream.ts'

const PERIOD = 480
const BUFFER = 1920

interface Case extends WorldOptions {
  readonly capture?: boolean
  /** Changes the running stream before the update. */
  readonly given?: (runtime: SndPcmRuntime) => void
  readonly pos: number
  readonly in_interrupt?: boolean
  /** Jiffies since the last update. */
  readonly age?: number
}

/** A full running stream, one update of its pointer. */
function update(options: Case) {
  const w: World = world({ ...options, card: { capture: true, ...options.card } })
  const outcome = inTask(w, function* () {
    const capture = options.capture === true
    const { substream } = yield* openStream(w, 'prepared', { capture })
    const { runtime } = substream
    yield* snd_pcm_stream_lock_irq(substream)
    if (!capture) runtime.control.appl_ptr = BUFFER
    const started = yield* snd_pcm_start(substream)
    expect(started).toBe(0)
    options.given?.(runtime)
    runtime.hw_ptr_jiffies = w.k.jiffies - (options.age ?? 0)
    w.fake.pos = options.pos
    const ret = yield* snd_pcm_update_hw_ptr0(substream, options.in_interrupt ?? false)
    yield* snd_pcm_stream_unlock_irq(substream)
    return { ret, runtime, substream }
  })
  return { ...w, ...outcome, log: logOf(w) }
}

describe('in order of the steps', () => {
  test('2: all ones is an xrun of the device', () => {
    const { ret, runtime, store, log } = update({ pos: C.SNDRV_PCM_POS_XRUN })
    expect(ret).toBe(-EPIPE)
    expect(runtime.state).toBe(C.SNDRV_PCM_STATE_XRUN)
    expect(recordsOf(store, T.snd_pcm_xrun).map((r) => r.d)).toEqual([C.XrunCause.device])
    expect(log).toEqual(['XRUN: pcmC0D0p:0'])
  })

  test('3: a position beyond the buffer counts as 0 and is reported', () => {
    const { ret, runtime, log } = update({ pos: BUFFER })
    expect(ret).toBe(0)
    expect(runtime.status.hw_ptr).toBe(0)
    expect(log).toEqual([
      'invalid position: pcmC0D0p:0, pos = 1920, buffer size = 1920, period size = 480',
    ])
  })

  test('4: a position is rounded down to whole bytes', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.min_align = 4
    }
    expect(update({ pos: 103, given }).runtime.status.hw_ptr).toBe(100)
  })

  test('5: false wrap: a late interrupt without progress is a whole pass, and an xrun', () => {
    const late = { pos: 0, in_interrupt: true, age: 4, hz: 100 as const }
    const { ret, runtime, store } = update(late)
    // 40 ms at HZ=100 are 4 jiffies; the limit is more than 4 / 2 + 1.
    expect(runtime.hw_ptr_buffer_jiffies).toBe(4)
    expect(ret).toBe(-EPIPE)
    expect(runtime.status.hw_ptr).toBe(BUFFER)
    expect(recordsOf(store, T.snd_pcm_xrun).map((r) => r.d)).toEqual([C.XrunCause.falseWrap])
  })

  test('5: HZ granularity: at the limit itself nothing happens', () => {
    const { ret, runtime } = update({ pos: 0, in_interrupt: true, age: 3, hz: 100 })
    expect(ret).toBe(0)
    expect(runtime.status.hw_ptr).toBe(0)
  })

  test('5: only the interrupt counts passes', () => {
    const { runtime } = update({ pos: 0, in_interrupt: false, age: 100 })
    expect(runtime.status.hw_ptr).toBe(0)
  })

  test('6: a pointer before the old one is in the next pass', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.status.hw_ptr = 1440
      runtime.control.appl_ptr = 1440 + BUFFER
    }
    const { runtime } = update({ pos: 240, given })
    expect(runtime).toMatchObject({ hw_ptr_base: BUFFER })
    expect(runtime.status.hw_ptr).toBe(BUFFER + 240)
  })

  test('6: at the boundary the base starts again from 0', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.hw_ptr_base = runtime.boundary - BUFFER
      runtime.status.hw_ptr = runtime.boundary - PERIOD
      runtime.control.appl_ptr = BUFFER - PERIOD
    }
    const { runtime } = update({ pos: 0, given })
    expect(runtime.status.hw_ptr).toBe(0)
    expect(runtime.hw_ptr_base).toBe(0)
    expect(runtime.hw_ptr_wrap).toBe(runtime.boundary)
  })

  test('8: without period wake-ups, missed passes are counted from the age', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.no_period_wakeup = true
      runtime.stop_threshold = runtime.boundary
    }
    // The buffer lasts 10 jiffies; 23 of them with no visible motion are two passes.
    const { runtime } = update({ pos: 0, given, age: 23 })
    expect(runtime.status.hw_ptr).toBe(2 * BUFFER)
    expect(runtime.hw_ptr_base).toBe(2 * BUFFER)
  })

  test('9: frozen stream: a jump of a buffer and a period is ignored', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.hw_ptr_base = 2 * BUFFER
      runtime.status.hw_ptr = PERIOD
    }
    const { ret, runtime, log } = update({ pos: 0, given })
    expect(ret).toBe(0)
    expect(runtime.status.hw_ptr).toBe(PERIOD)
    const pointers = 'new_hw_ptr=3840, old_hw_ptr=480'
    expect(log).toEqual([`ALSA: PCM: [P] Unexpected hw_ptr: (stream=0, pos=0, ${pointers})`])
  })

  test('9: it is ignored just as well when logging is off', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.hw_ptr_base = 2 * BUFFER
      runtime.status.hw_ptr = PERIOD
    }
    const { runtime, log } = update({ pos: 0, given, card: { xrun_debug: 0 } })
    expect(runtime.status.hw_ptr).toBe(PERIOD)
    expect(log).toEqual([])
  })

  test('10: with the jiffies check a pointer that runs ahead is set back', () => {
    const card = { xrun_debug: C.XRUN_DEBUG_BASIC | C.XRUN_DEBUG_JIFFIESCHECK }
    // 1440 frames are 7 jiffies of 4 ms; only 4 have passed: one period of 2 + 2 jiffies.
    const { runtime, log } = update({ pos: 1440, age: 4, card })
    expect(runtime.status.hw_ptr).toBe(PERIOD)
    expect(runtime.hw_ptr_base).toBe(0)
    expect(log).toEqual([
      'ALSA: PCM: [P] hw_ptr skipping: (pos=1440, delta=1440, period=480, jdelta=4/7/1, ' +
        'hw_ptr=0/480)',
    ])
  })

  test('11: more than one and a half periods are reported, and taken', () => {
    const { runtime, log } = update({ pos: 721, in_interrupt: true })
    expect(runtime.status.hw_ptr).toBe(721)
    const details = '(stream=0, delta=721, new_hw_ptr=721, old_hw_ptr=0)'
    expect(log).toEqual([`ALSA: PCM: [Q] Lost interrupts?: ${details}`])
    expect(update({ pos: 720, in_interrupt: true }).log).toEqual([])
  })

  test('12: no motion: no xrun check, no wake-up, hw_ptr_interrupt stays', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.status.hw_ptr = PERIOD
      runtime.stop_threshold = 1
    }
    const { ret, runtime, k } = update({ pos: PERIOD, in_interrupt: true, age: 2, given })
    expect(ret).toBe(0)
    expect(runtime.state).toBe(C.SNDRV_PCM_STATE_RUNNING)
    expect(runtime.hw_ptr_interrupt).toBe(0)
    expect(runtime.hw_ptr_jiffies).toBe(k.jiffies)
  })

  test('14: in the interrupt hw_ptr_interrupt moves by whole periods', () => {
    const { runtime } = update({ pos: 700, in_interrupt: true })
    expect(runtime.hw_ptr_interrupt).toBe(PERIOD)
    expect(update({ pos: 700 }).runtime.hw_ptr_interrupt).toBe(0)
  })

  test('16: the threshold is looked at with the new pointer', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.control.appl_ptr = PERIOD
    }
    const { ret, runtime, store } = update({ pos: PERIOD, in_interrupt: true, given })
    expect(ret).toBe(-EPIPE)
    expect(runtime.state).toBe(C.SNDRV_PCM_STATE_XRUN)
    expect(recordsOf(store, T.snd_pcm_xrun).map((r) => r.d)).toEqual([C.XrunCause.threshold])
  })
})

describe('consequences', () => {
  test('a pointer read just before the interrupt leaves nothing for the interrupt to do', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const { runtime } = substream
      runtime.control.appl_ptr = BUFFER
      yield* snd_pcm_stream_lock_irq(substream)
      yield* snd_pcm_start(substream)
      w.fake.pos = PERIOD
      yield* snd_pcm_update_hw_ptr0(substream, false)
      expect(runtime.hw_ptr_interrupt).toBe(0)
      yield* snd_pcm_update_hw_ptr0(substream, true)
      expect(runtime.hw_ptr_interrupt).toBe(0)
      yield* snd_pcm_stream_unlock_irq(substream)
    })
  })

  test('motion by exactly one buffer between two reads is invisible', () => {
    const { ret, runtime } = update({ pos: 0, age: 1, in_interrupt: true })
    expect(ret).toBe(0)
    expect(runtime.state).toBe(C.SNDRV_PCM_STATE_RUNNING)
  })

  test('capture: the overrun is at the stop threshold', () => {
    const given = (runtime: SndPcmRuntime): void => {
      runtime.stop_threshold = PERIOD
    }
    const { ret, runtime } = update({ capture: true, pos: PERIOD, given })
    expect(ret).toBe(-EPIPE)
    expect(runtime.state).toBe(C.SNDRV_PCM_STATE_XRUN)
  })

  test('lines are limited to ten in five seconds', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w)
      const { runtime } = substream
      yield* snd_pcm_stream_lock_irq(substream)
      runtime.control.appl_ptr = BUFFER
      yield* snd_pcm_start(substream)
      runtime.stop_threshold = runtime.boundary
      for (let i = 0; i < 12; i++) {
        w.fake.pos = i % 2 === 0 ? 960 : 0
        yield* snd_pcm_update_hw_ptr0(substream, true)
      }
      yield* snd_pcm_stream_unlock_irq(substream)
    })
    expect(logOf(w).length).toBe(10)
    expect(recordsOf(w.store, T.snd_pcm_hw_ptr_error).length).toBe(12)
  })
})
