/**
 * A sound card with many streams on the real core: for each stream a device, an interrupt handler
 * and a reader, two lock classes, waits up to three generators deep.
 *
 * Not a model of a driver: it has the shape and the trace records of one, nothing of its rules.
 * `full` records everything in columns, folds statistics and checks the order of locks; `plain`
 * does none of it. Both must see the same periods. Times are in ns.
 */

import { Delays, type Outcome } from '../../src/app/bench-workload.ts'
import { FreeProcess, type Proc, Req } from '../../src/sim/process.ts'
import { Simulation } from '../../src/sim/scheduler.ts'
import { T, type TraceRecord, type TraceSink } from '../../src/sim/trace.ts'
import { ChunkPool } from '../../src/sim/trace-columns.ts'
import { TraceStore } from '../../src/sim/trace-store.ts'

const PERIOD_NS = 10_000_000
const NS_PER_STEP = 18_300

const LockClass = { stream: 0, queue: 1 } as const
const LOCK_CLASSES = 2

/** Remembers which class was taken under which, and stops at the first contradiction. */
class LockOrder {
  private readonly after = new Uint8Array(LOCK_CLASSES * LOCK_CLASSES)

  check(held: readonly number[], taken: number): void {
    for (const outer of held) {
      this.after[outer * LOCK_CLASSES + taken] = 1
      if (this.after[taken * LOCK_CLASSES + outer] === 0) continue
      throw new Error(`bench: lock classes ${outer} and ${taken} were taken in both orders`)
    }
  }
}

/** Statistics as a fold over records: the spread of the time between two periods of a stream. */
class PeriodStats implements TraceSink {
  private readonly lastNs: Float64Array
  private minNs = Number.POSITIVE_INFINITY
  private maxNs = 0

  constructor(streams: number) {
    this.lastNs = new Float64Array(streams).fill(-1)
  }

  get jitterNs(): number {
    return this.maxNs - this.minNs
  }

  record(r: TraceRecord): void {
    const beforeNs = this.lastNs[r.a] as number
    this.lastNs[r.a] = r.timeNs
    if (beforeNs < 0) return
    const gapNs = r.timeNs - beforeNs
    if (gapNs < this.minNs) this.minNs = gapNs
    if (gapNs > this.maxNs) this.maxNs = gapNs
  }
}

/** Memory for the recordings, as for the runs of a sweep; the warm-up run fills it. */
const pool = new ChunkPool()

/** What the streams of one card share. */
class Card {
  readonly sim = new Simulation({ seed: 1 })
  readonly delays = new Delays('skewed')
  readonly order: LockOrder | null
  readonly stats: PeriodStats
  readonly store: TraceStore
  periods = 0

  constructor(streams: number, full: boolean) {
    const { trace } = this.sim
    this.stats = new PeriodStats(streams)
    this.store = new TraceStore(trace.symbols, pool)
    this.order = full ? new LockOrder() : null
    if (!full) return
    trace.setRecorder(this.store)
    trace.addSink(this.stats, [T.snd_pcm_period_elapsed])
  }
}

/** A process of the card; it knows which locks it holds when somebody checks them. */
class Actor {
  readonly process: FreeProcess
  readonly held: number[] = []
  readonly card: Card
  readonly id: number

  constructor(card: Card, id: number) {
    this.card = card
    this.id = id
    this.process = new FreeProcess(card.sim)
  }

  emit(kind: number, a = 0, b = 0, c = 0, d = 0, e = 0): void {
    this.card.sim.trace.emit(kind, 0, this.id, a, b, c, d, e)
  }

  /** Some work on a processor: 1 to 4096 ns. */
  pass(): boolean {
    return this.process.pass(1 + (this.card.delays.bits() >>> 20))
  }
}

/** A lock in order of arrival, with its trace records. */
class CardLock {
  private owned = false
  private readonly waiting: Actor[] = []
  private readonly id: number
  private readonly lockClass: number

  constructor(id: number, lockClass: number) {
    this.id = id
    this.lockClass = lockClass
  }

  tryAcquire(actor: Actor): boolean {
    actor.emit(T.lock_acquire, this.id, 0, 0)
    const { order } = actor.card
    if (order !== null) {
      order.check(actor.held, this.lockClass)
      actor.held.push(this.lockClass)
    }
    if (this.owned) {
      this.waiting.push(actor)
      return false
    }
    this.owned = true
    return true
  }

  release(actor: Actor): void {
    actor.emit(T.lock_release, this.id)
    if (actor.card.order !== null) actor.held.pop()
    const next = this.waiting.shift()
    if (next === undefined) this.owned = false
    else next.process.wake()
  }
}

class Stream {
  readonly index: number
  readonly device: Actor
  readonly irq: Actor
  readonly reader: Actor
  readonly streamLock: CardLock
  readonly queueLock: CardLock
  readonly card: Card
  /** Frames in periods: what the device has done, what the reader has seen. */
  hwPeriods = 0
  applPeriods = 0

  constructor(card: Card, index: number) {
    this.card = card
    this.index = index
    this.device = new Actor(card, 3 * index)
    this.irq = new Actor(card, 3 * index + 1)
    this.reader = new Actor(card, 3 * index + 2)
    this.streamLock = new CardLock(2 * index, LockClass.stream)
    this.queueLock = new CardLock(2 * index + 1, LockClass.queue)
    this.device.process.start(deviceBody(this))
    this.irq.process.start(irqBody(this))
    this.reader.process.start(readerBody(this))
  }
}

function* deviceBody(stream: Stream): Proc {
  const { device, card } = stream
  for (;;) {
    const jitterNs = card.delays.bits() >>> 12
    if (!device.process.pass(PERIOD_NS + jitterNs)) yield Req.CHARGE
    yield* complete(stream)
  }
}

function* complete(stream: Stream): Proc {
  const { device, queueLock, index } = stream
  if (!queueLock.tryAcquire(device)) yield Req.BLOCK
  if (!device.pass()) yield Req.CHARGE
  device.emit(T.virtqueue_push, index, 0, 1920)
  queueLock.release(device)
  stream.irq.process.wake()
}

function* irqBody(stream: Stream): Proc {
  for (;;) {
    yield Req.BLOCK
    yield* handleIrq(stream)
  }
}

function* handleIrq(stream: Stream): Proc {
  const { irq, queueLock, index } = stream
  irq.emit(T.irq_handler_entry, 1)
  if (!queueLock.tryAcquire(irq)) yield Req.BLOCK
  if (!irq.pass()) yield Req.CHARGE
  irq.emit(T.virtqueue_get_buf, index, 0, 1920)
  queueLock.release(irq)
  yield* periodElapsed(stream)
  irq.emit(T.irq_handler_exit, 1, 1)
}

function* periodElapsed(stream: Stream): Proc {
  const { irq, streamLock, index } = stream
  if (!streamLock.tryAcquire(irq)) yield Req.BLOCK
  if (!irq.pass()) yield Req.CHARGE
  stream.hwPeriods++
  stream.card.periods++
  irq.emit(T.snd_pcm_hwptr, index, 1, 0, stream.hwPeriods, 0)
  irq.emit(T.snd_pcm_period_elapsed, index)
  streamLock.release(irq)
  stream.reader.process.wake()
}

function* readerBody(stream: Stream): Proc {
  for (;;) {
    while (stream.applPeriods === stream.hwPeriods) yield Req.BLOCK
    yield* write(stream)
  }
}

function* write(stream: Stream): Proc {
  const { reader, streamLock, index } = stream
  if (!reader.pass()) yield Req.CHARGE
  if (!streamLock.tryAcquire(reader)) yield Req.BLOCK
  if (!reader.pass()) yield Req.CHARGE
  stream.applPeriods++
  reader.emit(T.snd_pcm_applptr, index, 0, stream.applPeriods, 0)
  yield* queuePeriod(stream)
  streamLock.release(reader)
}

function* queuePeriod(stream: Stream): Proc {
  const { reader, queueLock, index } = stream
  if (!queueLock.tryAcquire(reader)) yield Req.BLOCK
  if (!reader.pass()) yield Req.CHARGE
  reader.emit(T.virtqueue_add, index, 0, 1920)
  queueLock.release(reader)
}

/** Operations are events and inline advances; the check value is the number of periods. */
export function soundCard(streams: number, full: boolean, ops: number): Outcome {
  const card = new Card(streams, full)
  for (let index = 0; index < streams; index++) new Stream(card, index)
  card.sim.run((ops * NS_PER_STEP * 64) / streams)
  if (full && card.store.length !== card.sim.trace.count)
    throw new Error('bench: records were lost')
  card.store.release()
  return { ops: card.sim.steps, check: card.periods }
}
