/**
 * Traces of other tools: layouts, line ends, what is not known, clocks. The excerpts are of a
 * captured run of Linux 6.12 in QEMU; the numbers were read from them by hand.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { alignClocks } from '../../../src/import/clock-align.ts'
import type { Imported } from '../../../src/import/guest-event.ts'
import { stagesOf } from '../../../src/import/stages.ts'
import {
  type ImportLimits,
  TraceImport,
  TraceImportFault,
} from '../../../src/import/trace-import.ts'

const guestText = readFileSync('test/data/import/play.ftrace.txt', 'utf8')
const hostText = readFileSync('test/data/import/play.qemu.txt', 'utf8')

function read(texts: readonly string[], limits: Partial<ImportLimits> = {}): Imported {
  const reader = new TraceImport(limits)
  for (const text of texts) {
    reader.push(text)
    reader.endFile()
  }
  return reader.finish()
}

const one = (line: string): Imported => read([line])
const head = '     kworker/0:1-9       [000] .....     7.212194: '

describe('ftrace text', () => {
  it('has a time, a context and fields', () => {
    const { guest, tasks } = one(
      `${head}hwptr: pcmC0D0p/sub0: IRQ: pos=960, old=23520, base=23040, period=480, buf=1920`,
    )
    expect(guest).toHaveLength(2)
    expect(guest[0]).toMatchObject({ kind: 'elapsed', side: 'p', task: 9, timeNs: 7_212_194_000 })
    expect(guest[1]).toMatchObject({ kind: 'hwptr', arg: 960, old: 23520, buffer: 1920 })
    expect(tasks.get(9)).toBe('kworker/0:1')
  })

  it.each([
    [
      'tracefs',
      '          <idle>-0       [000] d.h1.     7.211663: irq_handler_entry: irq=25 name=x',
    ],
    ['trace-cmd', '          <idle>-0     [000]     7.211663: irq_handler_entry:    irq=25 name=x'],
    [
      'trace-cmd with flags',
      '<idle>-0     [000] d.h1.    7.211663: irq_handler_entry: irq=25 name=x',
    ],
    ['nanoseconds', '<idle>-0     [000] d.h1.    7.211663000: irq_handler_entry: irq=25 name=x'],
    ['TGID', '<idle>-0  (-------) [000] d.h1.    7.211663: irq_handler_entry: irq=25 name=x'],
    ['CRLF', '<idle>-0     [000] d.h1.    7.211663: irq_handler_entry: irq=25 name=x\r\n'],
    ['old flags', '<idle>-0     [000] dNs4    7.211663: irq_handler_entry: irq=25 name=x'],
  ])('%s', (_name, line) => {
    const { guest, counts } = one(line)
    expect(guest).toMatchObject([{ kind: 'irq_entry', arg: 25, task: -1, timeNs: 7_211_663_000 }])
    expect(counts).toMatchObject({ malformed: 0, skipped: 0 })
  })

  it('names with spaces, brackets and dashes', () => {
    const { tasks } = one('my [0] a-b c-77  [001] .....  1.000001: irq_handler_entry: irq=1 name=x')
    expect(tasks.get(77)).toBe('my [0] a-b c')
  })

  it.each([
    ['sched_switch: prev_comm=a prev_pid=1 prev_state=S ==> next_comm=b next_pid=45 x=1'],
    ['sched_switch: a:1 [120] S ==> b:45 [120]'],
  ])('%s', (text) => {
    expect(one(head + text).guest).toMatchObject([{ kind: 'switch', arg: 45, task: 9 }])
  })

  it('a probe counts once, where the function tracer saw it too', () => {
    const { guest } = read([
      `${head}snd_pcm_period_elapsed <-virtsnd_pcm_period_elapsed
${head}elapsed: (snd_pcm_period_elapsed+0x4/0x40)
${head}elapsed_ret: (virtsnd_pcm_period_elapsed+0x19/0x20 <- snd_pcm_period_elapsed)
`,
    ])
    expect(guest.map(({ kind }) => kind)).toEqual(['elapsed'])
  })

  it('unknown events and lines are counted, lost events too', () => {
    const { counts, guest } = read([
      `# tracer: nop\n${head}rcu_utilization: Start\ncpus=1\nrubbish\nCPU:0 [LOST 12 EVENTS]\n`,
    ])
    expect(guest).toEqual([])
    expect(counts).toEqual({ lines: 5, malformed: 1, skipped: 1, lost: 12 })
  })

  it('comes in pieces of any size', () => {
    const whole = read([guestText])
    const reader = new TraceImport()
    for (let at = 0; at < guestText.length; at += 7) reader.push(guestText.slice(at, at + 7))
    expect(reader.finish()).toEqual(whole)
  })
})

describe('limits', () => {
  it('of the length of a line', () => {
    const { counts } = read([`${'x'.repeat(1e6)}\n${head}irq_handler_entry: irq=1 name=x\n`])
    expect(counts).toMatchObject({ lines: 2, malformed: 1 })
  })
  it('of events and of lines', () => {
    const line = `${head}irq_handler_entry: irq=1 name=x\n`
    expect(() => read([line.repeat(11)], { events: 10 })).toThrow(TraceImportFault)
    expect(() => read([line.repeat(11)], { lines: 10 })).toThrow(/more than 10 lines/)
  })
})

describe('both at once', () => {
  const both = read([guestText, hostText])

  it('the clocks are aligned by the requests that the excerpts share', () => {
    const found = alignClocks(both)
    // START: sent 6.722610, handled by the host at ...889.247115, first second ...881.
    // The guest's excerpt has START and RELEASE.
    expect(found?.pairs).toBe(2)
    expect(found?.offsetNs).toBeGreaterThan(1_524_200_000)
    expect(found?.offsetNs).toBeLessThan(1_524_505_000)
    expect(found?.uncertaintyNs).toBeLessThan(120_000)
  })

  it('the files may come in either order', () => {
    expect(read([hostText, guestText])).toEqual(both)
  })

  it('the timer, its lateness, the way of an interrupt', () => {
    expect(both.timerPeriodNs).toBe(10_000_000)
    const stages = stagesOf(both, alignClocks(both)?.offsetNs ?? null)
    expect(stages.tick_late.length).toBeGreaterThan(5)
    const first = stages.notify_to_irq[0]
    expect(first?.ns).toBeGreaterThan(0)
    expect(first?.ns).toBeLessThan(500_000)
    expect(stages.wake.length).toBeGreaterThan(3)
  })

  it('without the host there is nothing to align', () => {
    expect(alignClocks(read([guestText]))).toBeNull()
  })
})
