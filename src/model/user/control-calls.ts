/**
 * A program's calls on the card's control device, /dev/snd/controlC0: what alsamixer, amixer and a
 * sound server do with volumes and jacks.
 */
import type { Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import {
  SNDRV_CTL_EVENT_MASK_ADD,
  SNDRV_CTL_EVENT_MASK_INFO,
  SNDRV_CTL_EVENT_MASK_REMOVE,
  SNDRV_CTL_EVENT_MASK_TLV,
  SNDRV_CTL_EVENT_MASK_VALUE,
  type SndCtlElemValue,
  type SndCtlFile,
  snd_ctl_open,
} from '../alsa/control.ts'
import {
  type SndCtlElemId,
  type SndCtlEvent,
  snd_ctl_elem_info,
  snd_ctl_elem_read,
  snd_ctl_elem_write,
  snd_ctl_read,
  snd_ctl_tlv_ioctl,
} from '../alsa/control_elem.ts'
import type { SndCard } from '../alsa/core.ts'
import { EBADFD } from '../linux/errno.ts'
import { currentTask } from '../linux/preempt.ts'
import { closeFile, fileOpened } from './exit.ts'
import { sys_poll_ctl } from './poll.ts'
import type { ScriptCall } from './script-calls.ts'
import { Call, syscall } from './syscall.ts'

/** Bytes of TLV data that the program has room for, or sends: a dB scale. */
const TLV_BYTES = 16

/** What a call of a script says of an element. */
export interface ControlStep {
  readonly element?: string
  readonly value?: readonly number[]
  readonly nonblock?: boolean
  readonly forNs?: Ns
}

/** The program's file. What a call answered beside its return value is left in `told`. */
export class ControlFile {
  readonly told: string[] = []
  private readonly card: SndCard
  private readonly stream: () => number
  private file: SndCtlFile | null = null

  /** `stream`: the stream that the records of the calls name. */
  constructor(card: SndCard, stream: () => number) {
    this.card = card
    this.stream = stream
  }

  open(): Proc<number> {
    return this.call(Call.ctl_open, this.openFile())
  }

  close(): Proc<number> {
    return this.call(Call.ctl_close, this.closeFile())
  }

  get isOpen(): boolean {
    return this.file !== null
  }

  /** The ELEM_INFO ioctl; type, number of values, range or names are told. */
  info(step: ControlStep): Proc<number> {
    return this.on(Call.ctl_info, (file) => this.tellInfo(file, idOf(step)))
  }

  /** The ELEM_READ ioctl; the values are told. */
  read(step: ControlStep): Proc<number> {
    return this.on(Call.ctl_read, (file) => this.tellValue(file, idOf(step)))
  }

  /** The ELEM_WRITE ioctl. */
  write(step: ControlStep): Proc<number> {
    const value: SndCtlElemValue = { value: step.value ?? [] }
    return this.on(Call.ctl_write, (file) => snd_ctl_elem_write(file, idOf(step), value))
  }

  /** The TLV_READ, TLV_WRITE and TLV_COMMAND ioctls. */
  tlv(op: 'read' | 'write' | 'command', step: ControlStep): Proc<number> {
    const number = Call[`ctl_tlv_${op}`]
    return this.on(number, (file) => snd_ctl_tlv_ioctl(file, idOf(step), op, TLV_BYTES))
  }

  /** The SUBSCRIBE_EVENTS ioctl. */
  subscribe(): Proc<number> {
    return this.on(Call.ctl_subscribe, subscribe)
  }

  /** poll() until there are events. Return: 1, 0 after the time-out, or -errno. */
  poll({ forNs }: ControlStep): Proc<number> {
    const { file } = this
    if (file === null) return this.call(Call.poll, unopened())
    return sys_poll_ctl(this.stream(), file, forNs ?? -1)
  }

  /** read() of the events; each is told. Return: their number, or -errno. */
  events({ nonblock }: ControlStep): Proc<number> {
    return this.on(Call.ctl_events, (file) => this.tellEvents(file, nonblock ?? false))
  }

  private call(number: number, work: Proc<number>): Proc<number> {
    return syscall(this.card.k, this.stream(), number, 0, work)
  }

  private on(number: number, work: (file: SndCtlFile) => Proc<number>): Proc<number> {
    const { file } = this
    return this.call(number, file === null ? unopened() : work(file))
  }

  private *openFile(): Proc<number> {
    const file = yield* snd_ctl_open(this.card)
    if (typeof file === 'number') return file
    this.file = file
    fileOpened(currentTask(this.card.k), file)
    return 0
  }

  private *closeFile(): Proc<number> {
    const { file } = this
    if (file === null) return -EBADFD
    this.file = null
    return yield* closeFile(currentTask(this.card.k), file)
  }

  private *tellInfo(file: SndCtlFile, id: SndCtlElemId): Proc<number> {
    const info = yield* snd_ctl_elem_info(file, id)
    if (typeof info === 'number') return info
    const { type, count, min, max, items } = info
    const range = items.length > 0 ? items.join('|') : `${min}..${max}`
    this.told.push(`${count} x ${type} ${range}`)
    return 0
  }

  private *tellValue(file: SndCtlFile, id: SndCtlElemId): Proc<number> {
    const value: SndCtlElemValue = { value: [] }
    const ret = yield* snd_ctl_elem_read(file, id, value)
    if (ret >= 0) this.told.push(value.value.join(' '))
    return ret
  }

  private *tellEvents(file: SndCtlFile, nonblock: boolean): Proc<number> {
    const events = yield* snd_ctl_read(file, nonblock)
    if (typeof events === 'number') return events
    this.told.push(...events.map(eventText))
    return events.length
  }
}

/** The calls by the names that a script uses. */
export const CONTROL_CALLS = {
  ctl_open: (file) => file.open(),
  ctl_close: (file) => file.close(),
  ctl_info: (file, step) => file.info(step),
  ctl_read: (file, step) => file.read(step),
  ctl_write: (file, step) => file.write(step),
  ctl_tlv_read: (file, step) => file.tlv('read', step),
  ctl_tlv_write: (file, step) => file.tlv('write', step),
  ctl_tlv_command: (file, step) => file.tlv('command', step),
  ctl_subscribe: (file) => file.subscribe(),
  ctl_poll: (file, step) => file.poll(step),
  ctl_events: (file, step) => file.events(step),
} as const satisfies Partial<
  Record<ScriptCall, (file: ControlFile, step: ControlStep) => Proc<number>>
>

export type ControlCall = keyof typeof CONTROL_CALLS

export function isControlCall(call: ScriptCall): call is ControlCall {
  return call in CONTROL_CALLS
}

/** `Headphone Jack` or, of several of one name, `Headphone Jack,1`. */
function idOf({ element = '' }: ControlStep): SndCtlElemId {
  const match = /^(.*),(\d+)$/.exec(element)
  if (match === null) return { name: element, index: 0 }
  return { name: match[1] as string, index: Number(match[2]) }
}

const MASKS: readonly (readonly [bit: number, name: string])[] = [
  [SNDRV_CTL_EVENT_MASK_VALUE, 'value'],
  [SNDRV_CTL_EVENT_MASK_INFO, 'info'],
  [SNDRV_CTL_EVENT_MASK_ADD, 'add'],
  [SNDRV_CTL_EVENT_MASK_TLV, 'tlv'],
]

function eventText({ name, index, mask }: SndCtlEvent): string {
  const bits = MASKS.filter(([bit]) => (mask & bit) !== 0).map(([, text]) => text)
  const what = mask === SNDRV_CTL_EVENT_MASK_REMOVE ? 'remove' : bits.join('+')
  return `${name}${index === 0 ? '' : `,${index}`} ${what}`
}

function* subscribe(file: SndCtlFile): Proc<number> {
  file.subscribed = true
  return 0
}

function* unopened(): Proc<number> {
  return -EBADFD
}
