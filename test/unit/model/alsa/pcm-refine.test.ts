/** Interval arithmetic, refinement and choice of hardware parameters. */
import { describe, expect, test } from 'vitest'
import * as I from '../../../../src/model/alsa/pcm_interval.ts'
import * as M from '../../../../src/model/alsa/pcm_interval_math.ts'
import * as P from '../../../../src/model/alsa/pcm_params.ts'
import {
  RMASK_ALL,
  snd_pcm_hw_params_choose,
  snd_pcm_hw_refine,
} from '../../../../src/model/alsa/pcm_refine.ts'
import { snd_pcm_hw_constraint_step } from '../../../../src/model/alsa/pcm_rules.ts'
import { EINVAL, ETIMEDOUT } from '../../../../src/model/linux/errno.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { setHwParamNear } from '../../../../src/model/user/hw-params.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { inTask, openStream, world } from './stream.ts'

/** `[2 5)` and the like; `i` marks an integer interval. */
function show(i: I.SndInterval): string {
  if (i.empty) return 'empty'
  return `${i.openmin ? '(' : '['}${i.min} ${i.max}${i.openmax ? ')' : ']'}${i.integer ? 'i' : ''}`
}

function interval(text: string): I.SndInterval {
  const found = /^([[(])(\d+) (\d+)([)\]])(i?)$/.exec(text)
  if (found === null) throw new Error(text)
  const i = new I.SndInterval()
  i.openmin = found[1] === '('
  i.min = Number(found[2])
  i.max = Number(found[3])
  i.openmax = found[4] === ')'
  i.integer = found[5] === 'i'
  return i
}

describe('intervals', () => {
  test.each([
    ['[0 10]', '[2 5]', 1, '[2 5]'],
    ['[2 5]', '[0 10]', 0, '[2 5]'],
    ['[2 5]', '(2 5)', 1, '(2 5)'],
    ['[2 5]i', '(2 5)', 1, '[3 4]i'],
    ['[2 5]', '[5 9]', 1, '[5 5]i'],
    ['[2 5]', '(5 9]', -EINVAL, 'empty'],
    ['[2 5)', '[5 9]', -EINVAL, 'empty'],
    ['[2 5]', '[0 9]i', 1, '[2 5]i'],
    ['(2 3)', '[0 9]i', -EINVAL, 'empty'],
  ])('%s refined by %s: %i, %s', (a, b, ret, result) => {
    const i = interval(a)
    expect(I.snd_interval_refine(i, interval(b))).toBe(ret)
    expect(show(i)).toBe(result)
  })

  test.each([
    ['[2 5]', '[2 2]', '[5 5]'],
    // An interval between two neighbours with one open end stands for the other one.
    ['(2 5]', '(2 3]', '[5 5]'],
    ['[2 5)', '[2 2]', '[4 5)'],
    ['(2 3]', '(2 3]', '(2 3]'],
  ])('first and last of %s: %s, %s', (text, first, last) => {
    const low = interval(text)
    const high = interval(text)
    I.snd_interval_refine_first(low)
    I.snd_interval_refine_last(high)
    expect([show(low), show(high)]).toEqual([first, last])
  })

  test('products and quotients open the ends where a rest is left', () => {
    const c = new I.SndInterval()
    M.snd_interval_mul(interval('[2 3]i'), interval('[10 20)'), c)
    expect(show(c)).toBe('[20 60)')
    M.snd_interval_mulkdiv(interval('[10 20]'), 1, interval('[3 4]'), c)
    expect(show(c)).toBe('(2 7)')
    M.snd_interval_mulkdiv(interval('[12 12]'), 1, interval('[3 4]'), c)
    expect(show(c)).toBe('[3 4]')
    M.snd_interval_mulkdiv(interval('[12 12]'), 1, interval('[0 4]'), c)
    expect(show(c)).toBe(`[3 ${I.UINT_MAX}]`)
    M.snd_interval_muldivk(interval('[10000 10000]'), interval('[44100 44100]'), 1_000_000, c)
    expect(show(c)).toBe('[441 441]')
    M.snd_interval_muldivk(interval('[10001 10001]'), interval('[44100 44100]'), 1_000_000, c)
    expect(show(c)).toBe('(441 442)')
    M.snd_interval_mul(interval('[70000 70000]'), interval('[70000 70000]'), c)
    expect(c.max).toBe(I.UINT_MAX)
  })
})

function refined(set: (params: P.SndPcmHwParams) => void) {
  const w = world()
  return inTask(w, function* () {
    const { substream } = yield* openStream(w, 'open')
    const params = new P.SndPcmHwParams()
    set(params)
    params.rmask = RMASK_ALL
    const err = yield* snd_pcm_hw_refine(substream, params)
    const task = <R>(body: () => Proc<R>): R => inTask(w, body)
    return { err, params, substream, task }
  })
}

describe('refinement', () => {
  test('an open request narrows to what the card can do', () => {
    const { err, params } = refined(() => {})
    expect(err).toBe(0)
    const of = (v: number): string => show(P.hw_param_interval(params, v))
    expect(of(P.SNDRV_PCM_HW_PARAM_CHANNELS)).toBe('[1 2]i')
    expect(of(P.SNDRV_PCM_HW_PARAM_SAMPLE_BITS)).toBe('[16 32]i')
    expect(of(P.SNDRV_PCM_HW_PARAM_FRAME_BITS)).toBe('[16 64]i')
    expect(of(P.SNDRV_PCM_HW_PARAM_RATE)).toBe('[44100 48000]')
    expect(of(P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE)).toBe('[8 262144]i')
  })

  test('values fix one another', () => {
    const { params } = refined((p) => {
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_FORMAT, 2)
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_CHANNELS, 2)
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_RATE, 48_000)
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE, 480)
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_PERIODS, 4)
    })
    expect(P.hwParamValue(params, P.SNDRV_PCM_HW_PARAM_BUFFER_SIZE)).toBe(1920)
    expect(P.hwParamValue(params, P.SNDRV_PCM_HW_PARAM_BUFFER_BYTES)).toBe(7680)
    expect(P.hwParamValue(params, P.SNDRV_PCM_HW_PARAM_PERIOD_TIME)).toBe(10_000)
    expect(P.hwParamValue(params, P.SNDRV_PCM_HW_PARAM_BUFFER_TIME)).toBe(40_000)
  })

  test('what cannot be met is refused', () => {
    const impossible = (p: P.SndPcmHwParams): void => {
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_RATE, 45_000)
    }
    expect(refined(impossible).err).toBe(-EINVAL)
  })

  test('the choice is the least value of each, and the greatest buffer', () => {
    const { params, substream, task } = refined(() => {})
    expect(task(() => snd_pcm_hw_params_choose(substream, params))).toBe(0)
    expect(P.params_format(params)).toBe(2)
    expect(P.params_channels(params)).toBe(1)
    expect(P.params_rate(params)).toBe(44_100)
    expect(P.params_period_size(params)).toBe(32)
    expect(P.params_buffer_size(params)).toBe(1024)
  })

  test('near takes the closest possible value', () => {
    const { params, substream, task } = refined((p) => {
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_FORMAT, 2)
      P.setHwParam(p, P.SNDRV_PCM_HW_PARAM_CHANNELS, 2)
    })
    const near = (v: number, wanted: number): number =>
      task(() => setHwParamNear(substream, params, v, wanted))
    expect(near(P.SNDRV_PCM_HW_PARAM_RATE, 46_000)).toBe(44_100)
    expect(near(P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE, 3)).toBe(16)
    expect(near(P.SNDRV_PCM_HW_PARAM_BUFFER_SIZE, 100_000)).toBe(512)
  })

  test('a driver may ask for a step', () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w, 'open')
      const { hw_constraints } = substream.runtime
      snd_pcm_hw_constraint_step(hw_constraints, P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE, 100)
      const params = new P.SndPcmHwParams()
      const v = P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE
      expect(yield* setHwParamNear(substream, params, v, 480)).toBe(500)
    })
  })

  test("a driver's rule may sleep, and its error ends the refinement", () => {
    const w = world()
    inTask(w, function* () {
      const { substream } = yield* openStream(w, 'open')
      const v = P.SNDRV_PCM_HW_PARAM_PERIOD_SIZE
      let asked = 0
      let answer = 0
      function* func(): Proc<number> {
        asked++
        yield* sleepUntil(w.k, w.sim.now + 1_000_000)
        return answer
      }
      substream.runtime.hw_constraints.rules.push({ var: v, deps: [v], func })
      const refine = (): Proc<number> => {
        const params = new P.SndPcmHwParams()
        params.rmask = RMASK_ALL
        return snd_pcm_hw_refine(substream, params)
      }
      const startNs = w.sim.now
      expect(yield* refine()).toBe(0)
      // Behind the core's own rules in the table: what these narrow it sees at once.
      expect(asked).toBe(1)
      expect(w.sim.now - startNs).toBeGreaterThanOrEqual(asked * 1_000_000)
      answer = -ETIMEDOUT
      expect(yield* refine()).toBe(-ETIMEDOUT)
    })
  })
})
