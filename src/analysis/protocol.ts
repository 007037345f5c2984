/**
 * The sound device's protocol as both sides kept it, from the records of requests and queue
 * elements. Clauses are those of virtio 1.2. A request counts as accepted unless its answer is an
 * error; the answer to one that nobody waits for is taken to be good.
 *
 * Driver: order of the PCM requests (5.14.6.6.1).
 * Device: RELEASE is answered after the stream's I/O messages went back (5.14.6.6.5.1); an input
 * buffer goes back full while the stream runs (5.14.6.8.2.1); what goes back had been made
 * available (2.7.8).
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'
import { REPORTS_MAX } from './full-lists.ts'
import type { Incident } from './log.ts'

const WORDS = CODES['virtsnd'] as readonly string[]
const REFUSALS = ['BAD_MSG', 'NOT_SUPP', 'IO_ERR']
const STATUS_BYTES = 8

/** What may follow the last request that was accepted; '' is none. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  '': ['SET_PARAMS'],
  SET_PARAMS: ['SET_PARAMS', 'PREPARE'],
  PREPARE: ['SET_PARAMS', 'PREPARE', 'START', 'RELEASE'],
  START: ['STOP'],
  STOP: ['START', 'RELEASE'],
  RELEASE: ['SET_PARAMS', 'PREPARE'],
}

interface Request {
  readonly word: string
  readonly stream: number
  /** The stream's state before it. */
  readonly before: string
  /** When the device answered with I/O messages pending, and how many; -1: it did not. */
  earlyNs: Ns
  early: number
}

/** An element that the device has: of which stream, and the bytes of its data. */
interface Element {
  readonly stream: number
  readonly bytes: number
}

export class ProtocolFold implements Fold<readonly Incident[]> {
  readonly kinds = [
    T.virtsnd_ctl_send,
    T.virtsnd_ctl_done,
    T.virtsnd_msg_send,
    T.virtqueue_add,
    T.virtqueue_push,
    T.virtio_reset,
  ]
  private readonly found: Incident[] = []
  private readonly symbols: Symbols
  private readonly states = new Map<number, string>()
  private readonly requests = new Map<number, Request>()
  /** Request of each head of the control queue. */
  private readonly asked = new Map<number, Request>()
  private readonly queues = new Map<number, Map<number, Element>>()
  private readonly pending = new Map<number, number>()
  private controlQueue = -1
  private addQueue = -1
  private addHead = -1

  constructor(symbols: Symbols) {
    this.symbols = symbols
  }

  record(r: TraceRecord): void {
    switch (r.kind) {
      case T.virtqueue_add:
        this.addQueue = r.a
        this.addHead = r.b
        this.elements(r.a).set(r.b, { stream: -1, bytes: 0 })
        break
      case T.virtsnd_msg_send:
        this.elements(this.addQueue).set(this.addHead, { stream: r.a, bytes: r.c })
        this.pending.set(r.a, this.pendingOf(r.a) + 1)
        break
      case T.virtsnd_ctl_send:
        this.onSend(r)
        break
      case T.virtsnd_ctl_done:
        this.onDone(r)
        break
      case T.virtqueue_push:
        this.onPush(r)
        break
      default:
        for (const map of [this.states, this.asked, this.queues, this.pending]) map.clear()
    }
  }

  finish(): readonly Incident[] {
    return this.found.toSorted((a, b) => a.timeNs - b.timeNs)
  }

  private elements(queue: number): Map<number, Element> {
    let known = this.queues.get(queue)
    if (known === undefined) {
      known = new Map()
      this.queues.set(queue, known)
    }
    return known
  }

  private pendingOf(stream: number): number {
    return this.pending.get(stream) ?? 0
  }

  private onSend(r: TraceRecord): void {
    const word = WORDS[r.a] ?? ''
    const before = this.states.get(r.b) ?? ''
    const request = { word, stream: r.b, before, earlyNs: -1, early: 0 }
    this.controlQueue = this.addQueue
    this.asked.set(this.addHead, request)
    this.requests.set(r.c, request)
    if (r.b < 0) return
    if (AFTER[before]?.includes(word) !== true) {
      const last = before === '' ? 'nothing' : before
      this.add(r.timeNs, `driver: ${word} after ${last} (virtio 5.14.6.6.1)`)
    }
    this.states.set(r.b, word)
  }

  private onDone(r: TraceRecord): void {
    const request = this.requests.get(r.c)
    this.requests.delete(r.c)
    if (request === undefined || request.stream < 0) return
    const status = WORDS[r.d] ?? ''
    if (REFUSALS.includes(status)) this.states.set(request.stream, request.before)
    if (status !== 'OK' || request.earlyNs < 0) return
    const text = `device: RELEASE answered with ${request.early} I/O messages pending`
    this.add(request.earlyNs, `${text} (virtio 5.14.6.6.5.1)`)
  }

  private onPush(r: TraceRecord): void {
    const elements = this.elements(r.a)
    const element = elements.get(r.b)
    elements.delete(r.b)
    if (element === undefined) {
      const queue = this.symbols.name('queue', r.a)
      const text = `device: returns descriptor ${r.b} of ${queue}, which it does not have`
      this.add(r.timeNs, `${text} (virtio 2.7.8)`)
    } else if (element.stream >= 0) this.onMessage(r, element)
    else if (r.a === this.controlQueue) this.onAnswer(r)
  }

  private onMessage(r: TraceRecord, { stream, bytes }: Element): void {
    this.pending.set(stream, this.pendingOf(stream) - 1)
    const capture = this.symbols.entry('stream', stream).kind === 'capture'
    if (!capture || this.states.get(stream) !== 'START' || r.c >= STATUS_BYTES + bytes) return
    const text = `device: an input buffer of ${bytes} bytes goes back with ${r.c - STATUS_BYTES}`
    this.add(r.timeNs, `${text} (virtio 5.14.6.8.2.1)`)
  }

  private onAnswer(r: TraceRecord): void {
    const request = this.asked.get(r.b)
    this.asked.delete(r.b)
    if (request?.word !== 'RELEASE' || this.pendingOf(request.stream) === 0) return
    request.earlyNs = r.timeNs
    request.early = this.pendingOf(request.stream)
  }

  private add(timeNs: Ns, text: string): void {
    if (this.found.length < REPORTS_MAX) this.found.push({ timeNs, kind: 'protocol', text })
  }
}
