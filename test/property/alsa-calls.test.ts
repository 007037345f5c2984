/**
 * Random calls of two processes on one stream of a card with its own clock: whatever the order, the
 * core's invariants hold, nothing is left locked or waiting, and every frame is accounted for.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NS_PER_MS } from '../../src/base/units.ts'
import * as C from '../../src/model/alsa/pcm_constants.ts'
import { UserFrames } from '../../src/model/alsa/pcm_copy.ts'
import { boundaryOf } from '../../src/model/alsa/pcm_hw_params.ts'
import { type SndPcmFile, snd_pcm_release } from '../../src/model/alsa/pcm_native.ts'
import { snd_pcm_avail } from '../../src/model/alsa/pcm_runtime.ts'
import { SndPcmStatus } from '../../src/model/alsa/pcm_status.ts'
import { sleepUntil } from '../../src/model/linux/hrtimer.ts'
import * as S from '../../src/model/user/syscall.ts'
import type { Proc } from '../../src/sim/process.ts'
import { T } from '../../src/sim/trace.ts'
import { CODES } from '../../src/sim/trace-kinds.ts'
import {
  hwParams,
  inTask,
  openStream,
  recordsOf,
  type World,
  world,
} from '../unit/model/alsa/stream.ts'

const PERIOD = 240
const BUFFER = 960

type Step = readonly [call: string, arg: number, pauseUs: number]

const CALLS = [
  'transfer',
  'transfer',
  'transfer',
  'start',
  'prepare',
  'prepare',
  'drop',
  'drain',
  'push',
  'release',
  'hwsync',
  'status',
  'forward',
  'rewind',
  'reset',
  'xrun',
  'hw_params',
  'hw_free',
]

const MOVERS = ['transfer', 'forward', 'rewind']

function call(file: SndPcmFile, user: UserFrames, name: string, arg: number): Proc<number> {
  switch (name) {
    case 'transfer': {
      const playback = file.substream.stream === C.SNDRV_PCM_STREAM_PLAYBACK
      return playback ? S.sys_writei(file, user, arg) : S.sys_readi(file, user, arg)
    }
    case 'start':
      return S.sys_start(file)
    case 'prepare':
      return S.sys_prepare(file)
    case 'drop':
      return S.sys_drop(file)
    case 'drain':
      return S.sys_drain(file)
    case 'push':
      return S.sys_pause(file, true)
    case 'release':
      return S.sys_pause(file, false)
    case 'hwsync':
      return S.sys_hwsync(file)
    case 'status':
      return S.sys_status(file, new SndPcmStatus())
    case 'forward':
      return S.sys_forward(file, arg)
    case 'rewind':
      return S.sys_rewind(file, arg)
    case 'reset':
      return S.sys_reset(file)
    case 'xrun':
      return S.sys_xrun(file)
    case 'hw_params':
      return S.sys_hw_params(file, hwParams(PERIOD, BUFFER))
    default:
      return S.sys_hw_free(file)
  }
}

/**
 * Whether avail may leave the ring. On 6.1 a pause that finds an xrun in its own update overwrites
 * it with PAUSED, and the released stream is beyond its data until the next update. And two
 * processes that move appl_ptr at once do so from an avail that each has read before its copy.
 */
function availMayLeave(scripts: readonly Step[][], old: boolean): boolean {
  const calls = scripts.map((script) => script.map(([name]) => name))
  const movers = calls.filter((names) => names.some((name) => MOVERS.includes(name)))
  return movers.length > 1 || (old && calls.some((names) => names.includes('push')))
}

function checkPointers(file: SndPcmFile, loose: boolean): void {
  const { runtime } = file.substream
  if (runtime.boundary === 0) return
  const { hw_ptr } = runtime.status
  const { appl_ptr } = runtime.control
  expect(hw_ptr).toBeGreaterThanOrEqual(0)
  expect(hw_ptr).toBeLessThan(runtime.boundary)
  expect(appl_ptr).toBeLessThan(runtime.boundary)
  expect(runtime.status.state).toBe(runtime.state)
  const { state } = runtime
  if (state === C.SNDRV_PCM_STATE_RUNNING || state === C.SNDRV_PCM_STATE_PREPARED) {
    const avail = snd_pcm_avail(file.substream)
    expect(avail).toBeGreaterThanOrEqual(0)
    if (!loose) expect(avail).toBeLessThanOrEqual(BUFFER)
  }
}

/** Runs both scripts; returns the world, and how many frames the calls said they moved. */
function run(
  scripts: readonly Step[][],
  options: { nonatomic: boolean; old: boolean; capture: boolean },
) {
  const { nonatomic, old, capture } = options
  const prices = { copy_base: 3000, syscall_entry: 200, mutex_lock: 20, update_hw_ptr: 100 }
  const w: World = world({
    cpus: 2,
    version: old ? '6.1' : '6.12',
    prices,
    card: { nonatomic, capture: true, withSyncStop: true, withAck: true, xrun_debug: 0 },
  })
  let moved = 0
  const loose = availMayLeave(scripts, old)
  let live = scripts.length
  inTask(w, function* () {
    const file = yield* openStream(w, 'prepared', {
      capture,
      period_size: PERIOD,
      buffer_size: BUFFER,
    })
    w.fake.runClock(file.substream)
    for (const [i, script] of scripts.entries()) {
      w.k.spawn(`client${i}`, 'client', function* () {
        const user = new UserFrames(w.k, file.substream.id)
        for (const [name, arg, pauseUs] of script) {
          const ret = yield* call(file, user, name, arg)
          if (name === 'transfer' && ret > 0) moved += ret
          checkPointers(file, loose)
          yield* sleepUntil(w.k, w.sim.now + pauseUs * 1000)
        }
        live--
      })
    }
    // A writer of a paused stream waits without limit: after a while, drop.
    while (live > 0) {
      yield* sleepUntil(w.k, w.sim.now + 400 * NS_PER_MS)
      if (live > 0) yield* S.sys_drop(file)
    }
    const { substream } = file
    expect(substream.runtime.buffer_accessing).toBe(0)
    expect(substream.runtime.twake).toBe(0)
    yield* snd_pcm_release(file)
    expect([substream.sleep.entries, substream.tsleep.entries]).toEqual([[], []])
    expect([substream.self_group.mutex.owner, substream.buffer_mutex.owner]).toEqual([null, null])
    expect(substream.self_group.lock.owner).toBe(null)
    expect(w.fake.pcm.open_mutex.owner).toBe(null)
    expect(substream.dma_buffer).toBe(null)
  })
  return { w, moved }
}

const CALL_NAMES = CODES.call as readonly string[]
/** Moves of states that some call or event explains (domain/alsa-core.md §2). */
const EXPLAINED: Readonly<Record<string, readonly string[]>> = {
  OPEN: ['SETUP'],
  SETUP: ['OPEN', 'PREPARED'],
  PREPARED: ['OPEN', 'SETUP', 'RUNNING', 'DRAINING'],
  RUNNING: ['SETUP', 'XRUN', 'DRAINING', 'PAUSED'],
  XRUN: ['SETUP', 'PREPARED'],
  DRAINING: ['SETUP'],
  PAUSED: ['RUNNING'],
}

/** Beyond EXPLAINED: 6.1 pauses what its own update has stopped; a capture may be prepared anew. */
function alsoExplained(from: string, to: string, old: boolean, capture: boolean): boolean {
  if (from === 'XRUN' && to === 'PAUSED') return old
  return from === 'DRAINING' && to === 'PREPARED' && capture
}

/**
 * Both pointers go forward, but for a rewind; a prepare and a reset set them anew. `loose`: two
 * processes move appl_ptr at once, each from where it has found it.
 */
function checkMotion(w: World, boundary: number, loose: boolean): void {
  let hw_ptr = -1
  let appl_ptr = -1
  const callOf = new Map<number, string>()
  w.store.replay({
    record: (r) => {
      if (r.kind === T.syscall_enter) {
        const name = CALL_NAMES[r.b] as string
        callOf.set(r.context, name)
        if (name === 'reset' || name === 'prepare') hw_ptr = appl_ptr = -1
      } else if (r.kind === T.syscall_exit) {
        const name = callOf.get(r.context)
        if (name === 'reset' || name === 'prepare') hw_ptr = appl_ptr = -1
        callOf.delete(r.context)
      } else if (r.kind === T.snd_pcm_state) {
        if (r.c <= C.SNDRV_PCM_STATE_PREPARED) hw_ptr = appl_ptr = -1
      } else if (r.kind === T.snd_pcm_hwptr) {
        if (hw_ptr >= 0) {
          const by = (r.d - hw_ptr + boundary) % boundary
          expect(by).toBeLessThan(2 * BUFFER)
          if (by > 0) seen.add('hw_ptr moved')
        }
        hw_ptr = inReset(callOf) ? -1 : r.d
      } else if (r.kind === T.snd_pcm_applptr && !loose) {
        if (appl_ptr >= 0 && !inReset(callOf)) expect(r.b).toBe(appl_ptr)
        const by = (r.c - r.b + boundary) % boundary
        const rewinds = callOf.get(r.context) === 'rewind'
        expect(rewinds ? boundary - by : by).toBeLessThanOrEqual(BUFFER)
        if (rewinds) seen.add('rewound')
        appl_ptr = r.c
      }
    },
  })
}

function inReset(callOf: ReadonlyMap<number, string>): boolean {
  return [...callOf.values()].some((name) => name === 'reset' || name === 'prepare')
}

const step = fc.tuple(fc.constantFrom(...CALLS), fc.integer({ min: 1, max: 2000 }), fc.nat(8000))
const script = fc.array(step, { minLength: 1, maxLength: 12 })
const stillStep = step.filter(([name]) => !MOVERS.includes(name))
const stillScript = fc.array(stillStep, { minLength: 1, maxLength: 12 })
const seen = new Set<string>()

test('invariants hold for any two scripts', () => {
  fc.assert(
    fc.property(
      fc.tuple(script, fc.oneof(script, stillScript, stillScript)),
      fc.record({ nonatomic: fc.boolean(), old: fc.boolean(), capture: fc.boolean() }),
      (scripts, options) => {
        const { w, moved } = run(scripts, options)
        expect(recordsOf(w.store, T.bug)).toEqual([])
        expect(recordsOf(w.store, T.deadlock)).toEqual([])
        const transfers = recordsOf(w.store, T.snd_pcm_transfer)
        const copied = transfers.reduce((sum, r) => sum + r.c, 0)
        // A copy whose state had changed under it does not count for the caller.
        expect(copied).toBeGreaterThanOrEqual(moved)
        let state = C.SNDRV_PCM_STATE_OPEN
        for (const r of recordsOf(w.store, T.snd_pcm_state)) {
          expect(r.b).toBe(state)
          state = r.c
          const [from, to] = [CODES.state?.[r.b] ?? '', CODES.state?.[r.c] ?? '']
          const legal = EXPLAINED[from]?.includes(to) === true
          const also = alsoExplained(from, to, options.old, options.capture)
          expect([from, to, legal || also]).toEqual([from, to, true])
          seen.add(`state ${r.c}`)
        }
        checkMotion(w, boundaryOf(BUFFER), availMayLeave(scripts, options.old))
        const begun = recordsOf(w.store, T.snd_pcm_trigger).length
        expect(recordsOf(w.store, T.snd_pcm_trigger_done).length).toBe(begun)
        for (const r of recordsOf(w.store, T.snd_pcm_xrun)) seen.add(`xrun ${r.d}`)
        const contended = recordsOf(w.store, T.lock_contended).length
        if (contended > 0) seen.add('contended lock')
      },
    ),
    { numRuns: 150, seed: 5 },
  )
})

test('reached: every state but disconnected and suspended, xruns, a contended lock', () => {
  const states = [0, 1, 2, 3, 4, 5, 6].map((state) => `state ${state}`)
  const others = ['xrun 0', 'xrun 4', 'contended lock', 'hw_ptr moved', 'rewound']
  for (const what of [...states, ...others]) expect(seen).toContain(what)
})
