/**
 * A run of which only traces are known, as a scenario that replays it: rings, transfers, STARTs and
 * stops from the `snd_pcm:*` events and the driver's trigger. What a trace does not tell is the
 * default of ALSA's own tools: the rate is the standard one nearest to the pace of hw_ptr, a stream
 * starts when what was written before the START is there, an idle virtual machine runs nothing
 * else. Times are ms since the first START.
 */
import type { Ns } from '../base/units.ts'
import type { GuestEvent, Imported, Side } from './guest-event.ts'
import type { Direction, Program, Step } from './program.ts'
import type { Replayed } from './scenario.ts'

const RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000]
const TIMER_US = 10_000
const TRANSFERS_MAX = 200_000

/** Null: no stream is in the trace. */
export function tracedRun(name: string, run: Imported): Replayed | null {
  const zero = startOf(run)
  const programs = (['p', 'c'] as const).flatMap((side) => {
    const program = programOf(run, side, zero)
    return program === null ? [] : [program]
  })
  if (programs.length === 0) return null
  const cpus = 1 + Math.max(0, ...run.guest.flatMap(({ task }) => (task < 0 ? [-task - 1] : [])))
  return {
    name,
    machine: {
      cpus: Math.min(64, cpus),
      audiodev: {
        driver: 'none',
        timerPeriodUs: run.timerPeriodNs > 0 ? run.timerPeriodNs / 1000 : TIMER_US,
        mixingEngine: true,
        fixedSettings: true,
      },
      module: { pcm_period_ms_min: 1, pcm_buffer_ms: 1000, pcm_period_ms_max: 200 },
      hogs: 0,
      hostHogs: [],
      vcpuCpus: null,
      otherCpus: null,
      timerLateUs: [0, 0, 0],
    },
    programs,
  }
}

/** When the first stream started; without triggers, the first pointer event. */
export function startOf({ guest }: Imported): Ns {
  const start = guest.find(({ kind, arg }) => kind === 'trigger' && arg === 1)
  return (start ?? guest.find(({ kind }) => kind === 'elapsed') ?? guest[0])?.timeNs ?? 0
}

function programOf({ guest }: Imported, side: Side, zero: Ns): Program | null {
  const own = guest.filter((one) => one.side === side && one.buffer > 0)
  const first = own.find(({ kind }) => kind === 'applptr')
  const last = own.at(-1)
  if (first === undefined || last === undefined || first.period === 0) return null
  if (first.buffer % first.period !== 0) return null
  const direction: Direction = side === 'p' ? 'playback' : 'capture'
  const ms = (ns: Ns): number => (ns - zero) / 1e6
  const rate = rateOf(own)
  const steps = stepsOf(guest, own, direction, rate, ms)
  return {
    beginMs: ms(first.timeNs) - 5,
    endMs: ms(last.timeNs),
    direction,
    setup: { rate, channels: 2, period: first.period, periods: first.buffer / first.period },
    fifo: null,
    killedAfterMs: null,
    steps,
  }
}

/** Frames by which hw_ptr moved forward, a second. */
function rateOf(own: readonly GuestEvent[]): number {
  const moves = own.filter(({ kind }) => kind === 'hwptr')
  let [frames, ns] = [0, 0]
  for (const [i, one] of moves.entries()) {
    const before = moves[i - 1]
    if (before === undefined || one.timeNs - before.timeNs > 500_000_000) continue
    const step = one.old - before.old
    if (step < 0) continue
    frames += step
    ns += one.timeNs - before.timeNs
  }
  const pace = ns > 0 ? (frames * 1e9) / ns : 48_000
  const nearest = RATES.toSorted((a, b) => Math.abs(a - pace) - Math.abs(b - pace) || a - b)
  return nearest[0] as number
}

function stepsOf(
  guest: readonly GuestEvent[],
  own: readonly GuestEvent[],
  on: Direction,
  rate: number,
  ms: (ns: Ns) => number,
): readonly Step[] {
  const moves = own.filter(({ kind }) => kind === 'applptr').slice(0, TRANSFERS_MAX)
  const first = moves[0] as GuestEvent
  const starts = guest.filter(({ kind, arg }) => kind === 'trigger' && arg === 1)
  const started = starts[0]?.timeNs ?? first.timeNs
  const written = moves.filter(({ timeNs }) => timeNs < started).at(-1)?.arg ?? first.buffer
  const call = on === 'capture' ? 'readi' : 'writei'
  const steps: Step[] = [
    { call: 'open', on, ret: 0 },
    { call: 'hw_params', on, ret: 0 },
    {
      call: 'sw_params',
      on,
      start_threshold: on === 'capture' ? 1 : Math.max(1, written),
      stop_threshold: first.buffer,
      avail_min: first.period,
      ret: 0,
    },
    { call: 'prepare', on, ret: 0 },
  ]
  let before: GuestEvent | null = null
  for (const move of moves) {
    const frames = move.arg - move.old
    const gapMs = before === null ? 0 : (move.timeNs - before.timeNs) / 1e6
    const again = before !== null && move.old === 0 && before.arg > 0
    // A client that was away for longer than the ring lasts was not waiting for it.
    const away = gapMs > (1000 * move.buffer) / rate
    if (again) steps.push({ call: 'prepare', on, afterMs: gapMs, ret: 0 })
    if (frames > 0 && frames <= move.buffer) {
      const at = move.timeNs < started ? { atMs: ms(move.timeNs) } : {}
      steps.push({
        call,
        on,
        frames,
        ...at,
        ...(away && !again ? { afterMs: gapMs } : {}),
        ret: null,
      })
    }
    before = move
  }
  const stop = guest.findLast(({ kind, arg }) => kind === 'trigger' && arg === 0)
  const own_ = stop !== undefined && stop.task === (before as GuestEvent | null)?.task
  steps.push({ call: own_ || on === 'capture' ? 'drop' : 'drain', on, ret: null })
  steps.push({ call: 'hw_free', on, ret: null }, { call: 'close', on, ret: null })
  return steps
}
