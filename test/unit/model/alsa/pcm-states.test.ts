/** Every call in every state, against domain/alsa-core.md §2, on both kernels. */
import { describe, expect, test } from 'vitest'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { UserFrames } from '../../../../src/model/alsa/pcm_copy.ts'
import { snd_card_disconnect } from '../../../../src/model/alsa/pcm_disconnect.ts'
import type { SndPcmFile } from '../../../../src/model/alsa/pcm_native.ts'
import { EPOLLERR, EPOLLIN, EPOLLOUT, snd_pcm_poll } from '../../../../src/model/alsa/pcm_poll.ts'
import { SndPcmStatus } from '../../../../src/model/alsa/pcm_status.ts'
import { snd_pcm_suspend_all } from '../../../../src/model/alsa/pcm_suspend.ts'
import { currentSwParams } from '../../../../src/model/alsa/pcm_sw_params.ts'
import { SndPcmSyncPtr } from '../../../../src/model/alsa/pcm_sync_ptr.ts'
import { errnoName } from '../../../../src/model/linux/errno.ts'
import * as S from '../../../../src/model/user/syscall.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import { HARDWARE } from './fake-card.ts'
import { advanceAppl, hwParams, inTask, must, openStream, type World, world } from './stream.ts'

const STATES = CODES.state as readonly string[]
/** The states as the tables below name them. */
const SHORT = ['OPEN', 'SET', 'PREP', 'RUN', 'XRUN', 'DRAIN', 'PAUSE', 'SUSP', 'DISC']
const BUFFER = 1920
const PERIOD = 480

/** Brings a stream into a state: playback with a full ring, capture with a period unread. */
function* enter(w: World, state: string, capture: boolean): Proc<SndPcmFile> {
  const upTo = state === 'OPEN' ? 'open' : state === 'SETUP' ? 'setup' : 'prepared'
  const file = yield* openStream(w, upTo, { capture })
  file.f_flags = C.O_NONBLOCK
  file.substream.f_flags = C.O_NONBLOCK
  if (upTo !== 'prepared') return file
  if (!capture) advanceAppl(file.substream, BUFFER)
  if (state === 'PREPARED') return file
  if (state === 'DISCONNECTED') {
    yield* snd_card_disconnect(w.fake.card)
    return file
  }
  must(yield* S.sys_start(file))
  if (capture) {
    w.fake.pos = PERIOD
    must(yield* S.sys_hwsync(file))
  }
  if (state === 'XRUN') must(yield* S.sys_xrun(file))
  if (state === 'DRAINING') yield* S.sys_drain(file)
  if (state === 'PAUSED') must(yield* S.sys_pause(file, true))
  if (state === 'SUSPENDED') yield* snd_pcm_suspend_all(w.fake.pcm)
  return file
}

type Call = (file: SndPcmFile, w: World) => Proc<number>

/** Asks for everything, changes nothing. */
function* syncPtr(file: SndPcmFile, more: number): Proc<number> {
  const sync = new SndPcmSyncPtr()
  sync.flags = C.SNDRV_PCM_SYNC_PTR_APPL | C.SNDRV_PCM_SYNC_PTR_AVAIL_MIN | more
  return yield* S.sys_sync_ptr(file, sync)
}

/** The other direction, brought into a state. */
function otherIn(w: World, file: SndPcmFile, state: string): Proc<SndPcmFile> {
  return enter(w, state, file.substream.stream === C.SNDRV_PCM_STREAM_PLAYBACK)
}

const CALLS: Readonly<Record<string, Call>> = {
  hw_params: (file) => S.sys_hw_params(file, hwParams()),
  hw_free: (file) => S.sys_hw_free(file),
  sw_params: (file) =>
    S.sys_sw_params(file, { ...currentSwParams(file.substream.runtime), avail_min: 1 }),
  prepare: (file) => S.sys_prepare(file),
  start: (file) => S.sys_start(file),
  push: (file) => S.sys_pause(file, true),
  release: (file) => S.sys_pause(file, false),
  drop: (file) => S.sys_drop(file),
  drain: (file) => S.sys_drain(file),
  xrun: (file) => S.sys_xrun(file),
  reset: (file) => S.sys_reset(file),
  resume: (file) => S.sys_resume(file),
  hwsync: (file) => S.sys_hwsync(file),
  delay: (file) => S.sys_delay(file, { delay: 0 }),
  status: (file) => S.sys_status(file, new SndPcmStatus()),
  transfer: (file) => {
    const user = new UserFrames(file.substream.k, file.substream.id)
    return file.substream.stream === 0 ? S.sys_writei(file, user, 1) : S.sys_readi(file, user, 1)
  },
  transfern: (file) => {
    const user = new UserFrames(file.substream.k, file.substream.id)
    return file.substream.stream === 0 ? S.sys_writen(file, user, 1) : S.sys_readn(file, user, 1)
  },
  forward: (file) => S.sys_forward(file, 1),
  rewind: (file) => S.sys_rewind(file, 1),
  sync_ptr: (file) => syncPtr(file, 0),
  sync_hw: (file) => syncPtr(file, C.SNDRV_PCM_SYNC_PTR_HWSYNC),
  mmap: (file) => S.sys_mmap(file),
  unlink: (file) => S.sys_unlink(file),
  // With one in the same state, and with one that has no parameters yet.
  *link(file, w) {
    const state = STATES[file.substream.runtime.state] as string
    return yield* S.sys_link(file, yield* otherIn(w, file, state))
  },
  *link_open(file, w) {
    const { shutdown } = w.fake.card
    w.fake.card.shutdown = false
    const other = yield* otherIn(w, file, 'OPEN')
    w.fake.card.shutdown = shutdown
    return yield* S.sys_link(file, other)
  },
  *open(file) {
    const { pcm, stream } = file.substream
    const second = yield* S.sys_open(pcm, stream, C.O_NONBLOCK)
    return typeof second === 'number' ? second : 0
  },
  fasync: (file) => S.sys_fasync(file, true),
  suspend: (file) => S.sys_suspend(file),
  *remove(_file, w) {
    yield* snd_card_disconnect(w.fake.card)
    return 0
  },
}

/**
 * One row a call, one column a state: what it returns, error names without -E, and
 * after an arrow the state it leads to where that is another one.
 */
const PLAYBACK = `
          OPEN  SET    PREP        RUN         XRUN      DRAIN PAUSE       SUSP    DISC
hw_params 0>SET 0      0>SET       BADFD       BADFD     BADFD BADFD       BADFD   BADFD
hw_free   BADFD 0>OPEN 0>OPEN      BADFD       BADFD     BADFD BADFD       BADFD   BADFD
sw_params BADFD 0      0           0           0         0     0           0       BADFD
prepare   BADFD 0>PREP 0           BUSY        0>PREP    BUSY  0>PREP      0>PREP  BADFD
start     BADFD BADFD  0>RUN       BADFD       BADFD     BADFD BADFD       BADFD   BADFD
push      NOSYS BADFD  BADFD       0>PAUSE     BADFD     BADFD BADFD       BADFD   BADFD
release   NOSYS BADFD  BADFD       BADFD       BADFD     BADFD 0>RUN       BADFD   BADFD
drop      BADFD 0      0>SET       0>SET       0>SET     0>SET 0>SET       0>SET   BADFD
drain     BADFD AGAIN  AGAIN>DRAIN AGAIN>DRAIN AGAIN>SET AGAIN AGAIN>DRAIN BADFD   BADFD
xrun      BADFD BADFD  BADFD       0>XRUN      0         BADFD BADFD       BADFD   BADFD
reset     BADFD BADFD  0           0           BADFD     BADFD 0           0       BADFD
resume    BADFD BADFD  BADFD       BADFD       BADFD     BADFD BADFD       NOSYS   BADFD
hwsync    BADFD BADFD  0           0           PIPE      0     0           STRPIPE BADFD
delay     BADFD BADFD  0           0           PIPE      0     0           STRPIPE BADFD
status    0     0      0           0           0         0     0           0       BADFD
transfer  BADFD BADFD  AGAIN       AGAIN       PIPE      BADFD AGAIN       STRPIPE BADFD
transfern BADFD INVAL  INVAL       INVAL       INVAL     INVAL INVAL       INVAL   BADFD
forward   BADFD BADFD  0           0           PIPE      0     0           STRPIPE BADFD
rewind    BADFD BADFD  1           1           PIPE      1     1           STRPIPE BADFD
sync_ptr  0     0      0           0           0         0     0           0       BADFD
sync_hw   BADFD BADFD  0           0           PIPE      0     0           STRPIPE BADFD
mmap      BADFD INVAL  INVAL       INVAL       INVAL     INVAL INVAL       INVAL   BADFD
link_open BADFD BADFD  BADFD       BADFD       BADFD     BADFD BADFD       BADFD   BADFD
unlink    ALREADY ALREADY ALREADY  ALREADY     ALREADY   ALREADY ALREADY   ALREADY BADFD
open      BUSY  BUSY   BUSY        BUSY        BUSY      BUSY  BUSY        BUSY    NODEV
fasync    0     0      0           0           0         0     0           0       BADFD
suspend   0     0      0>SUSP      0>SUSP      0>SUSP    0>SUSP 0>SUSP     0       0
remove    0>DISC 0>DISC 0>DISC     0>DISC      0>DISC    0>DISC 0>DISC     0>DISC  0
`

/** As PLAYBACK. A draining capture does not run, so it may be prepared; no new read may begin. */
const CAPTURE = `
          OPEN  SET    PREP      RUN         XRUN   DRAIN  PAUSE       SUSP    DISC
hw_params 0>SET 0      0>SET     BADFD       BADFD  BADFD  BADFD       BADFD   BADFD
hw_free   BADFD 0>OPEN 0>OPEN    BADFD       BADFD  BADFD  BADFD       BADFD   BADFD
sw_params BADFD 0      0         0           0      0      0           0       BADFD
prepare   BADFD 0>PREP 0         BUSY        0>PREP 0>PREP 0>PREP      0>PREP  BADFD
start     BADFD BADFD  0>RUN     BADFD       BADFD  BADFD  BADFD       BADFD   BADFD
push      NOSYS BADFD  BADFD     0>PAUSE     BADFD  BADFD  BADFD       BADFD   BADFD
release   NOSYS BADFD  BADFD     BADFD       BADFD  BADFD  0>RUN       BADFD   BADFD
drop      BADFD 0      0>SET     0>SET       0>SET  0>SET  0>SET       0>SET   BADFD
drain     BADFD AGAIN  AGAIN     AGAIN>DRAIN AGAIN  AGAIN  AGAIN>DRAIN BADFD   BADFD
xrun      BADFD BADFD  BADFD     0>XRUN      0      BADFD  BADFD       BADFD   BADFD
reset     BADFD BADFD  0         0           BADFD  BADFD  0           0       BADFD
resume    BADFD BADFD  BADFD     BADFD       BADFD  BADFD  BADFD       NOSYS   BADFD
hwsync    BADFD BADFD  0         0           PIPE   BADFD  0           STRPIPE BADFD
delay     BADFD BADFD  0         0           PIPE   BADFD  0           STRPIPE BADFD
status    0     0      0         0           0      0      0           0       BADFD
transfer  BADFD BADFD  AGAIN>RUN 1           PIPE   BADFD  1           STRPIPE BADFD
transfern BADFD INVAL  INVAL     INVAL       INVAL  INVAL  INVAL       INVAL   BADFD
forward   BADFD BADFD  0         1           PIPE   BADFD  1           STRPIPE BADFD
rewind    BADFD BADFD  1         1           PIPE   BADFD  1           STRPIPE BADFD
sync_ptr  0     0      0         0           0      0      0           0       BADFD
sync_hw   BADFD BADFD  0         0           PIPE   BADFD  0           STRPIPE BADFD
mmap      BADFD INVAL  INVAL     INVAL       INVAL  INVAL  INVAL       INVAL   BADFD
link_open BADFD BADFD  BADFD     BADFD       BADFD  BADFD  BADFD       BADFD   BADFD
unlink    ALREADY ALREADY ALREADY ALREADY    ALREADY ALREADY ALREADY   ALREADY BADFD
open      BUSY  BUSY   BUSY      BUSY        BUSY   BUSY   BUSY        BUSY    NODEV
fasync    0     0      0         0           0      0      0           0       BADFD
suspend   0     0      0>SUSP    0>SUSP      0>SUSP 0>SUSP 0>SUSP      0       0
remove    0>DISC 0>DISC 0>DISC   0>DISC      0>DISC 0>DISC 0>DISC      0>DISC  0
`

/** Two streams of one card in the same state; suspended and disconnected ones are so together. */
const LINK = `
     OPEN  SET PREP RUN XRUN DRAIN PAUSE
link BADFD 0   0    0   0    0     0
`

/** A card that can resume: the state is as before the suspend, told only if it ran. */
const RESUME = `
       OPEN  SET   PREP    RUN    XRUN    DRAIN    PAUSE
resume BADFD BADFD 0       0      0       0        0
`

test('every call has a cell in every state, in both directions', () => {
  for (const table of [PLAYBACK, CAPTURE]) {
    const found = cells(table).map(([call, state]) => `${call} ${state}`)
    const calls = Object.keys(CALLS).filter((call) => call !== 'link')
    expect(found.toSorted()).toEqual(
      calls.flatMap((call) => STATES.map((state) => `${call} ${state}`)).toSorted(),
    )
  }
})

function cells(table: string): readonly (readonly [call: string, state: string, cell: string])[] {
  const [head = '', ...rows] = table.trim().split('\n')
  const states = head.trim().split(/\s+/)
  return rows.flatMap((row) => {
    const [call = '', ...found] = row.trim().split(/\s+/)
    return found.map((cell, i) => {
      const state = STATES[SHORT.indexOf(states[i] as string)] as string
      return [call, state, cell] as const
    })
  })
}

function outcome(version: '6.1' | '6.12', call: string, state: string, capture: boolean): string {
  const w = world({ version, card: { capture: true, nonatomic: true } })
  return inTask(w, function* () {
    const file = yield* enter(w, state, capture)
    const { runtime } = file.substream
    expect(STATES[runtime.state]).toBe(state)
    const ret = yield* (CALLS[call] as Call)(file, w)
    const after = STATES[runtime.state] as string
    const answer = errnoName(ret).replace(/^-E/, '')
    return answer + (after === state ? '' : `>${SHORT[runtime.state]}`)
  })
}

for (const version of ['6.1', '6.12'] as const) {
  describe(`playback, ${version}`, () => {
    test.each(cells(PLAYBACK))('%s in %s: %s', (call, state, cell) => {
      expect(outcome(version, call, state, false)).toBe(cell)
    })
  })
  describe(`capture, ${version}`, () => {
    test.each(cells(CAPTURE))('%s in %s: %s', (call, state, cell) => {
      expect(outcome(version, call, state, true)).toBe(cell)
    })
  })
  describe(`links, ${version}`, () => {
    test.each(cells(LINK))('%s in %s: %s', (call, state, cell) => {
      for (const capture of [false, true]) {
        expect(outcome(version, call, state, capture)).toBe(cell)
      }
    })
  })
  describe(`a card that can resume, ${version}`, () => {
    test.each(cells(RESUME))('%s to %s: %s', (_call, state, cell) => {
      for (const capture of [false, true]) {
        expect(resumed(version, state, capture)).toEqual([cell, ...toldOfResume(state, capture)])
      }
    })
  })
}

/** What RESUME returns, whether the state is the old one, and the triggers of the card. */
function resumed(version: '6.1' | '6.12', state: string, capture: boolean): readonly string[] {
  const info = HARDWARE.info | C.SNDRV_PCM_INFO_RESUME
  const w = world({ version, card: { capture: true, hardware: { info } } })
  return inTask(w, function* () {
    const file = yield* enter(w, state, capture)
    yield* S.sys_suspend(file)
    w.fake.take()
    const answer = errnoName(yield* S.sys_resume(file)).replace(/^-E/, '')
    expect(STATES[file.substream.runtime.state]).toBe(state)
    return [answer, ...w.fake.take()]
  })
}

/** RUNNING streams are, and playback ones that drain. */
function toldOfResume(state: string, capture: boolean): readonly string[] {
  const ran = state === 'RUNNING' || (state === 'DRAINING' && !capture)
  return ran ? [`trigger ${C.SNDRV_PCM_TRIGGER_RESUME}`] : []
}

describe('poll', () => {
  const IN_ERR = EPOLLIN | EPOLLERR
  const OUT_ERR = EPOLLOUT | EPOLLERR
  // Playback rings are full, capture rings hold one period, which is avail_min.
  const masks: readonly (readonly [state: string, playback: number, capture: number])[] = [
    ['OPEN', OUT_ERR, IN_ERR],
    ['SETUP', OUT_ERR, IN_ERR],
    ['PREPARED', 0, 0],
    ['RUNNING', 0, EPOLLIN],
    ['XRUN', OUT_ERR, IN_ERR],
    ['DRAINING', 0, EPOLLIN],
    ['PAUSED', 0, EPOLLIN],
    ['SUSPENDED', OUT_ERR, IN_ERR],
    ['DISCONNECTED', OUT_ERR, IN_ERR],
  ]
  test.each(masks)('%s', (state, playback, capture) => {
    for (const direction of [false, true]) {
      const w = world({ card: { capture: true } })
      const mask = inTask(w, function* () {
        const file = yield* enter(w, state, direction)
        return yield* snd_pcm_poll(file.substream)
      })
      expect(mask).toBe(direction ? capture : playback)
    }
  })
})
