/**
 * What the captured client did: its log lines, one for each call, become the calls of a script,
 * each with what it returned. Time in user space between two calls is kept, as work or as sleep;
 * what a call took is left to the model. Times are ms since the first START.
 */

export type Direction = 'playback' | 'capture'

export interface Step {
  readonly call: string
  readonly on?: Direction
  readonly frames?: number
  /** Time in user space before the call: asleep, at work. */
  readonly afterMs?: number
  readonly workMs?: number
  readonly forMs?: number
  /** When it was called, of the calls before the first that waited for the device. */
  readonly atMs?: number
  readonly start_threshold?: number
  readonly stop_threshold?: number
  readonly avail_min?: number
  /** What it returned: frames moved, 0, or the error's name; null: not captured. */
  readonly ret: number | string | null
}

export interface Program {
  /** The first log line. */
  readonly beginMs: number
  /** The last log line; of a killed program, the last that is known. */
  readonly endMs: number
  readonly direction: Direction
  readonly setup: Setup
  readonly fifo: number | null
  /** Killed so long after the START that it had sent; null: it ended by itself. */
  readonly killedAfterMs: number | null
  readonly steps: readonly Step[]
}

export interface Setup {
  readonly rate: number
  readonly channels: number
  readonly period: number
  readonly periods: number
}

/** One line: time, what it says. */
export interface Line {
  readonly t: number
  readonly text: string
}

/** One transfer as the client logged it: t_in, blocked, frames, hw_ptr, appl_ptr, state. */
export type Transfer = readonly [
  tMs: number,
  us: number,
  frames: number,
  hw: number,
  appl: number,
  state: string,
]

/** Lines that tell of no call. `proc` reads a file of /proc, which takes no stream lock. */
const NOTES = new Set('begin iter refine-any proc loop trail xrun-seen end SCHED_FIFO'.split(' '))
const CALLS: Readonly<Record<string, string>> = {
  open: 'open',
  close: 'close',
  hw_params: 'hw_params',
  hw_free: 'hw_free',
  sw_params: 'sw_params',
  prepare: 'prepare',
  reset: 'reset',
  start: 'start',
  drop: 'drop',
  drain: 'drain',
  'pause-push': 'pause',
  'pause-release': 'release',
  status: 'status',
  hwsync: 'hwsync',
  delay: 'delay',
  link: 'link',
  unlink: 'unlink',
  oversleep: 'sleep',
  sleep: 'sleep',
}
const ERRORS: Readonly<Record<string, string>> = {
  'Input/output error': '-EIO',
  'Broken pipe': '-EPIPE',
  'File descriptor in bad state': '-EBADFD',
  'Device or resource busy': '-EBUSY',
  'Invalid argument': '-EINVAL',
  'Operation not permitted': '-EPERM',
  'Resource temporarily unavailable': '-EAGAIN',
  'Connection timed out': '-ETIMEDOUT',
  'Interrupted system call': '-EINTR',
  'Streams pipe error': '-ESTRPIPE',
  'No such device': '-ENODEV',
}

/** A shorter time in user space is work, a longer one sleep, or waiting for the processor. */
const SLEEP_MS = 1
/** The model's own way through a call takes as long. */
const WORK_MS = 0.03

interface Known {
  readonly tag: string
  readonly lines: readonly Line[]
  readonly transfers: readonly Transfer[]
  /** Words of the command line, `key=value`. */
  readonly args: Readonly<Record<string, string>>
  readonly killedAfterMs: number | null
}

interface Reading {
  readonly steps: Step[]
  /** Open handles in the order of their opening, and what each has been given or has taken. */
  readonly handles: { on: Direction; appl: number }[]
  readonly first: Direction
  linked: boolean
  /** When the last call had returned. */
  freeMs: number | null
  chunk: number
  /** A transfer of a running stream has been made: from then on the device sets the pace. */
  paced: boolean
  /** The last transfer left the stream running. */
  running: boolean
}

/** Reads one program's lines and transfers. Throws at a line that it does not know. */
export function readProgram(known: Known): Program {
  const { lines, transfers, args } = known
  const begin = lines[0] as Line
  const first: Direction = wordOf(begin.text, 'cap') === '1' ? 'capture' : 'playback'
  const setup = setupOf(lines, args)
  const chunk = Number(args['chunk'] ?? setup.period)
  const state: Reading = {
    steps: [],
    handles: [],
    first,
    linked: false,
    freeMs: null,
    chunk,
    paced: false,
    running: false,
  }
  const polls = wordOf(begin.text, 'poll') === '1'
  const entries = [
    ...lines.map((line) => ({ t: line.t, line, row: null })),
    ...transfers.map((row) => ({ t: row[0], line: null, row })),
  ].toSorted((a, b) => a.t - b.t)
  for (const { t, line, row } of entries) {
    if (row !== null) addTransfer(state, t, row, polls)
    else addLine(state, t, (line as Line).text)
  }
  if (known.killedAfterMs !== null) addUnlogged(state, known.killedAfterMs, setup)
  return {
    beginMs: begin.t,
    endMs: (entries.at(-1) as { t: number }).t,
    direction: first,
    setup,
    fifo: args['fifo'] === undefined ? null : Number(args['fifo']),
    killedAfterMs: known.killedAfterMs,
    steps: state.steps,
  }
}

export function wordOf(text: string, key: string): string | undefined {
  return new RegExp(`(?:^|\\s)${key}=(\\S+)`).exec(text)?.[1]
}

function setupOf(lines: readonly Line[], args: Readonly<Record<string, string>>): Setup {
  const text = lines.find((line) => /^hw_params rate=/.test(line.text))?.text ?? ''
  const word = (key: string, other: string): number =>
    Number(wordOf(text, key) ?? args[key] ?? other)
  return {
    rate: word('rate', '48000'),
    channels: word('ch', '2'),
    period: word('period', '1024'),
    periods: word('periods', '4'),
  }
}

function addLine(state: Reading, t: number, text: string): void {
  const [verb = '', second] = text.split(/\s+/)
  if (NOTES.has(verb)) return
  const call = CALLS[verb]
  if (call === undefined) throw new Error(`the log has '${text}', which the reader does not know`)
  if (second === 'done') {
    ended(state, call, t, text)
    return
  }
  const on = directionOf(state, call)
  const gap = gapBefore(state, t)
  const given = call === 'sw_params' ? thresholds(text) : {}
  const forMs = call === 'sleep' ? { forMs: Number(second) * 1000 } : {}
  // These are logged when they have returned.
  const ret = call === 'sw_params' || call === 'status' ? 0 : null
  state.steps.push({ call, on, ...gap, ...given, ...forMs, ret })
  state.freeMs = t
  if (call === 'prepare' || call === 'drop') state.running = false
  if (call === 'open') state.handles.push({ on, appl: 0 })
  if (call === 'link') state.linked = true
  if (call === 'close') state.handles.shift()
  if (call === 'prepare') for (const handle of affected(state, on)) handle.appl = 0
}

function ended(state: Reading, call: string, t: number, text: string): void {
  const at = state.steps.findLastIndex((step) => step.call === call)
  const step = state.steps[at]
  if (step === undefined) throw new Error(`'${text}' ends a call that had not begun`)
  const error = /err=(.+)$/.exec(text)?.[1]
  const ret = error === undefined || /^-($| )/.test(error) ? 0 : (ERRORS[error] ?? error)
  state.steps[at] = { ...step, ret }
  state.freeMs = t
}

function thresholds(text: string): Partial<Step> {
  return {
    avail_min: Number(wordOf(text, 'avail_min')),
    start_threshold: Number(wordOf(text, 'start')),
    stop_threshold: Number(wordOf(text, 'stop')),
  }
}

/** A prepare of linked streams prepares both. */
function affected(state: Reading, on: Direction): { on: Direction; appl: number }[] {
  return state.linked ? state.handles : state.handles.filter((handle) => handle.on === on)
}

/** The second handle that is opened is of the other direction; until linked, calls go to it. */
function directionOf(state: Reading, call: string): Direction {
  const { handles, first } = state
  if (call === 'open') {
    if (handles.length === 0) return first
    return first === 'playback' ? 'capture' : 'playback'
  }
  if (call === 'link' || call === 'close' || state.linked) return handles[0]?.on ?? first
  return handles.at(-1)?.on ?? first
}

function gapBefore(state: Reading, t: number): Pick<Step, 'atMs' | 'afterMs' | 'workMs'> {
  const gap = state.freeMs === null ? 0 : t - state.freeMs
  const at = state.paced ? {} : { atMs: round(t) }
  if (gap >= SLEEP_MS) return { ...at, afterMs: round(gap) }
  return gap >= WORK_MS && state.paced ? { workMs: round(gap) } : at
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}

function addTransfer(state: Reading, t: number, row: Transfer, polls: boolean): void {
  const [, us, frames, , appl, left] = row
  const handle =
    state.handles.find((one) => one.appl + frames === appl) ?? (state.handles[0] as never)
  handle.appl = appl
  const { on } = handle
  if (state.running) state.paced = true
  state.running = left === 'RUNNING'
  const gap = gapBefore(state, t)
  // With poll the time before a transfer is that of the poll.
  if (polls) state.steps.push({ call: 'poll', on, ret: null })
  const asked = frames > 0 ? frames : state.chunk
  const call = on === 'capture' ? 'readi' : 'writei'
  const ret = frames > 0 ? frames : 'error'
  state.steps.push({ call, on, frames: asked, ...(polls ? {} : gap), ret })
  state.freeMs = Number.isNaN(us) ? null : t + us / 1000
}

/** The log of a killed program is lost; it wrote or read until then. */
function addUnlogged(state: Reading, killedAfterMs: number, setup: Setup): void {
  const { chunk, first } = state
  const call = first === 'capture' ? 'readi' : 'writei'
  const ms = killedAfterMs + 100
  const count = Math.ceil((ms * setup.rate) / 1000 / chunk) + setup.periods
  for (let i = 0; i < count; i++) {
    state.steps.push({ call, on: first, frames: chunk, ret: null })
  }
}
