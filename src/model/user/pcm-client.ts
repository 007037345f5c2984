/**
 * What the programs have in common: one process, a stream that it opens and configures, a source
 * whose frames are numbered from 0. What a program does with the stream is its own file's. Sizes
 * are frames, times ns.
 */
import type { Frames, Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm, SndPcmSubstream } from '../alsa/pcm.ts'
import {
  LONG_MAX,
  O_NONBLOCK,
  SNDRV_PCM_ACCESS_MMAP_INTERLEAVED,
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_STREAM_CAPTURE,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../alsa/pcm_constants.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import type { Kernel } from '../linux/kernel.ts'
import type { Task, TaskOptions } from '../machine/task.ts'
import { ClientResult, clientLog, fail, type Stall, Stalls, spawnClient } from './client.ts'
import { chooseHwParams, type HwRequest } from './hw-params.ts'
import { setSwParams, type Thresholds } from './sw-params.ts'
import { sys_mmap, sys_open } from './syscall.ts'

export interface PcmClientOptions extends HwRequest, Thresholds {
  readonly name: string
  /** Frames to move, null: for ever. */
  readonly frames: Frames | null
  readonly startAtNs?: Ns
  readonly stalls?: readonly Stall[]
  /** After an xrun: recover as the program does, end with the error, or take no notice. */
  readonly onXrun?: 'recover' | 'stop' | 'ignore'
  /** Open with O_NONBLOCK: a busy device answers EBUSY instead of making the open wait. */
  readonly nonblock?: boolean
  readonly task?: TaskOptions
  /** Told of every substream that the client gets. */
  readonly onOpen?: (substream: SndPcmSubstream) => void
}

/** How a stream is opened beyond the options. */
export interface OpenHow {
  readonly direction: number
  readonly mmap?: boolean
  /** Flags of open() beside O_NONBLOCK. */
  readonly flags?: number
}

export abstract class PcmClient<O extends PcmClientOptions = PcmClientOptions> {
  readonly k: Kernel
  readonly pcm: SndPcm
  readonly options: O
  readonly result = new ClientResult()
  /** Number of the substream in the trace: the first of its direction until one is open. */
  stream: number
  protected readonly stalls: Stalls

  constructor(pcm: SndPcm, options: O, direction: number = SNDRV_PCM_STREAM_PLAYBACK) {
    this.k = pcm.k
    this.pcm = pcm
    this.options = options
    this.stream = pcm.streams(direction)[0]?.id ?? 0
    this.stalls = new Stalls(options.stalls ?? [])
  }

  /** Creates the process. */
  start(): Task {
    const { k, options, stream } = this
    const at = { stream, atNs: options.startAtNs ?? 0 }
    return spawnClient(k, options.name, () => this.main(), at, options.task ?? {})
  }

  /** The program, from its first call to its end. */
  protected abstract main(): Proc

  /** How many frames the program has to move. */
  protected get total(): Frames {
    return this.options.frames ?? LONG_MAX * LONG_MAX
  }

  protected log(text: string): void {
    clientLog(this.k, this.stream, text)
  }

  protected fail(what: string, err: number): void {
    fail(this.k, this.stream, this.result, what, err)
  }

  /** Sleeps through the stalls that are due. */
  protected *stall(): Proc {
    yield* this.stalls.pass(this.k, this.stream)
  }

  /** Opens a stream. Return: the file, or null after an error that has been reported. */
  protected *open(how: OpenHow): Proc<SndPcmFile | null> {
    const flags = (how.flags ?? 0) | (this.options.nonblock === true ? O_NONBLOCK : 0)
    const file = yield* sys_open(this.pcm, how.direction, flags)
    if (typeof file === 'number') {
      this.fail('audio open error', file)
      return null
    }
    this.stream = file.substream.id
    this.options.onOpen?.(file.substream)
    return file
  }

  /** Sets both sorts of parameters; the library prepares the stream. Return: 0 or -errno. */
  protected *configure(file: SndPcmFile, how: OpenHow, thresholds: Thresholds): Proc<number> {
    const err = yield* this.configureHardware(file, how, this.options)
    return err < 0 ? err : yield* this.configureSoftware(file, thresholds)
  }

  /** Sets the hardware parameters, and maps the ring if it is to be mapped. Return: 0 or -errno. */
  protected *configureHardware(file: SndPcmFile, how: OpenHow, request: HwRequest): Proc<number> {
    const access =
      how.mmap === true ? SNDRV_PCM_ACCESS_MMAP_INTERLEAVED : SNDRV_PCM_ACCESS_RW_INTERLEAVED
    let err = yield* chooseHwParams(file, request, access)
    if (err < 0) {
      this.fail('Unable to install hw params', err)
      return err
    }
    if (how.mmap === true) err = yield* sys_mmap(file)
    if (err < 0) this.fail('mmap error', err)
    return err
  }

  /** Sets thresholds, and time stamps if they are asked for. Return: 0 or -errno. */
  protected *configureSoftware(
    file: SndPcmFile,
    thresholds: Thresholds,
    tstamp?: boolean,
  ): Proc<number> {
    const err = yield* setSwParams(file, thresholds, tstamp)
    if (err < 0) this.fail('unable to install sw params', err)
    return err
  }
}

/** Number of a direction given by name. */
export function streamOf(direction: 'playback' | 'capture'): number {
  return direction === 'playback' ? SNDRV_PCM_STREAM_PLAYBACK : SNDRV_PCM_STREAM_CAPTURE
}
