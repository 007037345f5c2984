/**
 * A program that is a list of calls with times: any order of calls can be written down. It reports
 * what each call returned and goes on. Steps that name a thread are made by that thread, in their
 * order among themselves; threads share the program's files. Sizes are frames, times ns.
 */
import type { Frames } from '../../base/units.ts'
import { type Proc, pauseThen, Req } from '../../sim/process.ts'
import { O_APPEND, O_NONBLOCK } from '../alsa/pcm_constants.ts'
import type { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EBADFD, errnoName } from '../linux/errno.ts'
import { currentTask } from '../linux/preempt.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { spawnThread } from './client.ts'
import { CONTROL_CALLS, type ControlCall, ControlFile, isControlCall } from './control-calls.ts'
import { do_exit } from './exit.ts'
import { snd_pcm_avail_update } from './library.ts'
import { PcmClient, type PcmClientOptions, streamOf } from './pcm-client.ts'
import type { ScriptCall } from './script-calls.ts'
import {
  CALLS,
  type Call,
  type Direction,
  Handle,
  OpenPcm,
  type Program,
  type ScriptStep,
} from './script-ops.ts'
import * as S from './syscall.ts'

export interface ScriptedOptions extends PcmClientOptions {
  readonly direction: Direction
  readonly script: readonly ScriptStep[]
}

/** One thread's own: buffers and poll sets of the files that it has used, by file. */
interface Thread {
  /** Empty for the main thread. */
  readonly name: string
  readonly handles: Map<OpenPcm, Handle>
}

export class Scripted extends PcmClient<ScriptedOptions> implements Program {
  private readonly opened = new Map<Direction, OpenPcm>()
  private readonly control = new ControlFile(this.pcm.card, () => this.stream)
  private written: Frames = 0
  /** Threads beside the main one that have not come to their end. */
  private running = 0
  /** The main thread waits for them. */
  private joining = false

  protected *main(): Proc {
    const { k, options } = this
    const leader = currentTask(k)
    for (const name of new Set(options.script.map((step) => step.thread ?? ''))) {
      if (name !== '') this.startThread(leader, name)
    }
    yield* this.steps({ name: '', handles: new Map() })
    while (this.running > 0) yield* this.join(leader)
    for (const direction of [...this.opened.keys()]) yield* this.close(direction)
    if (this.control.isOpen) yield* this.control.close()
    this.result.done = true
  }

  private startThread(leader: Task, name: string): void {
    this.running++
    const thread = { name, handles: new Map() }
    const body = () => this.thread(leader, thread)
    spawnThread(this.k, leader, name, body, this.options.task ?? {})
  }

  private *thread(leader: Task, thread: Thread): Proc {
    yield* this.steps(thread)
    this.running--
    if (this.joining) this.k.wake(leader)
  }

  /** pthread_join() of all others; a signal or a wake-up for another reason begins it anew. */
  private *join(leader: Task): Proc {
    if (leader.killed) yield* do_exit(leader)
    leader.signalPending = false
    leader.state = TaskState.INTERRUPTIBLE
    this.joining = true
    yield Req.BLOCK
    this.joining = false
  }

  private *steps(thread: Thread): Proc {
    const { k, options } = this
    for (const step of options.script) {
      if ((step.thread ?? '') !== thread.name) continue
      if (thread.name === '' && this.stalls.due(k.sim.now)) yield* this.stall()
      const atNs = step.atNs ?? k.sim.now + (step.afterNs ?? 0)
      if (atNs > k.sim.now) yield* S.sys_sleep_until(k, this.stream, atNs)
      const { workNs } = step
      if (workNs !== undefined && !k.tryChargeNs(workNs)) yield Req.CHARGE
      yield* this.step(step, thread)
    }
  }

  private *step(step: ScriptStep, thread: Thread): Proc {
    const { k, stream } = this
    const direction = step.on ?? this.options.direction
    const told: string[] = []
    let ret: number
    if (step.call === 'open') ret = yield* this.openHandle(direction, step)
    else if (step.call === 'close') ret = yield* this.close(direction)
    else if (step.call === 'sleep') {
      ret = yield* S.sys_sleep_until(k, stream, k.sim.now + (step.forNs ?? 0))
    } else if (isControlCall(step.call)) {
      ret = yield* CONTROL_CALLS[step.call](this.control, step)
      told.push(...this.control.told.splice(0))
    } else ret = yield* this.onHandle(step.call, step, this.handleOf(direction, thread), told)
    const arg = step.element ?? (step.frames === undefined ? '' : String(step.frames))
    const who = thread.name === '' ? '' : `${thread.name}: `
    const more = told.length === 0 ? '' : `: ${told.join(', ')}`
    this.log(`${who}${step.call}(${arg}) = ${errnoName(ret)}${more}`)
    if (ret < 0) this.result.error = ret
  }

  private handleOf(direction: Direction, { handles }: Thread): Handle | null {
    const pcm = this.opened.get(direction)
    if (pcm === undefined) return null
    let handle = handles.get(pcm)
    if (handle === undefined) {
      handle = new Handle(pcm)
      handles.set(pcm, handle)
    }
    return handle
  }

  private *onHandle(
    call: Exclude<ScriptCall, 'open' | 'close' | 'sleep' | ControlCall>,
    step: ScriptStep,
    handle: Handle | null,
    told: string[],
  ): Proc<number> {
    if (handle === null) return yield* pauseThen(Req.POINT, -EBADFD)
    const { pcm } = handle
    this.stream = handle.file.substream.id
    if (call === 'avail_update') {
      return yield* pauseThen(Req.POINT, snd_pcm_avail_update(handle.file))
    }
    const run: Call = CALLS[call]
    pcm.calls++
    const ret = yield* run(handle, step, this)
    pcm.calls--
    told.push(...handle.told.splice(0))
    // Closed meanwhile by another thread: the last call in it has the last reference.
    if (pcm.closed && pcm.calls === 0) yield* this.release(pcm)
    return ret
  }

  private *openHandle(direction: Direction, step: ScriptStep): Proc<number> {
    const append = step.append === true ? O_APPEND : 0
    const flags = append | (step.nonblock === true ? O_NONBLOCK : 0)
    const file = yield* this.open({ direction: streamOf(direction), flags })
    if (file === null) return this.result.error
    this.opened.set(direction, new OpenPcm(file))
    return 0
  }

  private *close(direction: Direction): Proc<number> {
    const pcm = this.opened.get(direction)
    if (pcm === undefined) return -EBADFD
    this.opened.delete(direction)
    pcm.closed = true
    return pcm.calls > 0 ? 0 : yield* this.release(pcm)
  }

  /** Kernel: the release() at the end of the last reference, fput(). */
  private *release(pcm: OpenPcm): Proc<number> {
    if (pcm.timer.isOpen) yield* pcm.timer.close()
    return yield* S.sys_close(pcm.file)
  }

  /** Moves frames, numbered on from those of the calls before. Return: frames or -errno. */
  *move(
    handle: Handle,
    frames: Frames,
    transfer: (file: SndPcmFile, user: UserFrames, frames: Frames) => Proc<number>,
  ): Proc<number> {
    const first = this.written
    handle.user.first_index = first
    this.written += frames
    const r = yield* transfer(handle.file, handle.user, frames)
    // What was not moved is the next call's, unless another thread has begun behind it.
    if (this.written === first + frames) this.written = first + (r > 0 ? r : 0)
    return r
  }

  /** Links the handle with the program's other one. */
  *link(file: SndPcmFile, step: ScriptStep): Proc<number> {
    const direction = step.on ?? this.options.direction
    const other = this.opened.get(direction === 'playback' ? 'capture' : 'playback')
    return other === undefined ? -EBADFD : yield* S.sys_link(file, other.file)
  }
}
