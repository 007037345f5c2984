import { describe, expect, it } from 'vitest'
import { buildResult, type StreamResult } from '../../../src/analysis/result.ts'
import { code, metaOf, RecordScript } from '../../support/record-script.ts'

const MS = 1_000_000
const US = 1_000
const SEC = 1_000 * MS

function streamOf(script: RecordScript, endNs = SEC): StreamResult {
  return buildResult(script.store, metaOf(endNs)).streams.pcmC0D0p as StreamResult
}

/** One call of snd_pcm_period_elapsed with its pointer update. */
function elapsed(script: RecordScript, ns: number, from: number, to: number, size = 1920): void {
  script.add(ns, 'kworker', 'snd_pcm_period_elapsed', 0)
  script.add(ns + 1, 'kworker', 'snd_pcm_hwptr', 0, 1, to % size, from, from - (from % size))
}

describe('period elapsed', () => {
  it('is late or early against trigger time plus frames at the nominal rate', () => {
    const script = new RecordScript().started(5 * MS)
    elapsed(script, 16 * MS, 0, 480)
    elapsed(script, 24 * MS, 480, 960)
    const { periodElapsed } = streamOf(script)
    expect(periodElapsed.count).toBe(2)
    expect(periodElapsed.intervalNs).toMatchObject({ count: 1, min: 8 * MS })
    expect(periodElapsed.latenessNs).toMatchObject({ count: 2, min: -MS, max: MS })
  })
  it('reports the last boundary when several periods have passed', () => {
    const script = new RecordScript().started(0)
    elapsed(script, 30 * MS, 0, 1450)
    expect(streamOf(script).periodElapsed.latenessNs.min).toBe(0)
  })
  it('has no lateness where no period has passed, and follows the ring around', () => {
    const script = new RecordScript().started(0)
    elapsed(script, 10 * MS, 0, 0)
    elapsed(script, 40 * MS, 0, 1919)
    elapsed(script, 50 * MS, 1919, 2400)
    const { latenessNs } = streamOf(script).periodElapsed
    expect(latenessNs).toMatchObject({ count: 2, min: 0, max: 10 * MS })
  })
  it('starts intervals anew after a start', () => {
    const script = new RecordScript().started(0)
    elapsed(script, 10 * MS, 0, 480)
    script.add(400 * MS, 'aplay', 'snd_pcm_trigger', 0, code('trigger', 'PAUSE_RELEASE'))
    elapsed(script, 410 * MS, 480, 960)
    const { intervalNs, latenessNs } = streamOf(script).periodElapsed
    expect(intervalNs.count).toBe(0)
    expect(latenessNs).toMatchObject({ count: 2, min: 0, max: 0 })
  })
})

describe('wake latency', () => {
  const call = code('call', 'writei')
  it('runs from the call to the client on its processor', () => {
    const script = new RecordScript().started(0)
    script.add(1, 'aplay', 'syscall_enter', 0, call, 480)
    script.add(10 * MS, 'kworker', 'snd_pcm_period_elapsed', 0)
    script.add(10 * MS + 3 * US, 'kworker', 'sched_waking', script.ctx('aplay'), 0)
    script.add(10 * MS + 4 * US, 'kworker', 'workqueue_execute_end', 0)
    script.add(10 * MS + 5 * US, 'idle', 'sched_switch', 2, 0)
    script.add(10 * MS + 9 * US, 'aplay', 'sched_switch', 0, script.ctx('aplay'))
    expect(streamOf(script).wakeLatencyNs).toMatchObject({ count: 1, min: 9 * US })
  })
  it('does not count wakes that the call did not cause', () => {
    const script = new RecordScript().started(0)
    script.add(10 * MS, 'kworker', 'snd_pcm_period_elapsed', 0)
    script.add(10 * MS + 1, 'kworker', 'workqueue_execute_end', 0)
    script.add(10 * MS + 2, 'kworker', 'sched_waking', script.ctx('aplay'), 0)
    script.add(10 * MS + 3, 'aplay', 'sched_switch', 0, script.ctx('aplay'))
    expect(streamOf(script).wakeLatencyNs.count).toBe(0)
  })
})

describe('end to end', () => {
  it('takes one sample where a transfer and a played piece meet', () => {
    const script = new RecordScript().started(0)
    script.add(1 * MS, 'aplay', 'snd_pcm_transfer', 0, 0, 480, 0)
    script.add(2 * MS, 'aplay', 'snd_pcm_transfer', 0, 480, 480, 480)
    script.add(36 * MS, 'qemu', 'audio_play', 0, 0, 720)
    script.add(41 * MS, 'qemu', 'audio_play', 0, 720, 240)
    const { endToEndNs, frames } = streamOf(script)
    expect(endToEndNs).toMatchObject({ count: 3, min: 20 * MS, p50: 29 * MS, max: 34 * MS })
    expect(frames).toEqual({ written: 960, played: 960, silence: 0 })
  })
  it('hears nothing before the device has read it', () => {
    const script = new RecordScript().started(0)
    script.add(1 * MS, 'aplay', 'snd_pcm_transfer', 0, 0, 480, 0)
    script.add(11 * MS, 'qemu', 'audio_copy', 0, 0, 480, 0, 0)
    script.add(12 * MS, 'qemu', 'audio_play', 0, 0, 480)
    expect(streamOf(script).endToEndNs).toMatchObject({ count: 1, min: 10 * MS })
  })
  it('lays pieces of one instant one behind the other, the last ending then', () => {
    const script = new RecordScript().started(0)
    script.add(1 * MS, 'aplay', 'snd_pcm_transfer', 0, 0, 960, 0)
    script.add(31 * MS, 'qemu', 'audio_play', 0, 0, 480)
    script.add(31 * MS, 'qemu', 'audio_silence', 0, 240)
    script.add(31 * MS, 'qemu', 'audio_play', 0, 480, 240)
    expect(streamOf(script).endToEndNs).toMatchObject({ count: 2, min: 10 * MS, max: 25 * MS })
  })
})

describe('an xrun', () => {
  const xrunAt = (script: RecordScript, ns: number, hw: number): void => {
    script.add(ns, 'kworker', 'snd_pcm_xrun', 0, hw, 0, code('xrun', 'threshold'))
    script.add(ns, 'kworker', 'snd_pcm_state', 0, 3, code('state', 'XRUN'))
  }
  const written = (script: RecordScript): RecordScript =>
    script.started(0).add(1, 'aplay', 'snd_pcm_applptr', 0, 0, 1920, 0)

  it('of a client that sleeps names the whole sleep and the recovery', () => {
    const script = written(new RecordScript())
    script.add(10 * MS, 'aplay', 'syscall_enter', 0, code('call', 'sleep'), 0)
    elapsed(script, 40 * MS, 1440, 1920)
    xrunAt(script, 40 * MS + 2, 1920)
    script.add(70 * MS, 'aplay', 'syscall_exit', 0, code('call', 'sleep'), 0)
    script.add(75 * MS, 'aplay', 'snd_pcm_state', 0, 2, code('state', 'RUNNING'))
    const { xruns } = streamOf(script)
    expect(xruns).toHaveLength(1)
    expect(xruns[0]).toMatchObject({
      timeNs: 40 * MS + 2,
      cause: 'threshold',
      clientSleepNs: 60 * MS,
      recoveryNs: 35 * MS - 2,
      at: { hw_ptr: 1920, appl_ptr: 1920, avail: 1920, movedFrames: 480 },
    })
    expect(xruns[0]?.at.what).toBe('client slept 60.0 ms, its ring holds 40.0 ms')
  })
  it('of a sleep shorter than the ring blames the device that reads ahead', () => {
    const script = written(new RecordScript())
    script.add(10 * MS, 'aplay', 'syscall_enter', 0, code('call', 'sleep'), 0)
    elapsed(script, 20 * MS, 1440, 1920)
    xrunAt(script, 20 * MS + 1, 1920)
    script.add(40 * MS, 'aplay', 'syscall_exit', 0, code('call', 'sleep'), 0)
    expect(streamOf(script).xruns[0]?.at.what).toBe(
      'client slept 30.0 ms, the device emptied its 40.0 ms ring in 20.0 ms',
    )
  })
  it('of a client that was woken and does not run says so', () => {
    const script = written(new RecordScript())
    script.add(2, 'aplay', 'syscall_enter', 0, code('call', 'writei'), 480)
    script.add(30 * MS, 'kworker', 'sched_waking', script.ctx('aplay'), 0)
    elapsed(script, 40 * MS, 1440, 1920)
    xrunAt(script, 40 * MS, 1920)
    expect(streamOf(script).xruns[0]?.at.what).toContain('woken 10.0 ms before')
    expect(streamOf(script).xruns[0]?.recoveryNs).toBeNull()
  })
  it('of a device that takes the ring at once says so', () => {
    const script = written(new RecordScript())
    script.add(2, 'aplay', 'syscall_enter', 0, code('call', 'writei'), 480)
    elapsed(script, 10 * MS, 0, 1900)
    xrunAt(script, 10 * MS, 1920)
    expect(streamOf(script).xruns[0]?.at.what).toBe(
      'device took 1920 frames at once, the ring holds 1920',
    )
  })
})

describe('silent failures', () => {
  it('a RUNNING stream that does not move for two rings is stalled, from its last move', () => {
    const script = new RecordScript().started(0)
    elapsed(script, 10 * MS, 0, 480)
    elapsed(script, 10 * MS + 9, 480, 480)
    elapsed(script, 120 * MS, 480, 960)
    const { silentFailures } = streamOf(script, 121 * MS)
    expect(silentFailures).toMatchObject([
      { kind: 'stalled', timeNs: 10 * MS + 1, untilNs: 120 * MS + 1 },
    ])
  })
  it('neither an xrun nor a short wait is a stall', () => {
    const script = new RecordScript().started(0)
    elapsed(script, 70 * MS, 0, 480)
    script.add(80 * MS, 'kworker', 'snd_pcm_state', 0, 3, code('state', 'XRUN'))
    expect(streamOf(script).silentFailures).toEqual([])
  })
  it('the end of the run ends a stall', () => {
    expect(streamOf(new RecordScript().started(0), 90 * MS).silentFailures).toHaveLength(1)
    expect(streamOf(new RecordScript().started(0), 70 * MS).silentFailures).toHaveLength(0)
  })
  it('stale, overwritten and skipped frames are counted and neighbours joined', () => {
    const script = new RecordScript().started(0)
    const copy = (ns: number, fresh: string): void => {
      script.add(ns, 'qemu', 'audio_copy', 0, 0, 100, 0, code('fresh', fresh))
    }
    copy(1 * MS, 'fresh')
    copy(2 * MS, 'stale')
    copy(3 * MS, 'stale')
    copy(4 * MS, 'overwritten')
    copy(60 * MS, 'stale')
    const { silentFailures } = streamOf(script, 70 * MS)
    expect(silentFailures).toMatchObject([
      { kind: 'stale', timeNs: 2 * MS, untilNs: 3 * MS, frames: 200 },
      { kind: 'skipped', timeNs: 4 * MS, frames: 100 },
      { kind: 'stale', timeNs: 60 * MS, frames: 100 },
    ])
  })
  it('a position ahead of what the device has read is wrong', () => {
    const script = new RecordScript().started(0)
    script.add(1 * MS, 'qemu', 'audio_copy', 0, 0, 480, 0, 0)
    elapsed(script, 2 * MS, 0, 480)
    elapsed(script, 3 * MS, 480, 1440)
    const { silentFailures } = streamOf(script, 20 * MS)
    expect(silentFailures).toMatchObject([{ kind: 'position', timeNs: 3 * MS + 1, frames: 960 }])
  })
})

describe('the rest of a result', () => {
  it('has log lines, incidents, failed calls and memory faults where they belong', () => {
    const script = new RecordScript().started(0)
    const text = (words: string): number => script.symbols.text(words)
    script.add(1, 'kworker', 'printk', text('virtio_snd virtio0: hello'))
    script.add(2, 'aplay', 'client_log', 0, text('underrun'))
    script.add(3, 'irq', 'bug', code('bug', 'sleep-in-atomic'), text('BUG: sleeping'))
    script.add(4, 'irq', 'bug', code('bug', 'use-after-free'), text('freed message'))
    script.add(5, 'irq', 'bug', code('bug', 'protocol'), text('STOP before START'))
    script.add(6, 'aplay', 'deadlock', text('a waits for b'))
    script.add(7, 'aplay', 'syscall_exit', 0, code('call', 'writei'), -32)
    script.add(8, 'qemu', 'audio_copy', 0, 0, 480, 0, code('fresh', 'freed'))
    const result = buildResult(script.store, { ...metaOf(9), streamNames: { pcmC0D0p: 'music' } })
    expect(result.log.map((line) => line.source)).toEqual(['kernel', 'client'])
    expect(result.locks.actual.map((one) => one.kind)).toEqual(['sleep-in-atomic', 'deadlock'])
    expect(result.warnings.map((one) => one.kind)).toEqual(['protocol'])
    expect(result.memory.map((one) => one.kind)).toEqual([
      'use-after-free',
      'freed-while-device-owns',
    ])
    expect(result.streams.music?.errors).toEqual([{ timeNs: 7, call: 'writei', errno: -32 }])
    expect(result.streams.music?.finalState).toBe('RUNNING')
  })
})
