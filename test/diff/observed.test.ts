/**
 * The sixteen points of domain/observed.md, in its order and under its names: what a real kernel
 * and a real device did, shown by the simulated runs. Times are ms since the first START.
 */
import { describe, expect, it } from 'vitest'
import type { Facts, SideFacts } from '../../src/import/facts.ts'
import { callResults, simulatedFacts } from '../../src/import/simulated.ts'
import { loadScenario, runScenario } from '../../src/index.ts'
import { T, TraceRecord } from '../../src/sim/trace.ts'
import { type Replay, replay } from './capture/replay.ts'
import { stored } from './capture/stored.ts'

const done = new Map<string, Replay>()

function run(name: string): Replay {
  const known = done.get(name) ?? replay(stored(name))
  done.set(name, known)
  return known
}

const tx = ({ facts }: { facts: Facts }): SideFacts => facts.sides.tx as SideFacts
const rx = ({ facts }: { facts: Facts }): SideFacts => facts.sides.rx as SideFacts
const control = ({ facts }: { facts: Facts }): string =>
  facts.control.map(([code, by]) => (by === 'client' ? code : `${code}/${by}`)).join(' ')
const counts = ({ batches }: SideFacts): number[] => batches.map(([, n]) => n)

/** Times of the records of one kind, ns. */
function times({ run: { store } }: Replay, kind: number): number[] {
  const found: number[] = []
  const r = new TraceRecord()
  for (let i = 0; i < store.length; i++) {
    store.at(i, r)
    if (r.kind === kind) found.push(r.timeNs)
  }
  return found
}

/** A scripted client at the captures' setting. */
function scripted(
  script: readonly object[],
  stream: object = {},
): { facts: Facts; calls: string[] } {
  const scenario = {
    version: 1,
    name: 'observed',
    duration: '2s',
    guest: { kernel: '6.12', preempt: 'full', cpus: 1, costs: 'tcg' },
    driver: { version: 'ack', options: { pcm_period_ms_min: 1, pcm_buffer_ms: 1000 } },
    streams: [{ client: 'scripted', period_size: 480, periods: 4, options: { script }, ...stream }],
  }
  const [spec] = loadScenario(JSON.stringify(scenario))
  const it = runScenario(spec as NonNullable<typeof spec>)
  return { facts: simulatedFacts(it.store), calls: [...callResults(it.store)] }
}

const opened = [{ call: 'open' }, { call: 'hw_params' }]
const call = (name: string, frames?: number): object =>
  frames === undefined ? { call: name } : { call: name, frames }

describe('observed.md', () => {
  it('1. The whole ring completing at once freezes the stream for ever', () => {
    const it = run('play_256x4')
    expect(counts(tx(it))).toEqual([4])
    expect(it.facts.perInterrupt).toEqual({ 4: 1 })
    expect(tx(it).elapsedSteps).toEqual([0])
    expect(it.facts.xruns).toEqual([])
    expect(it.results.filter((line) => line.endsWith('-EIO'))).toEqual([
      'writei(256) = -EIO',
      'drain() = -EIO',
    ])
    const [stream] = Object.values(it.run.result.streams)
    expect(stream?.silentFailures.map(({ kind }) => kind)).toContain('stalled')
  })

  it('2. The device consumes ahead, by ticks', () => {
    const { batches } = tx(run('play_480x4'))
    expect(batches[0]?.[0]).toBeGreaterThan(10.0)
    expect(batches[0]?.[0]).toBeLessThan(10.5)
    expect(batches[0]?.[1]).toBe(2)
    const doubled = batches.flatMap(([, n], i) => (n === 2 ? [i] : []))
    for (const [i, at] of doubled.slice(2).entries()) {
      const since = at - (doubled[i + 1] as number)
      expect(since).toBeGreaterThanOrEqual(40)
      expect(since).toBeLessThanOrEqual(90)
    }
    const long = tx(run('play_1024x2')).batches
    const gaps = long.slice(1).map(([t], i) => t - (long[i] as readonly [number, number])[0])
    expect(new Set(gaps.map((ms) => Math.round(ms / 10)))).toEqual(new Set([2, 3]))
  })

  it('3. Capture has no prefetch', () => {
    const [first] = rx(run('cap_480x4')).batches
    expect(first?.[1]).toBe(1)
    expect(first?.[0]).toBeGreaterThan(10)
    expect(first?.[0]).toBeLessThan(11)
  })

  it('4. One interrupt a batch', () => {
    const it = run('drop_mid_480x4')
    // A RELEASE returns four messages before its answer, all in one interrupt.
    expect(it.facts.perInterrupt[4]).toBe(9)
    const play = run('play_480x4')
    const interrupts = Object.values(play.facts.perInterrupt).reduce((sum, n) => sum + n, 0)
    expect(interrupts).toBe(tx(play).batches.length)
  })

  it('5. Period-elapsed runs in a kworker', () => {
    const it = run('play_480x4')
    expect(Object.keys(it.facts.elapsedBy)).toEqual(['kworker'])
    expect(it.facts.elapsedBy['kworker']).toBe(tx(it).batches.length)
    expect(tx(it).elapsedSteps[0]).toBe(960)
  })

  it('6. hw_ptr moves by whole messages, but any pointer call sees it', () => {
    const it = scripted([
      ...opened,
      { call: 'sw_params', start_threshold: 1920 },
      call('prepare'),
      call('writei', 1920),
      ...new Array(80).fill({ call: 'hwsync', after: '300us' }),
    ])
    const { moves, elapsedSteps } = tx(it)
    expect(moves.other).toBeGreaterThan(0)
    // The elapsed call that comes after sees no movement.
    expect(elapsedSteps.filter((step) => step === 0)).toHaveLength(moves.other)
    for (const step of elapsedSteps) expect(step % 480).toBe(0)
  })

  it('7. In flight at START', () => {
    expect(tx(run('play_480x4')).inFlight?.['START']).toEqual([[4, 4]])
    expect(tx(run('play_chunk100_480x4')).sent).toBe(400)
    const early = scripted([
      ...opened,
      { call: 'sw_params', start_threshold: 480 },
      call('prepare'),
      call('writei', 480),
    ])
    expect(tx(early).inFlight?.['START']).toEqual([[1, 1]])
    // The trigger queues all, then sends START.
    expect(rx(run('cap_480x4')).inFlight?.['START']).toEqual([[4, 4]])
  })

  it('8. Who refills', () => {
    expect(Object.keys(tx(run('play_480x4')).senders ?? {})).toEqual(['client'])
    const { senders } = rx(run('cap_480x4'))
    expect(senders?.['client']).toBe(4)
    expect(senders?.['kworker']).toBeGreaterThan(390)
  })

  it('9. Xrun is declared in the kworker', () => {
    const it = run('xrun_480x4')
    expect(it.facts.xruns.map(([by]) => by)).toEqual(new Array(8).fill('kworker'))
    const again = ' STOP/kworker RELEASE PREPARE START'.repeat(8)
    expect(control(it)).toBe(`SET_PARAMS PREPARE START${again} STOP RELEASE`)
    expect(tx(it).inFlight?.['STOP']?.slice(0, 8)).toEqual(new Array(8).fill([0, 0]))
    const reader = scripted(
      [...opened, { call: 'sw_params', start_threshold: 1 }, call('prepare'), call('readi', 480)],
      { direction: 'capture' },
    )
    expect(reader.facts.xruns).toHaveLength(0)
    const sleeper = scripted(
      [
        ...opened,
        { call: 'sw_params', start_threshold: 1, stop_threshold: 1920 },
        call('prepare'),
        call('start'),
        { call: 'sleep', for: '100ms' },
      ],
      { direction: 'capture' },
    )
    // The overrun comes with the fourth unread period.
    expect(sleeper.facts.xruns).toEqual([['kworker', 1920]])
  })

  it('10. Drop sends STOP only', () => {
    const it = run('drop_mid_480x4')
    expect(control(it)).toMatch(
      /^SET_PARAMS PREPARE START( STOP RELEASE PREPARE START){8} STOP RELEASE$/,
    )
    for (const [before, after] of tx(it).inFlight?.['RELEASE'] ?? []) {
      expect(before).toBeGreaterThanOrEqual(3)
      expect(after).toBe(0)
    }
  })

  it('11. Drain sends nothing', () => {
    const it = run('drain_partial_480x4')
    expect(control(it)).toBe('SET_PARAMS PREPARE START STOP RELEASE '.repeat(3).trim())
    expect(it.results.filter((line) => line === 'drain() = -EIO')).toHaveLength(3)
    expect(control(run('play_480x4'))).toBe('SET_PARAMS PREPARE START STOP/kworker RELEASE')
    const part = scripted([
      ...opened,
      { call: 'sw_params', start_threshold: 1920 },
      call('prepare'),
      call('writei', 240),
      call('drain'),
    ])
    expect(tx(part).inFlight?.['START']).toEqual([[0, 0]])
    expect(part.calls).toContain('drain() = -EIO')
    const prepared = scripted([
      ...opened,
      { call: 'sw_params', start_threshold: 1920 },
      call('prepare'),
      call('writei', 960),
      call('drain'),
    ])
    expect(tx(prepared).inFlight?.['START']).toEqual([[2, 2]])
    expect(prepared.calls).toContain('drain() = 0')
  })

  it('12. Pause is STOP/START only', () => {
    const it = run('pause_480x4')
    expect(control(it)).toBe(`SET_PARAMS PREPARE START${' STOP START'.repeat(6)} STOP RELEASE`)
    const resumes = it.facts.spans.slice(1).map(([start]) => start)
    for (const start of resumes) {
      const first = tx(it).batches.find(([t]) => t > start)?.[0] ?? 0
      expect(first - start).toBeGreaterThan(10)
      expect(first - start).toBeLessThan(10.6)
    }
  })

  it('13. Restarts differ from first starts', () => {
    const firsts = (it: Replay): (readonly [number, number])[] =>
      it.facts.spans.map(([start]) => {
        const [t, n] = tx(it).batches.find(([at]) => at > start) ?? [0, 0]
        return [t - start, n]
      })
    const dropped = firsts(run('drop_mid_480x4'))
    expect(dropped[0]?.[1]).toBe(2)
    expect(dropped.slice(1).filter(([, n]) => n === 1).length).toBeGreaterThanOrEqual(6)
    // An immediate restart keeps the timer's phase, one after an xrun does not.
    for (const [t] of dropped.slice(1)) expect(t).toBeLessThan(9)
    for (const [t] of firsts(run('xrun_480x4')).slice(1)) expect(t).toBeGreaterThan(10)
  })

  it('14. Quick open-write-close, and killing the client', () => {
    const cycle = [
      ...opened,
      { call: 'sw_params', start_threshold: 1920 },
      call('prepare'),
      call('writei', 1920),
      call('drop'),
      call('close'),
    ]
    const quick = scripted(new Array(5).fill(cycle).flat())
    expect(quick.facts.elapsedBy).toEqual({})
    expect(quick.facts.spans).toHaveLength(5)
    for (const [start, stop] of quick.facts.spans) expect(stop - start).toBeLessThan(1.5)
    const killed = run('kill9_480x4')
    expect(control(killed)).toBe('SET_PARAMS PREPARE START STOP RELEASE '.repeat(4).trim())
    expect(killed.facts.control.every(([, by, ok]) => by === 'client' && ok)).toBe(true)
  })

  it('15. Link: both streams start and stop together', () => {
    const it = run('link_480x4')
    expect(control(it)).toMatch(/PREPARE START START STOP STOP RELEASE RELEASE$/)
    const starts = times(it, T.snd_pcm_trigger).slice(0, 2)
    expect(((starts[1] as number) - (starts[0] as number)) / 1e6).toBeLessThan(1)
    // The capture stream, linked last, is triggered first.
    expect(rx(it).inFlight?.['START']?.[0]).toEqual([4, 4])
    const other = scripted([
      ...opened,
      call('prepare'),
      { call: 'open', on: 'capture' },
      { call: 'hw_params', on: 'capture' },
      call('link'),
    ])
    expect(other.calls).toContain('link() = -EBADFD')
  })

  it('16. latency_bytes was always 0', () => {
    const { run: it } = run('play_480x4')
    const r = new TraceRecord()
    let seen = 0
    for (let i = 0; i < it.store.length; i++) {
      it.store.at(i, r)
      if (r.kind !== T.virtsnd_msg_complete) continue
      seen++
      expect(r.d).toBe(0)
    }
    expect(seen).toBe(400)
  })
})
