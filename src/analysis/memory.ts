/**
 * The life of kernel memory, from the records of its allocation, its way through the virtqueues and
 * its end: what was used after it was freed, freed while the device had it, freed twice, or left
 * behind by a close or by the removal of the driver. Times are ns.
 *
 * A close leaks what was allocated for its stream since the open and is still there, except what
 * the device has. The removal leaks everything of the driver that is still there.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'
import { formatInstant } from './format.ts'
import { REPORTS_MAX } from './full-lists.ts'

export interface MemoryFault {
  readonly timeNs: Ns
  readonly kind: 'use-after-free' | 'leak' | 'freed-while-device-owns' | 'double-free'
  readonly what: string
}

const FREED = (CODES.fresh as readonly string[]).indexOf('freed')
const USE_AFTER_FREE = (CODES.bug as readonly string[]).indexOf('use-after-free')
/** Freed objects whose names are remembered, for those that are used or freed again. */
const FREED_MAX = 4096
const RUNTIME = 'struct snd_pcm_runtime'
const DEVICE = 'struct virtio_snd'

interface ObjectLife {
  readonly what: string
  readonly site: string
  readonly stream: number
  readonly owner: number
  readonly atNs: Ns
  /** Times that it is in a queue. */
  inFlight: number
  freedNs: Ns
}

/** A queue's ring, and what is in it by head. */
interface RingLife {
  readonly object: number
  readonly heads: Map<number, readonly number[]>
}

export class MemoryFold implements Fold<readonly MemoryFault[]> {
  readonly kinds = [
    T.audio_copy,
    T.bug,
    T.kmalloc,
    T.kfree,
    T.vring_create,
    T.virtio_reset,
    T.virtqueue_add,
    T.virtqueue_get_buf,
    T.virtqueue_pop,
    T.virtqueue_push,
  ]
  private readonly faults: MemoryFault[] = []
  private readonly symbols: Symbols
  private readonly live = new Map<number, ObjectLife>()
  /** The last ones, oldest first. */
  private readonly dead = new Map<number, ObjectLife>()
  private readonly rings = new Map<number, RingLife>()

  constructor(symbols: Symbols) {
    this.symbols = symbols
  }

  record(r: TraceRecord): void {
    switch (r.kind) {
      case T.bug:
        if (r.a === USE_AFTER_FREE) this.add(r, 'use-after-free', this.symbols.name('text', r.b))
        break
      case T.audio_copy:
        if (r.e === FREED) {
          const what = `ring of ${this.symbols.name('stream', r.a)}, ${r.c} frames at ${r.b}`
          this.add(r, 'freed-while-device-owns', what)
        }
        break
      case T.kmalloc:
        this.onAlloc(r)
        break
      case T.kfree:
        this.onFree(r)
        break
      case T.vring_create:
        this.rings.set(r.a, { object: r.b, heads: new Map() })
        break
      case T.virtio_reset:
        this.onReset()
        break
      case T.virtqueue_add:
        this.onAdd(r)
        break
      case T.virtqueue_get_buf:
        this.onGetBuf(r)
        break
      default:
        this.onDevice(r)
    }
  }

  finish(): readonly MemoryFault[] {
    return this.faults
  }

  private onAlloc(r: TraceRecord): void {
    this.live.set(r.a, {
      what: this.symbols.name('text', r.b),
      site: this.symbols.name('text', r.c),
      stream: r.d,
      owner: r.e,
      atNs: r.timeNs,
      inFlight: 0,
      freedNs: -1,
    })
  }

  private onFree(r: TraceRecord): void {
    const life = this.live.get(r.a)
    const by = this.symbols.name('text', r.b)
    if (life === undefined) {
      const old = this.dead.get(r.a)
      if (old !== undefined) this.add(r, 'double-free', `${story(old)}, and again by ${by}()`)
      return
    }
    this.live.delete(r.a)
    life.freedNs = r.timeNs
    this.bury(r.a, life)
    if (life.inFlight > 0) {
      this.add(r, 'freed-while-device-owns', `${story(life)} by ${by}() while in a queue`)
    }
    for (const ring of this.rings.values()) if (ring.object === r.a) this.release(ring)
    if (life.what === RUNTIME) this.afterClose(r, life)
    if (life.what === DEVICE) this.afterRemoval(r, r.a)
  }

  private bury(object: number, life: ObjectLife): void {
    this.dead.set(object, life)
    if (this.dead.size <= FREED_MAX) return
    for (const oldest of this.dead.keys()) {
      this.dead.delete(oldest)
      return
    }
  }

  /** A reset ends the device's hold on everything. */
  private onReset(): void {
    for (const ring of this.rings.values()) this.release(ring)
    this.rings.clear()
  }

  private release(ring: RingLife): void {
    for (const objects of ring.heads.values()) for (const one of objects) this.leave(one)
    ring.heads.clear()
  }

  private leave(object: number): void {
    const life = this.live.get(object) ?? this.dead.get(object)
    if (life !== undefined) life.inFlight--
  }

  private onAdd(r: TraceRecord): void {
    // The message, and a buffer of its own that one of its segments may be.
    const objects = r.e === 0 ? [r.d] : [r.d, r.e]
    this.rings.get(r.a)?.heads.set(r.b, objects)
    for (const object of objects) {
      const life = this.live.get(object)
      if (life !== undefined) life.inFlight++
    }
  }

  private onGetBuf(r: TraceRecord): void {
    const heads = this.rings.get(r.a)?.heads
    for (const object of heads?.get(r.b) ?? []) this.leave(object)
    heads?.delete(r.b)
    const life = this.dead.get(r.d)
    if (life !== undefined)
      this.add(r, 'use-after-free', `${story(life)}, now returned to the driver`)
  }

  /** The device reads or writes a ring. */
  private onDevice(r: TraceRecord): void {
    const life = this.dead.get(this.rings.get(r.a)?.object ?? 0)
    if (life === undefined) return
    const does = r.kind === T.virtqueue_pop ? 'reads' : 'writes'
    this.add(r, 'freed-while-device-owns', `${story(life)}; the device ${does} it`)
  }

  /** Its runtime is the last thing that a stream frees at its close. */
  private afterClose(r: TraceRecord, runtime: ObjectLife): void {
    const left = [...this.live.values()].filter(
      (one) => one.stream === runtime.stream && one.atNs >= runtime.atNs && one.inFlight === 0,
    )
    this.reportLeft(r, left, `the close of ${this.symbols.name('stream', runtime.stream)}`)
  }

  private afterRemoval(r: TraceRecord, device: number): void {
    const left = [...this.live].filter(([, one]) => one.owner === device)
    for (const [object, life] of left) {
      // Nobody can free it any more.
      this.live.delete(object)
      this.bury(object, life)
    }
    const lives = left.map(([, life]) => life)
    this.reportLeft(r, lives, 'the removal of the driver')
  }

  /** One report for all objects of one sort. */
  private reportLeft(r: TraceRecord, left: readonly ObjectLife[], after: string): void {
    const sorts = new Map<string, ObjectLife[]>()
    for (const life of left) {
      const sort = `${life.what} ${life.site}`
      sorts.set(sort, [...(sorts.get(sort) ?? []), life])
    }
    for (const lives of sorts.values()) {
      const [first] = lives
      if (first === undefined) continue
      const count = lives.length === 1 ? '' : `${lives.length} `
      const since = `${first.site}() at ${formatInstant(first.atNs)}`
      this.add(r, 'leak', `${count}${first.what} of ${since} left behind by ${after}`)
    }
  }

  private add({ timeNs }: TraceRecord, kind: MemoryFault['kind'], what: string): void {
    if (this.faults.length < REPORTS_MAX) this.faults.push({ timeNs, kind, what })
  }
}

function story({ what, site, atNs, freedNs }: ObjectLife): string {
  return `${what} of ${site}() at ${formatInstant(atNs)}, freed at ${formatInstant(freedNs)}`
}
