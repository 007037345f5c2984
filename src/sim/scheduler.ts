/**
 * The virtual clock: a heap of timers keyed by (timeNs, priority, seq) and one loop. Knows neither
 * processes nor audio. All times are integer nanoseconds.
 *
 * Inline advance: whoever runs may let time pass with a plain call as long as nothing else is due
 * before or at the new time (`tryAdvance`). This gives the same run as going through the heap,
 * because ties always go through it. A caller must be in tail position of its event: after code
 * that may advance the clock, nothing else of that event may still rely on the old time.
 */
import { assert, unreachable } from '../base/assert.ts'
import { EventQueue } from '../base/event-queue.ts'
import { Prng } from '../base/prng.ts'
import type { Ns } from '../base/units.ts'
import { fifo, type Policy } from './policy.ts'
import { Trace } from './trace.ts'

/** Order among events of one instant: clocks before devices before processors. */
export const Priority = { clock: 0, device: 1, cpu: 2, late: 3 } as const

/** Why `run` returned. */
export type StopReason = 'until' | 'idle' | 'stopped' | 'limit'

/** A right to be called at a time; owned by one thing and re-armed again and again. */
export class Timer {
  /** Its entry in the queue; another entry of its slot is void. -1 when not armed. */
  entry = -1
  readonly slot: number
  readonly priority: number
  readonly fire: () => void
  private readonly simulation: Simulation

  constructor(simulation: Simulation, slot: number, priority: number, fire: () => void) {
    this.simulation = simulation
    this.slot = slot
    this.priority = priority
    this.fire = fire
  }

  get armed(): boolean {
    return this.entry >= 0
  }

  /** Time of the pending call, -1 when not armed. */
  get atNs(): Ns {
    return this.entry < 0 ? -1 : this.simulation.timeOf(this.entry)
  }

  /** Replaces a pending call. */
  arm(atNs: Ns): void {
    this.entry = this.simulation.enqueue(this, atNs)
  }

  cancel(): void {
    this.entry = -1
  }

  /** Arms for this instant, behind what is already due at it. */
  soon(): void {
    const { simulation, entry } = this
    if (entry >= 0 && simulation.timeOf(entry) === simulation.now) return
    this.arm(simulation.now)
  }
}

/** From the beginning of the instant `atNs` every random stream is that of another seed. */
export interface Reseed {
  readonly atNs: Ns
  readonly seed: number
}

export interface SimulationOptions {
  readonly seed: number
  /** Changes of the seed by time: until the first the run is that of `seed`. */
  readonly reseed?: readonly Reseed[]
  readonly policy?: Policy
  /** Events and inline advances after which the run ends with reason `limit`. */
  readonly stepsMax?: number
}

const STEPS_MAX_DEFAULT = 1_000_000_000

export class Simulation {
  now: Ns = 0
  readonly policy: Policy
  readonly trace: Trace = new Trace(this)
  /** Events and inline advances so far. */
  steps = 0
  readonly stepsMax: number
  private readonly queue = new EventQueue()
  private readonly timers: Timer[] = []
  private readonly freeSlots: number[] = []
  /** The seed of this instant. */
  private seed: number
  /** Streams in use; kept only by a run that will change its seed. */
  private readonly streams: Prng[] | null
  private readonly redraws: (() => void)[] = []
  /** Inline advance may reach this, the end of the run; -1 from where it shall stop. */
  private untilNs = -1
  private stopRequested = false
  /** Which limit ended the run, if one did. */
  limit: string | null = null

  constructor(options: SimulationOptions) {
    this.seed = options.seed
    this.policy = options.policy ?? fifo
    this.stepsMax = options.stepsMax ?? STEPS_MAX_DEFAULT
    const { reseed = [] } = options
    this.streams = reseed.length > 0 ? [] : null
    // Armed before anything else, so that each comes first at its instant.
    for (const { atNs, seed } of reseed) {
      this.timer(() => this.beginSeed(seed), Priority.clock).arm(atNs)
    }
  }

  /** The random stream of this name: a new name shifts nobody. */
  stream(name: string): Prng {
    const stream = new Prng(this.seed, name)
    this.streams?.push(stream)
    return stream
  }

  /**
   * Called when the seed changes: for what was drawn before and is not seen yet, such as the rest
   * of a wait. To draw it again, under the condition of what has been seen, makes no run likelier.
   */
  onReseed(redraw: () => void): void {
    if (this.streams !== null) this.redraws.push(redraw)
  }

  private beginSeed(seed: number): void {
    this.seed = seed
    for (const stream of this.streams ?? []) stream.begin(seed)
    for (const redraw of this.redraws) redraw()
  }

  timer(fire: () => void, priority: number = Priority.cpu): Timer {
    const slot = this.freeSlots.pop() ?? this.timers.length
    const timer = new Timer(this, slot, priority, fire)
    this.timers[slot] = timer
    return timer
  }

  /** Gives a timer's slot back; it must not be armed again. */
  release(timer: Timer): void {
    timer.cancel()
    this.freeSlots.push(timer.slot)
  }

  /** For Timer only: the entry that stands for it. */
  enqueue(timer: Timer, atNs: Ns): number {
    // The sentence is built only on failure: this is called for every event.
    if (atNs < this.now) unreachable(`an event at ${atNs} ns lies before now, ${this.now} ns`)
    return this.queue.push(atNs, timer.priority, timer.slot)
  }

  /** For Timer only: when an entry is due. */
  timeOf(entry: number): Ns {
    return this.queue.times[entry] as number
  }

  /** Lets `ns` pass at once if nothing else is due by then. */
  tryAdvance(ns: Ns): boolean {
    const to = this.now + ns
    if (to > this.untilNs || to >= this.queue.nextTimeNs()) return false
    if (this.steps++ >= this.stepsMax) return false
    this.now = to
    return true
  }

  /** Ends the run after the current event, with reason `limit`. */
  hitLimit(sentence: string): void {
    this.limit = sentence
    this.stop()
  }

  /** Ends the run after the current event. */
  stop(): void {
    this.stopRequested = true
    this.untilNs = -1
  }

  /** Runs events up to and including `untilNs`; the clock ends there unless stopped before. */
  run(untilNs: Ns): StopReason {
    this.untilNs = untilNs
    this.stopRequested = false
    const { queue, timers } = this
    const { reorders } = this.policy
    for (;;) {
      if (this.stopRequested) return this.limit === null ? 'stopped' : 'limit'
      const timeNs = queue.nextTimeNs()
      if (timeNs > untilNs) {
        this.now = untilNs
        return timeNs === Number.POSITIVE_INFINITY ? 'idle' : 'until'
      }
      if (this.steps++ >= this.stepsMax) {
        this.limit = `more than ${this.stepsMax} steps`
        return 'limit'
      }
      const entry = reorders ? this.popChosen() : queue.pop()
      const timer = timers[queue.slots[entry] as number] as Timer
      if (timer.entry !== entry) continue
      this.now = timeNs
      timer.cancel()
      timer.fire()
    }
  }

  /**
   * Takes one of the equally early entries, as the policy says, and puts the others back. If all of
   * them are void, it is one of those.
   */
  private popChosen(): number {
    const { queue, timers } = this
    const timeNs = queue.nextTimeNs()
    const priority = queue.nextPriority()
    const entries: number[] = []
    const slots: number[] = []
    let entry = -1
    do {
      entry = queue.take()
      const slot = queue.slots[entry] as number
      if ((timers[slot] as Timer).entry === entry) {
        entries.push(entry)
        slots.push(slot)
      } else queue.free(entry)
    } while (queue.nextTimeNs() === timeNs && queue.nextPriority() === priority)
    if (entries.length === 0) return entry
    const chosen = this.policy.first(slots, timeNs)
    for (const other of entries) if (other !== entries[chosen]) queue.putBack(other)
    entry = entries[chosen] ?? -1
    assert(entry >= 0, `the policy chose candidate ${chosen} of ${entries.length}`)
    queue.free(entry)
    return entry
  }
}
