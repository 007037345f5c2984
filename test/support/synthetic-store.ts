/**
 * A plausible record stream without a model: playback of 480x4 at 48 kHz on the merged driver and
 * QEMU's 10 ms timer, as domain/observed.md describes it. For tests of folds and charts only; its
 * costs are round numbers. Times are ns.
 */
import { LOCK_HARDIRQS_OFF, LOCK_IN_HARDIRQ } from '../../src/sim/lock-flags.ts'
import { Symbols } from '../../src/sim/symbols.ts'
import { NO_CPU, T, TraceRecord } from '../../src/sim/trace.ts'
import { CODES } from '../../src/sim/trace-kinds.ts'
import { TraceStore } from '../../src/sim/trace-store.ts'

export interface SyntheticOptions {
  readonly durationNs?: number
  /** The client sleeps at this instant. */
  readonly stallAtNs?: number
  readonly stallNs?: number
}

interface Line {
  t: number
  kind: number
  cpu: number
  ctx: number
  args: readonly number[]
}

export const code = (list: string, word: string): number => (CODES[list] ?? []).indexOf(word)

const US = 1_000
const MS = 1_000_000
const PERIOD = 480
const BUFFER = 1920
const RATE = 48_000

class Script {
  readonly symbols = new Symbols()
  readonly lines: Line[] = []
  readonly idle = this.ctx('swapper/0', 'idle', 'guest')
  readonly client = this.ctx('aplay', 'client', 'guest')
  readonly kworker = this.ctx('kworker/0:1', 'kworker', 'guest')
  readonly hardirq = this.ctx('hardirq/0', 'hardirq', 'guest')
  readonly hostIdle = this.ctx('host swapper/0', 'idle', 'host')
  readonly qemu = this.ctx('qemu-main', 'host', 'host')
  readonly sink = this.ctx('sound card', 'host', 'host')
  readonly queueLock = this.lock('&snd->queues[i].lock', 'tx')
  readonly vssLock = this.lock('&vss->lock', 'vss0')
  readonly groupMutex = this.lock('&group->mutex', 'pcmC0D0p')
  readonly workMap = this.lock('(work_completion)(&vss->elapsed_period)', 'elapsed0')
  readonly sleepLock = this.lock('&runtime->sleep', 'sleep0')
  readonly irq = this.symbols.define('irq', { name: 'virtio0-virtqueues' })
  readonly work = this.symbols.define('work', { name: '&vss->elapsed_period' })
  readonly tx = this.symbols.define('queue', { name: 'tx' })
  readonly stream = this.symbols.define('stream', { name: 'pcmC0D0p', kind: 'playback' })

  private ctx(name: string, kind: string, group: string): number {
    return this.symbols.define('ctx', { name, kind, group })
  }

  private lock(group: string, instance: string): number {
    return this.symbols.define('lock', { name: `${group}@${instance}`, kind: 'spinlock', group })
  }

  at(t: number, ctx: number, kind: number, ...args: number[]): void {
    const cpu = ctx === this.sink ? NO_CPU : 0
    this.lines.push({ t: Math.round(t), kind, cpu, ctx, args })
  }

  /** Takes the locks in order, runs the body, releases them in reverse. */
  locked(t: number, ctx: number, flags: number, locks: number[], body: (t: number) => void): void {
    locks.forEach((lock, i) => this.at(t + i, ctx, T.lock_acquire, lock, flags, 0))
    body(t + locks.length)
    locks.toReversed().forEach((lock, i) => this.at(t + 2 * US + i, ctx, T.lock_release, lock))
  }

  store(): TraceStore {
    const store = new TraceStore(this.symbols)
    const r = new TraceRecord()
    const order = this.lines.map((line, seq) => ({ line, seq }))
    order.sort((a, b) => a.line.t - b.line.t || a.seq - b.seq)
    for (const { line } of order) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = line.args
      Object.assign(r, { timeNs: line.t, kind: line.kind, cpu: line.cpu, context: line.ctx })
      store.record(Object.assign(r, { a, b, c, d, e, f }))
    }
    return store
  }
}

/** State of the emulation. */
class Emulation {
  readonly s = new Script()
  hw_ptr = 0
  appl_ptr = 0
  written = 0
  taken = 0
  played = 0
  startNs = 0
  running = false
  asleepUntilNs = -1
  private readonly options: SyntheticOptions

  constructor(options: SyntheticOptions) {
    this.options = options
  }

  run(): TraceStore {
    const { s } = this
    const durationNs = this.options.durationNs ?? 5_000 * MS
    s.at(1 * MS, s.client, T.sched_switch, s.idle, s.client)
    s.at(1 * MS, s.client, T.snd_pcm_hw_params, s.stream, RATE, 2, 4, PERIOD, BUFFER)
    this.state(1 * MS, 'OPEN', 'SETUP')
    this.prepareAndStart(2 * MS, 'SETUP')
    let t = this.startNs + 10_030 * US
    while (t < durationNs - 60 * MS) {
      if (!this.running && t >= this.asleepUntilNs) this.recover(t)
      this.tick(t)
      t += 10 * MS + 75 * US + ((t / US) % 90) * US
    }
    this.state(t, 'RUNNING', 'SETUP')
    return s.store()
  }

  private state(t: number, from: string, to: string): void {
    const { s } = this
    s.at(t, s.client, T.snd_pcm_state, s.stream, code('state', from), code('state', to))
  }

  private prepareAndStart(t: number, from: string): void {
    const { s } = this
    this.state(t, from, 'PREPARED')
    this.hw_ptr = 0
    this.appl_ptr = 0
    this.taken = this.written
    for (let i = 0; i < BUFFER / PERIOD; i++) this.write(t + 10 * US + i * 20 * US)
    s.at(t + 95 * US, s.client, T.snd_pcm_trigger, s.stream, code('trigger', 'START'))
    for (let i = 0; i < 4; i++) s.at(t + 96 * US, s.client, T.virtqueue_add, s.tx, i, 1928)
    s.at(t + 97 * US, s.client, T.virtqueue_kick, s.tx, 1, 4)
    this.pops(t + 110 * US, 4)
    s.at(t + 150 * US, s.client, T.snd_pcm_trigger_done, s.stream, code('trigger', 'START'), 0)
    this.state(t + 151 * US, 'PREPARED', 'RUNNING')
    s.at(t + 160 * US, s.client, T.syscall_enter, s.stream, code('call', 'writei'), PERIOD)
    s.at(t + 165 * US, s.idle, T.sched_switch, s.client, s.idle)
    this.startNs = t + 95 * US
    this.running = true
  }

  private write(t: number): void {
    const { s } = this
    s.at(t, s.client, T.snd_pcm_transfer, s.stream, this.written, PERIOD, this.written % BUFFER)
    const avail = this.hw_ptr + BUFFER - this.appl_ptr - PERIOD
    const next = this.appl_ptr + PERIOD
    s.at(t + 500, s.client, T.snd_pcm_applptr, s.stream, this.appl_ptr, next, avail)
    this.written += PERIOD
    this.appl_ptr = next
  }

  private pops(t: number, count: number): void {
    const { s } = this
    s.at(t, s.qemu, T.sched_switch, s.hostIdle, s.qemu)
    for (let i = 0; i < count; i++) s.at(t + 2 * US, s.qemu, T.virtqueue_pop, s.tx, i)
    s.at(t + 8 * US, s.hostIdle, T.sched_switch, s.qemu, s.hostIdle)
  }

  /** One expiry of QEMU's audio timer and everything that follows from it. */
  private tick(t: number): void {
    const { s } = this
    const periods = this.running ? this.accepted(t) : 0
    s.at(t, s.qemu, T.sched_switch, s.hostIdle, s.qemu)
    s.at(t, s.qemu, T.audio_run, 1)
    this.play(t)
    for (let i = 0; i < periods; i++) {
      const first = this.taken
      const fresh = code('fresh', 'fresh')
      const to = first % BUFFER
      s.at(t + 15 * US, s.qemu, T.audio_copy, s.stream, to, PERIOD, first, fresh)
      s.at(t + 18 * US, s.qemu, T.virtqueue_push, s.tx, i, 8)
      this.taken += PERIOD
    }
    if (periods > 0) {
      s.at(t + 20 * US, s.qemu, T.virtio_notify, s.tx, 1)
      this.interrupt(t + 23 * US, periods)
    }
    s.at(t + 40 * US, s.hostIdle, T.sched_switch, s.qemu, s.hostIdle)
  }

  private accepted(t: number): number {
    const ahead = 1114 + ((t - this.startNs) * RATE) / 1e9 - 480
    const target = Math.floor(ahead / PERIOD)
    return Math.max(0, Math.min(4, target - this.hw_ptr / PERIOD))
  }

  private play(t: number): void {
    const { s } = this
    const frames = Math.min(482, this.taken - this.played)
    if (frames > 0) s.at(t, s.sink, T.audio_play, s.stream, this.played, frames)
    if (frames < 482) s.at(t + 1, s.sink, T.audio_silence, s.stream, 482 - Math.max(0, frames))
    this.played += Math.max(0, frames)
  }

  private interrupt(t: number, periods: number): void {
    const { s } = this
    const flags = LOCK_HARDIRQS_OFF | LOCK_IN_HARDIRQ
    s.at(t, s.qemu, T.irq_raise, s.irq)
    s.at(t + 1 * US, s.hardirq, T.irq_handler_entry, s.irq)
    s.locked(t + 2 * US, s.hardirq, flags, [s.queueLock, s.vssLock], (u) => {
      for (let i = 0; i < periods; i++) {
        s.at(u, s.hardirq, T.virtqueue_get_buf, s.tx, i, 8)
        s.at(u, s.hardirq, T.virtsnd_msg_complete, s.stream, i, 8, 0)
        s.at(u, s.hardirq, T.virtqueue_add, s.tx, i, 1928)
      }
      s.at(u + 100, s.hardirq, T.virtqueue_kick, s.tx, 1, periods)
    })
    this.pops(t + 20 * US, periods)
    s.at(t + 6 * US, s.hardirq, T.workqueue_queue_work, s.work, 0)
    s.at(t + 7 * US, s.hardirq, T.irq_handler_exit, s.irq, 1)
    this.elapsed(t + 12 * US, periods)
  }

  private elapsed(t: number, periods: number): void {
    const { s } = this
    const pos = (this.hw_ptr + periods * PERIOD) % BUFFER
    const base = this.hw_ptr - (this.hw_ptr % BUFFER)
    s.at(t, s.kworker, T.sched_switch, s.idle, s.kworker)
    s.at(t + 1 * US, s.kworker, T.workqueue_execute_start, s.work)
    s.at(t + 2 * US, s.kworker, T.snd_pcm_period_elapsed, s.stream)
    s.locked(t + 3 * US, s.kworker, 0, [s.workMap, s.groupMutex, s.sleepLock], (u) => {
      s.at(u, s.kworker, T.snd_pcm_hwptr, s.stream, 1, pos, this.hw_ptr, base)
    })
    this.hw_ptr += periods * PERIOD
    const avail = this.hw_ptr + BUFFER - this.appl_ptr
    const next = t < this.asleepUntilNs || avail >= BUFFER ? s.idle : s.client
    if (avail >= BUFFER) this.xrun(t + 4 * US)
    else if (next === s.client) this.wake(t + 4 * US, periods)
    s.at(t + 8 * US, s.kworker, T.workqueue_execute_end, s.work)
    s.at(t + 10 * US, next, T.sched_switch, s.kworker, next)
  }

  private wake(t: number, periods: number): void {
    const { s } = this
    const { stallAtNs = -1, stallNs = 0 } = this.options
    s.at(t, s.kworker, T.sched_waking, s.client, 0)
    const sleeps = stallAtNs >= 0 && t >= stallAtNs && this.asleepUntilNs < 0
    const end = t + (12 + 18 * periods) * US
    for (let i = 0; i < periods; i++) this.write(t + (9 + 18 * i) * US)
    s.at(end, s.client, T.syscall_exit, s.stream, code('call', 'writei'), periods * PERIOD)
    const call = sleeps ? code('call', 'sleep') : code('call', 'writei')
    s.at(end + 3 * US, s.client, T.syscall_enter, s.stream, call, sleeps ? stallNs : PERIOD)
    s.at(end + 5 * US, s.idle, T.sched_switch, s.client, s.idle)
    if (sleeps) this.asleepUntilNs = end + 3 * US + stallNs
  }

  private xrun(t: number): void {
    const { s } = this
    const base = this.hw_ptr - (this.hw_ptr % BUFFER)
    s.at(t, s.kworker, T.snd_pcm_xrun, s.stream, this.hw_ptr, base, 0)
    s.at(t, s.kworker, T.snd_pcm_trigger, s.stream, code('trigger', 'STOP'))
    s.at(t + US, s.kworker, T.snd_pcm_trigger_done, s.stream, code('trigger', 'STOP'), 0)
    s.at(t + US, s.kworker, T.snd_pcm_state, s.stream, code('state', 'RUNNING'), 4)
    this.running = false
  }

  private recover(t: number): void {
    const { s } = this
    const u = t - 3 * MS
    s.at(u - 5 * US, s.client, T.sched_switch, s.idle, s.client)
    s.at(u, s.client, T.syscall_exit, s.stream, code('call', 'sleep'), 0)
    s.at(u + US, s.client, T.syscall_enter, s.stream, code('call', 'writei'), PERIOD)
    s.at(u + 2 * US, s.client, T.syscall_exit, s.stream, code('call', 'writei'), -32)
    this.prepareAndStart(u + 5 * US, 'XRUN')
  }
}

export function syntheticStore(options: SyntheticOptions = {}): TraceStore {
  return new Emulation(options).run()
}

/** The facts of a run that its records do not tell. */
export function syntheticMeta(durationNs = 5_000 * MS) {
  return {
    scenario: 'synthetic',
    variant: null,
    seed: 1,
    virtualTimeNs: durationNs,
    outcome: 'completed' as const,
    fingerprint: '0'.repeat(64),
  }
}
