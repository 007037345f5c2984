/** Recommendations: the ring that the domain notes call for, fragments in the programs' syntax. */
import { describe, expect, it } from 'vitest'
import { inThisThread } from '../../../src/app/ExplorePool.ts'
import { type RecommendOptions, recommendCommand } from '../../../src/app/Recommend.ts'
import { pointsInThisThread } from '../../../src/app/SweepPool.ts'
import { fragmentsOf, type SafeSetting } from '../../../src/export/fragments.ts'
import { listening } from '../../support/said.ts'

const options: RecommendOptions = {
  latency: '60ms',
  driver: 'ack',
  device: 'qemu',
  backend: 'none',
  load: 'idle',
  client: 'aplay',
  rate: 48_000,
  duration: '300ms',
  confidence: 0.9,
  risk: 0.3,
  seed: 1,
  jobs: 1,
  json: true,
  quiet: false,
}

async function recommend(more: Partial<RecommendOptions>) {
  const { said, console } = listening()
  const given = { ...options, ...more }
  const code = await recommendCommand(given, pointsInThisThread, inThisThread, console)
  return { code, err: said.err, answer: said.out === '' ? null : JSON.parse(said.out) }
}

describe('a recommendation', () => {
  it("is a ring longer than what QEMU's first tick takes", async () => {
    const { code, answer } = await recommend({})
    expect(code).toBe(0)
    // 1024 frames of 44.1 kHz are 1114 of 48 kHz (domain/virtio-snd.md, H23).
    expect(answer.setting.ring).toBeGreaterThan(1114)
    expect(answer.setting.ring).toBeLessThanOrEqual(2880)
    expect(answer.setting.timerPeriodNs).toBe(10_000_000)
    // 7 runs without a failure: 0.7^7 < 0.1.
    expect(answer.evidence).toMatchObject({ runs: 7, confidence: 0.9 })
    expect(answer.evidence.failShareBelow).toBeLessThanOrEqual(0.3)
    expect(answer.marginNs.vcpu).toBeGreaterThan(0)
  })
  it('beyond the latency is exit 1', async () => {
    const { code, answer } = await recommend({ latency: '1ms', device: 'generic' })
    expect(code).toBe(1)
    expect(answer).toMatchObject({ within: false, latencyNs: 1_000_000 })
    expect(answer.setting.ringNs).toBeGreaterThan(1_000_000)
  })
  it('refuses a latency without a unit', async () => {
    const { code, err } = await recommend({ latency: '20' })
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(/^--latency: '20'/) })
  })
})

describe('fragments', () => {
  const setting: SafeSetting = {
    rate: 48_000,
    channels: 2,
    period_size: 240,
    periods: 20,
    headroom: null,
    device: 'qemu',
    driver: 'virtio-snd',
    qemu: { timerPeriodNs: 2_000_000, backend: 'pulse' },
  }
  const texts = (one: SafeSetting) => fragmentsOf(one).map(({ text }) => text)

  it('state the setting in the words of each program', () => {
    const [client, asoundrc, wireplumber, module, qemu, libvirt] = texts(setting)
    expect(client).toContain('--period-size=240 --buffer-size=4800')
    expect(asoundrc).toMatch(/period_size 240\n {12}buffer_size 4800/)
    expect(wireplumber).toContain('api.alsa.period-num  = 20')
    expect(module).toBe(
      'options virtio_snd pcm_buffer_ms=160 pcm_periods_min=2 pcm_periods_max=20 ' +
        'pcm_period_ms_min=5 pcm_period_ms_max=80',
    )
    expect(qemu).toMatch(/^-audiodev pa,id=snd0,timer-period=2000 \\\n-device virtio-sound-pci,/)
    expect(libvirt).toContain("<audio id='1' type='pulseaudio' timerPeriod='2000'/>")
    for (const text of texts(setting)) {
      const opened = text.replaceAll(/[^[{]/g, '').length
      expect(text.replaceAll(/[^\]}]/g, '').length).toBe(opened)
    }
  })
  it('speak of PipeWire when it is the client, and of no QEMU where there is none', () => {
    const pipewire = { ...setting, periods: 1, headroom: 2048, qemu: null, driver: 'xen-snd' }
    const [quantum, wireplumber, ...others] = texts(pipewire)
    expect(quantum).toContain('default.clock.min-quantum = 240')
    expect(wireplumber).toContain('api.alsa.headroom    = 2048')
    expect(others).toEqual([])
  })
})
