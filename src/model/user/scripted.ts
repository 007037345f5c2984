/**
 * A program that is a list of calls with times: any order of calls can be written down. It reports
 * what each call returned and goes on. Sizes are frames, times ns.
 */
import type { Frames } from '../../base/units.ts'
import { type Proc, pauseThen, Req } from '../../sim/process.ts'
import { O_APPEND, O_NONBLOCK } from '../alsa/pcm_constants.ts'
import type { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EBADFD, errnoName } from '../linux/errno.ts'
import { CONTROL_CALLS, type ControlCall, ControlFile, isControlCall } from './control-calls.ts'
import { snd_pcm_avail_update } from './library.ts'
import { PcmClient, type PcmClientOptions, streamOf } from './pcm-client.ts'
import type { ScriptCall } from './script-calls.ts'
import {
  CALLS,
  type Call,
  type Direction,
  Handle,
  type Program,
  type ScriptStep,
} from './script-ops.ts'
import * as S from './syscall.ts'

export interface ScriptedOptions extends PcmClientOptions {
  readonly direction: Direction
  readonly script: readonly ScriptStep[]
}

export class Scripted extends PcmClient<ScriptedOptions> implements Program {
  private readonly handles = new Map<Direction, Handle>()
  private readonly control = new ControlFile(this.pcm.card, () => this.stream)
  private written: Frames = 0

  protected *main(): Proc {
    const { k, options } = this
    for (const step of options.script) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      const atNs = step.atNs ?? k.sim.now + (step.afterNs ?? 0)
      if (atNs > k.sim.now) yield* S.sys_sleep_until(k, this.stream, atNs)
      const { workNs } = step
      if (workNs !== undefined && !k.tryChargeNs(workNs)) yield Req.CHARGE
      yield* this.step(step)
    }
    for (const direction of [...this.handles.keys()]) yield* this.close(direction)
    if (this.control.isOpen) yield* this.control.close()
    this.result.done = true
  }

  private *step(step: ScriptStep): Proc {
    const { k, stream } = this
    const direction = step.on ?? this.options.direction
    let ret: number
    if (step.call === 'open') ret = yield* this.openHandle(direction, step)
    else if (step.call === 'close') ret = yield* this.close(direction)
    else if (step.call === 'sleep') {
      ret = yield* S.sys_sleep_until(k, stream, k.sim.now + (step.forNs ?? 0))
    } else if (isControlCall(step.call)) {
      ret = yield* CONTROL_CALLS[step.call](this.control, step)
    } else ret = yield* this.onHandle(step.call, direction, step)
    const arg = step.element ?? (step.frames === undefined ? '' : String(step.frames))
    const answers = isControlCall(step.call) ? this.control : this.handles.get(direction)
    const told = answers?.told.splice(0).join(', ') ?? ''
    this.log(`${step.call}(${arg}) = ${errnoName(ret)}${told === '' ? '' : `: ${told}`}`)
    if (ret < 0) this.result.error = ret
  }

  private onHandle(
    call: Exclude<ScriptCall, 'open' | 'close' | 'sleep' | ControlCall>,
    direction: Direction,
    step: ScriptStep,
  ): Proc<number> {
    const handle = this.handles.get(direction)
    if (handle === undefined) return pauseThen(Req.POINT, -EBADFD)
    this.stream = handle.file.substream.id
    if (call === 'avail_update') return pauseThen(Req.POINT, snd_pcm_avail_update(handle.file))
    const run: Call = CALLS[call]
    return run(handle, step, this)
  }

  private *openHandle(direction: Direction, step: ScriptStep): Proc<number> {
    const append = step.append === true ? O_APPEND : 0
    const flags = append | (step.nonblock === true ? O_NONBLOCK : 0)
    const file = yield* this.open({ direction: streamOf(direction), flags })
    if (file === null) return this.result.error
    this.handles.set(direction, new Handle(file))
    return 0
  }

  private *close(direction: Direction): Proc<number> {
    const handle = this.handles.get(direction)
    if (handle === undefined) return -EBADFD
    this.handles.delete(direction)
    if (handle.timer.isOpen) yield* handle.timer.close()
    return yield* S.sys_close(handle.file)
  }

  /** Moves frames, numbered on from the ones before. Return: frames or -errno. */
  *move(
    handle: Handle,
    frames: Frames,
    transfer: (file: SndPcmFile, user: UserFrames, frames: Frames) => Proc<number>,
  ): Proc<number> {
    handle.user.first_index = this.written
    const r = yield* transfer(handle.file, handle.user, frames)
    if (r > 0) this.written += r
    return r
  }

  /** Links the handle with the program's other one. */
  *link(file: SndPcmFile, step: ScriptStep): Proc<number> {
    const direction = step.on ?? this.options.direction
    const other = this.handles.get(direction === 'playback' ? 'capture' : 'playback')
    return other === undefined ? -EBADFD : yield* S.sys_link(file, other.file)
  }
}
