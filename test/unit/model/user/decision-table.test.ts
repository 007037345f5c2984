/**
 * The decision table of domain/userspace.md §3: every situation for every client. A cell is the
 * verdict as the table words it and the runs that show it; those that do not apply say so. Where
 * the verdict has a limit there are runs on both sides of it. Trouble is an xrun, silence or old
 * frames heard, or an underrun that only the client notices.
 */
import { describe, expect, test } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'
import { T } from '../../../../src/sim/trace.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import { recordsOf } from '../alsa/stream.ts'

const COLUMNS = ['aplay', 'jack', 'pipewire', 'pulse', 'free run'] as const
type Column = (typeof COLUMNS)[number]
/** What the table says, and the check; null where the table has "n/a". */
type Cell = readonly [verdict: string, check: (() => void) | null]

const V7 = 'driver: {kind: virtio-snd, version: v7}'
const ACK = 'driver: {kind: virtio-snd, version: ack}'
const IDEAL = 'driver: {kind: ideal}'
const GENERIC = 'device: {kind: generic}'
const QEMU = 'device: {kind: qemu, backend: none, timer_period: 10ms}'
const MS = 1_000_000
const HWSYNC = CODES.call!.indexOf('hwsync')

function run(stream: string, ...lines: readonly string[]) {
  const given = lines.some((line) => line.startsWith('duration')) ? [] : ['duration: 1s']
  const all = [
    'version: 1',
    'name: cell',
    ...given,
    ...lines,
    'streams:',
    `  - {name: s, ${stream}}`,
  ]
  const [spec] = loadScenario(all.join('\n'))
  const { result, store } = runScenario(spec!)
  const first = result.streams.s!
  const log = result.log.map((line) => line.text)
  const underruns = log.filter((line) => /^(Underrun!|underrun: |resync: )/.test(line))
  const timeouts = log.filter((line) => line.includes('poll time out'))
  const silent = first.silentFailures.map(({ kind }) => kind)
  const trouble = [...first.xruns.map(({ cause }) => cause), ...silent, ...underruns]
  return { first, store, log, trouble, timeouts, silent }
}

type Run = ReturnType<typeof run>

/** Clients as §2 has them by default. */
const CLIENT: Readonly<Record<Column, string>> = {
  aplay: 'client: aplay',
  jack: 'client: jack',
  pipewire: 'client: pipewire',
  pulse: 'client: pulse',
  'free run': 'client: mmap',
}

/** Nothing goes wrong on either sort of driver. */
function fine(stream: string, ...lines: readonly string[]): void {
  for (const driver of [V7, ACK]) {
    const { trouble, first, timeouts } = run(stream, driver, ...lines)
    expect({ driver, trouble, errors: first.errors, timeouts }).toEqual({
      driver,
      trouble: [],
      errors: [],
      timeouts: [],
    })
    expect(first.finalState).toBe('RUNNING')
  }
}

/** The vCPU of the only guest CPU is taken away once; the device goes on on the other CPU. */
function stolen(client: Column, atNs: number, forMs: number, ...lines: readonly string[]): Run {
  const bursts = forMs === 0 ? '' : `recorded: [{at: ${Math.round(atNs)}ns, run: ${forMs}ms}]`
  const thief = `{name: thief, policy: fifo, priority: 50, cpus: 0, ${bursts}}`
  const tasks = forMs === 0 ? '' : `, tasks: [${thief}]`
  const host = `host: {cpus: 2, vcpus: [{pin: 0}]${tasks}}`
  const stage = lines.length === 0 ? [V7, GENERIC] : lines
  return run(CLIENT[client], ...stage, 'guest: {cpus: 1}', host, 'duration: 1200ms')
}

/** When the client moved frames: the first time after 600 ms, and the next turn. */
function turnsOf({ store }: Run): readonly number[] {
  const times = recordsOf(store, T.snd_pcm_applptr).map(({ timeNs }) => timeNs)
  const first = times.find((ns) => ns > 600 * MS) as number
  return [first, times.find((ns) => ns > first + 5 * MS) as number]
}

/** What becomes of a theft that begins just before the client would run, and of three others. */
function stealing(client: Column, forMs: number, ...lines: readonly string[]): readonly Run[] {
  const calm = stolen(client, 0, 0, ...lines)
  const [turn, next] = turnsOf(calm) as [number, number]
  const everyNs = next - turn
  return [-0.3 * MS, 0.25 * everyNs, 0.5 * everyNs, 0.75 * everyNs].map((ns) =>
    stolen(client, turn + ns, forMs, ...lines),
  )
}

/** Trouble without the jumps by which PipeWire fills a gap before anything is heard. */
function heard({ trouble }: Run): readonly string[] {
  return trouble.filter((one) => !one.startsWith('resync'))
}

/** No trouble up to a limit, whenever it begins; trouble above, when the moment is the worst. */
function limit(
  client: Column,
  belowMs: number,
  aboveMs: number,
  ...lines: readonly string[]
): void {
  for (const below of stealing(client, belowMs, ...lines)) expect(heard(below)).toEqual([])
  expect(heard(stealing(client, aboveMs, ...lines)[0]!)).not.toEqual([])
}

const SLOW = 'faults: [{kind: control-slow, by: 5ms, at: 0ns, count: 100000}]'

/**
 * How much faster than its rate a client moves frames, in ppm: from one passage of the ring's end
 * to another, 5 s or more later.
 */
function speedPpm(stream: string, driver: string): number {
  const device =
    driver === IDEAL ? 'device: {clock: 200ppm}' : 'device: {kind: generic, clock: 200ppm}'
  const { store, first, trouble } = run(stream, driver, device, 'duration: 12s')
  expect(trouble).toEqual([])
  const { buffer_size, rate } = first.params
  const passed = recordsOf(store, T.snd_pcm_applptr).filter((r) => r.c % buffer_size === 0)
  const from = passed.find((r) => r.timeNs > 5000 * MS)!
  const to = passed.at(-1)!
  const frames = to.c - from.c
  return ((frames * 1e9) / rate / (to.timeNs - from.timeNs) - 1) * 1e6
}

function follows(stream: string, driver = V7): void {
  const ppm = speedPpm(stream, driver)
  expect(ppm).toBeGreaterThan(150)
  expect(ppm).toBeLessThan(250)
}

/** A free-running writer that goes by its own clock: 10 ms every 10 ms, 1 ms ahead. */
function ownClock(clock: string): Run {
  const commits = Array.from({ length: 700 }, (_, i) => {
    return `{call: mmap_commit, frames: 480, at: ${i * 10 + 9}ms}`
  })
  const calls = [
    '{call: open}',
    '{call: hw_params, mmap: true}',
    '{call: sw_params, start_threshold: boundary, stop_threshold: boundary}',
    '{call: mmap}',
    '{call: prepare}',
    '{call: mmap_commit, frames: 480}',
    '{call: start}',
    ...commits,
  ]
  const stream = 'client: scripted, period_size: 480, periods: 4'
  const device = `device: {kind: generic, clock: ${clock}}`
  return run(`${stream}, options: {script: [${calls.join(', ')}]}`, V7, device, 'duration: 7s')
}

/** A FIFO task keeps the kworker away from just before a turn on; the client has its own CPU. */
function kworkerLate(stream: string, forMs: number): Run {
  const calm = run(stream, V7, GENERIC)
  const atNs = turnsOf(calm)[0]! - 300_000
  const burst = `recorded: [{at: ${Math.round(atNs)}ns, run: ${forMs}ms}]`
  const hog = `{name: hog, policy: fifo, priority: 10, cpus: 0, ${burst}}`
  return run(stream, V7, GENERIC, `guest: {cpus: 2, tasks: [${hog}]}`)
}

const onCpu1 = (client: Column, more = '') => `${CLIENT[client]}, options: {cpus: [1]${more}}`

/** An event of the device at several moments of a period. */
function deviceXruns(client: Column, driver: string): readonly Run[] {
  return [0, 5, 10, 15].map((ms) => xrunEvent(client, driver, (300 + ms) * MS))
}

function xrunEvent(client: Column, driver: string, atNs: number): Run {
  const fault = `faults: [{kind: xrun-event, stream: s, at: ${Math.round(atNs)}ns}]`
  return run(CLIENT[client], driver, GENERIC, fault, 'duration: 600ms')
}

/** Between two completions nobody looks; the next one clears the flag. On 6.7+ nobody ever does. */
function lost(client: Column): void {
  for (const driver of [V7, ACK]) {
    for (const { trouble, first } of deviceXruns(client, driver)) {
      expect([trouble, first.finalState]).toEqual([['lost-event'], 'RUNNING'])
    }
  }
}

/** From the suspend's end to the answer of START: prepare and start, 5 ms a message. */
function suspended(client: Column): number {
  const faults = SLOW.replace(']', ', {kind: suspend, at: 300ms, for: 100ms}]')
  const { first, store } = run(CLIENT[client], V7, GENERIC, faults)
  expect(first.finalState).toBe('RUNNING')
  return recordsOf(store, T.snd_pcm_trigger_done).at(-1)!.timeNs - 400 * MS
}

/** How much later the first period ends with slow answers. */
function startDelay(client: Column): number {
  const firstPeriod = ({ store }: Run) => recordsOf(store, T.snd_pcm_period_elapsed)[0]!.timeNs
  return (
    firstPeriod(run(CLIENT[client], V7, GENERIC, SLOW)) -
    firstPeriod(run(CLIENT[client], V7, GENERIC))
  )
}

/** Recovery of an xrun after which the client is told by the core. */
function recovers(client: Column): void {
  const stream = `${CLIENT[client]}, stalls: [{at: 300ms, for: 120ms}]`
  const [xrun] = run(stream, V7, GENERIC, SLOW).first.xruns
  expect(xrun?.recoveryNs).toBeGreaterThanOrEqual(20 * MS)
}

/** Frames of whole periods go, the rest does not, nothing more comes. */
function partialTail(driver: string): Run {
  const calls = [
    '{call: open}',
    '{call: hw_params, mmap: true}',
    '{call: sw_params, stop_threshold: boundary, silence_size: boundary}',
    '{call: mmap}',
    '{call: prepare}',
    '{call: mmap_commit, frames: 1920}',
    '{call: start}',
    '{call: hwsync, at: 25ms}',
    '{call: mmap_commit, frames: 240}',
    '{call: sleep, for: 500ms}',
  ]
  const script = `options: {script: [${calls.join(', ')}]}`
  return run(`client: scripted, period_size: 480, periods: 4, ${script}`, driver, GENERIC)
}

const TABLE: Readonly<Record<string, Readonly<Record<Column, Cell>>>> = {
  'QEMU tick 10 ms, 48 kHz': {
    aplay: ['ok', () => fine(CLIENT.aplay, QEMU)],
    jack: [
      'fails for 2p <= ~1600 (freeze if 2p <= 1114)',
      () => {
        const jack = (period: number) => `${CLIENT.jack}, period_size: ${period}`
        for (const period of [64, 256]) expect(run(jack(period), ACK, QEMU).trouble).not.toEqual([])
        expect(run(jack(557), ACK, QEMU).silent).toContain('stalled')
        // Away once for two ticks, the worst that a client woken by ticks can be late by.
        const late = 'stalls: [{at: 0ms, for: 25ms}]'
        expect(run(`${jack(780)}, ${late}`, ACK, QEMU).trouble).not.toEqual([])
        expect(run(`${jack(820)}, ${late}`, ACK, QEMU).trouble).toEqual([])
        fine(jack(850), QEMU)
      },
    ],
    pipewire: [
      'ok; fails if headroom < ~step',
      () => {
        fine(CLIENT.pipewire, QEMU)
        const small = `${CLIENT.pipewire}, options: {quantum: 256, headroom: `
        expect(run(`${small}0}`, V7, QEMU).trouble).not.toEqual([])
        fine(`${small}512}`, QEMU)
      },
    ],
    pulse: ['ok', () => fine(CLIENT.pulse, QEMU)],
    'free run': ['ok', () => fine(CLIENT['free run'], QEMU)],
  },
  'vCPU stolen for S': {
    aplay: ['ok while S < 3/4 buffer', () => limit('aplay', 370, 382)],
    jack: ['xrun if S > p', () => limit('jack', 20.5, 22.5)],
    // On a card whose pointer is exact; virtio's lags by a period, for which a period is added.
    pipewire: ['xrun if S > (threshold+headroom)/rate', () => limit('pipewire', 63, 65.5, IDEAL)],
    pulse: ['ok while S < 75 ms', () => limit('pulse', 74, 77)],
    'free run': [
      'repeats/silence',
      () => {
        limit('free run', 62, 66)
        const [silence] = stealing('free run', 90)
        expect(silence?.first.xruns).toEqual([])
        expect(silence?.first.frames.silence).toBeGreaterThan(480)
        const [early] = stealing('free run', 90, V7, 'device: {kind: generic, copy: on-arrival}')
        expect(early?.silent).toContain('stale')
      },
    ],
  },
  'control RTT 5 ms': {
    aplay: [
      'start +10-20 ms',
      () => {
        expect(startDelay('aplay')).toBeGreaterThanOrEqual(10 * MS)
        expect(startDelay('aplay')).toBeLessThanOrEqual(20 * MS)
      },
    ],
    jack: ['recovery >= 20 ms', () => recovers('jack')],
    pipewire: ['same', () => recovers('pipewire')],
    // Never stopped by the core, these two recover from a suspend only.
    pulse: ['same', () => expect(suspended('pulse')).toBeGreaterThanOrEqual(20 * MS)],
    'free run': ['same', () => expect(suspended('free run')).toBeGreaterThanOrEqual(20 * MS)],
  },
  'device faster +200 ppm': {
    aplay: ['paced by device', () => follows('client: aplay, period_size: 480')],
    jack: ['paced by device', () => follows(CLIENT.jack)],
    // A pointer that moves by whole periods hides the first 10 ms of drift from the loop.
    pipewire: ['DLL absorbs', () => follows(`${CLIENT.pipewire}, periods: 16`, IDEAL)],
    pulse: ['smoother absorbs', () => follows(CLIENT.pulse)],
    'free run': [
      'repeats',
      () => {
        expect(ownClock('0ppm').trouble).toEqual([])
        expect(ownClock('200ppm').silent).toContain('stale')
      },
    ],
  },
  'kworker delayed D': {
    aplay: [
      'late wake',
      () => {
        const { trouble, first } = kworkerLate(onCpu1('aplay'), 50)
        expect(trouble).toEqual([])
        expect(first.periodElapsed.intervalNs.max).toBeGreaterThan(170 * MS)
      },
    ],
    jack: [
      'xrun if D > p',
      () => {
        expect(kworkerLate(onCpu1('jack'), 20.5).trouble).toEqual([])
        expect(kworkerLate(onCpu1('jack'), 22.5).trouble).not.toEqual([])
      },
    ],
    pipewire: [
      'pointer ok (HWSYNC reads), wake by timer',
      () => expect(kworkerLate(onCpu1('pipewire'), 150).trouble).toEqual([]),
    ],
    pulse: [
      'late wake',
      () => {
        const { trouble, first } = kworkerLate(onCpu1('pulse'), 60)
        expect(trouble).toEqual([])
        expect(first.periodElapsed.intervalNs.max).toBeGreaterThan(80 * MS)
      },
    ],
    'free run': [
      'ok',
      () => {
        const timed = onCpu1('free run', ', wake_every: 10ms')
        expect(kworkerLate(timed, 150).trouble).toEqual([])
      },
    ],
  },
  'device XRUN event': {
    aplay: ['lost or EPIPE (H13)', () => lost('aplay')],
    jack: ['same', () => lost('jack')],
    pipewire: [
      'same',
      () => {
        lost('pipewire')
        // Just before it asks for the position: found, and recovered from.
        const calm = run(CLIENT.pipewire, V7, GENERIC)
        const asked = recordsOf(calm.store, T.syscall_enter).filter((r) => r.b === HWSYNC)
        const at = asked.find((r) => r.timeNs > 300 * MS)!.timeNs
        const found = [400, 200, 100, 50].map((us) => xrunEvent('pipewire', V7, at - us * 1000))
        const causes = found.map(({ first }) => first.xruns[0]?.cause)
        expect(causes).toContain('device')
        for (const { first } of found) expect(first.finalState).toBe('RUNNING')
      },
    ],
    pulse: ['same', () => lost('pulse')],
    'free run': ['ignored', () => lost('free run')],
  },
  'partial last period (6.7+)': {
    aplay: [
      'padded: ok',
      () => {
        const { trouble, first } = run(
          'client: aplay, period_size: 480, frames: 10000',
          ACK,
          GENERIC,
        )
        expect([trouble, first.errors, first.finalState]).toEqual([[], [], 'SETUP'])
      },
    ],
    jack: ['n/a', null],
    pipewire: ['n/a', null],
    pulse: ['n/a', null],
    'free run': [
      'stall',
      () => {
        expect(partialTail(ACK).silent).toContain('stalled')
        expect(partialTail(V7).silent).not.toContain('stalled')
      },
    ],
  },
}

for (const [situation, row] of Object.entries(TABLE)) {
  describe(situation, () => {
    for (const column of COLUMNS) {
      const [verdict, check] = row[column]
      test(`${column}: ${verdict}`, () => {
        if (check === null) expect(verdict).toBe('n/a')
        else check()
      })
    }
  })
}

test('the table is whole: seven situations, five clients, three of 35 do not apply', () => {
  const cells = Object.values(TABLE).flatMap((row) => COLUMNS.map((column) => row[column]))
  expect(cells.length).toBe(35)
  expect(cells.filter(([, check]) => check === null).length).toBe(3)
})
