/** The kernel's PCM self-test on simulated cards: what passes, what is skipped, what fails. */
import { describe, expect, it } from 'vitest'
import { loadScenario } from '../../../src/index.ts'
import { type ConfText, runConformance } from '../../../src/scenario/conformance.ts'

function run(driver: string, conf = ''): readonly string[] {
  const text = `version: 1\nname: card\ndriver: ${driver}\nstreams: [{}]\n`
  const [spec] = loadScenario(text)
  const confs: ConfText[] = conf === '' ? [] : [{ name: 'card.conf', text: conf }]
  const done = runConformance(spec!, 1, confs)
  if (done.fault !== null) throw new Error(done.fault)
  return done.text.trimEnd().split('\n')
}

const IDEAL = '{kind: ideal}'

function ideal(option: string): string {
  return `{kind: ideal, options: {${option}}}`
}

describe('the ideal card', () => {
  it('passes every case, word for word as the original prints it', () => {
    expect(run(IDEAL)).toEqual([
      'TAP version 13',
      '# Card 0 - Ideal (Ideal at pcmsim/card)',
      '1..4',
      '# default.time1.0.0.0.CAPTURE ' +
        'hw_params.RW_INTERLEAVED.S16_LE.48000.2.512.4096 sw_params.512',
      'ok 1 default.time1.0.0.0.CAPTURE',
      '# default.time2.0.0.0.CAPTURE ' +
        'hw_params.RW_INTERLEAVED.S16_LE.48000.2.24000.192000 sw_params.24000',
      'ok 2 default.time2.0.0.0.CAPTURE',
      '# default.time1.0.0.0.PLAYBACK ' +
        'hw_params.RW_INTERLEAVED.S16_LE.48000.2.512.4096 sw_params.4096',
      'ok 3 default.time1.0.0.0.PLAYBACK',
      '# default.time2.0.0.0.PLAYBACK ' +
        'hw_params.RW_INTERLEAVED.S16_LE.48000.2.24000.192000 sw_params.192000',
      'ok 4 default.time2.0.0.0.PLAYBACK',
      '# Totals: pass:4 fail:0 xfail:0 xpass:0 skip:0 error:0',
    ])
  })
  it('a refused hw_params or prepare is a skip', () => {
    expect(run(ideal('inject_hwpars_err: true'))).toContain(
      '# snd_pcm_hw_params: Device or resource busy',
    )
    const lines = run(ideal('inject_prepare_err: true'))
    expect(lines).toContain('# snd_pcm_hw_params: Invalid argument')
    expect(lines.at(-1)).toContain('pass:0 fail:0 xfail:0 xpass:0 skip:4')
  })
  it('a failing trigger fails: a full ring swallows it, the next write does not', () => {
    const lines = run(ideal('inject_trigger_err: true'))
    expect(lines).toContain('# expected 48000, wrote 4096')
    // The drain starts nothing either, and ends by its time-out: 1.1 buffers, at HZ=250 in steps of
    // 64 jiffies.
    expect(lines).toContain('# time mismatch: expected 4000ms got 4544')
    expect(lines.at(-1)).toContain('fail:4')
  })
  it('a device that is late with each period fails the time', () => {
    // 374 turns of 512 frames and 8 ms more.
    const lines = run(ideal('inject_delay: 2'))
    expect(lines).toContain('not ok 1 default.time1.0.0.0.CAPTURE')
    expect(lines).toContain('# time mismatch: expected 4000ms got 6992')
  })
})

describe('a limited card', () => {
  it('QEMU behind the merged driver: time2 is clamped by _near, and passes', () => {
    const lines = run('{kind: virtio-snd}')
    expect(lines).toContain(
      '# default.time2.0.0.0.PLAYBACK ' +
        'hw_params.RW_INTERLEAVED.S16_LE.48000.2.24000.120000 sw_params.120000',
    )
    expect(lines.at(-1)).toContain('pass:4 fail:0')
  })
})

describe('a configuration of the card', () => {
  const conf = `
    sysfs [ { path "class/dmi/id/product_sku" regex "." } ]
    card.x {
      pcm.0.0 {
        PLAYBACK {
          test.small { description "a small ring" period_size 256 buffer_size 1024 }
          test.other { format MU_LAW alt_formats [ A_LAW S32_LE ] }
          test.never { format MU_LAW }
        }
        CAPTURE { skip true }
      }
      pcm.0.7.PLAYBACK { }
    }
  `
  const lines = run(IDEAL, conf)
  it('adds cases of class system, with their parameters as a result of their own', () => {
    expect(lines).toContain('# system.small.0.0.0.PLAYBACK - a small ring')
    expect(lines).toContain('ok 5 system.small.0.0.0.PLAYBACK.params')
    expect(lines).toContain('ok 6 system.small.0.0.0.PLAYBACK')
  })
  it('falls back through the other formats, and says so', () => {
    const change = '# other.0.0.0.PLAYBACK.RW_INTERLEAVED format'
    expect(lines).toContain(`${change} MU_LAW -> A_LAW`)
    expect(lines).toContain(`${change} A_LAW -> S32_LE`)
    expect(lines).toContain('ok 8 system.other.0.0.0.PLAYBACK')
  })
  it('what the card should be able to do and cannot is a failure and a skip', () => {
    expect(lines).toContain('not ok 9 system.never.0.0.0.PLAYBACK.params')
    expect(lines).toContain('ok 10 # SKIP system.never.0.0.0.PLAYBACK')
    expect(lines).toContain('# snd_pcm_hw_params_set_format MU_LAW: Invalid argument')
  })
  it('a device that is spoken of and not there is a failure; so is a skipped one', () => {
    expect(lines).toContain('not ok 1 test.missing.0.0.7.PLAYBACK')
    expect(lines).toContain('not ok 2 test.missing.0.0.0.CAPTURE')
    expect(lines).toContain('# skipping pcm 0.0.0.CAPTURE')
    expect(lines.some((line) => line.includes('CAPTURE hw_params'))).toBe(false)
    expect(lines).toContain('1..10')
  })
})

it('a file of neither sort is bad input', () => {
  expect(() => run(IDEAL, 'a b')).toThrow(/neither a pcm nor a card compound/)
  expect(() => run(IDEAL, 'pcm.test.x { type fuzz }')).toThrow(/unknown test type 'fuzz'/)
})
