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
  /** Time of the pending call, -1 when not armed. */
  atNs = -1
  generation: number
  readonly slot: number
  readonly priority: number
  readonly fire: () => void
  private readonly simulation: Simulation

  constructor(
    simulation: Simulation,
    slot: number,
    generation: number,
    priority: number,
    fire: () => void,
  ) {
    this.simulation = simulation
    this.slot = slot
    this.generation = generation
    this.priority = priority
    this.fire = fire
  }

  get armed(): boolean {
    return this.atNs >= 0
  }

  /** Replaces a pending call. */
  arm(atNs: Ns): void {
    this.generation++
    this.atNs = atNs
    this.simulation.enqueue(this, atNs)
  }

  cancel(): void {
    if (this.atNs < 0) return
    this.generation++
    this.atNs = -1
  }

  /** Arms for this instant, behind what is already due at it. */
  soon(): void {
    if (this.atNs === this.simulation.now) return
    this.arm(this.simulation.now)
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
  /** Inline advance may reach any time before this; -1 while not known. */
  private horizonNs = 0
  private untilNs = 0
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
    // A reused slot goes on counting, so that entries of its former owner stay stale.
    const generation = this.timers[slot]?.generation ?? 0
    const timer = new Timer(this, slot, generation, priority, fire)
    this.timers[slot] = timer
    return timer
  }

  /** Gives a timer's slot back; it must not be armed again. */
  release(timer: Timer): void {
    timer.cancel()
    this.freeSlots.push(timer.slot)
  }

  /** For Timer only. */
  enqueue(timer: Timer, atNs: Ns): void {
    // The sentence is built only on failure: this is called for every event.
    if (atNs < this.now) unreachable(`an event at ${atNs} ns lies before now, ${this.now} ns`)
    if (atNs < this.horizonNs) this.horizonNs = atNs
    this.queue.push(atNs, timer.priority, timer.slot, timer.generation)
  }

  /** Lets `ns` pass at once if nothing else is due by then. */
  tryAdvance(ns: Ns): boolean {
    const to = this.now + ns
    if (to >= this.horizonNs && (this.horizonNs >= 0 || !this.findHorizon(to))) return false
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
    this.horizonNs = 0
  }

  /** Runs events up to and including `untilNs`; the clock ends there unless stopped before. */
  run(untilNs: Ns): StopReason {
    this.untilNs = untilNs
    this.stopRequested = false
    const { queue, timers } = this
    for (;;) {
      if (this.stopRequested) return this.limit === null ? 'stopped' : 'limit'
      const timeNs = queue.peekTimeNs()
      if (timeNs > untilNs) {
        this.now = untilNs
        return timeNs === Number.POSITIVE_INFINITY ? 'idle' : 'until'
      }
      if (this.steps++ >= this.stepsMax) {
        this.limit = `more than ${this.stepsMax} steps`
        return 'limit'
      }
      if (this.policy.reorders) this.popChosen()
      else queue.pop()
      const timer = timers[queue.poppedSlot] as Timer
      if (timer.generation !== queue.poppedGeneration) continue
      this.now = timeNs
      this.horizonNs = -1
      timer.atNs = -1
      timer.fire()
    }
  }

  private findHorizon(to: Ns): boolean {
    if (this.stopRequested) return false
    const next = this.queue.lowerBoundNs()
    // An event at the end of the run still belongs to it, hence one beyond.
    this.horizonNs = next < this.untilNs + 1 ? next : this.untilNs + 1
    return to < this.horizonNs
  }

  /** Takes one of the equally early entries, as the policy says, and puts the others back. */
  private popChosen(): void {
    const { queue } = this
    const entries: { slot: number; generation: number; key: number }[] = []
    const timeNs = queue.peekTimeNs()
    const priority = queue.peekPriority()
    while (queue.peekTimeNs() === timeNs && queue.peekPriority() === priority) {
      queue.pop()
      const entry = {
        slot: queue.poppedSlot,
        generation: queue.poppedGeneration,
        key: queue.poppedKey,
      }
      const timer = this.timers[entry.slot] as Timer
      if (timer.generation === entry.generation) entries.push(entry)
      if (queue.length === 0) break
    }
    if (entries.length === 0) return
    const slots = entries.map((one) => one.slot)
    const chosen = this.policy.first(slots, timeNs)
    const entry = entries[chosen]
    assert(entry !== undefined, `the policy chose candidate ${chosen} of ${entries.length}`)
    for (const other of entries) {
      if (other !== entry) queue.pushKeyed(timeNs, other.key, other.slot, other.generation)
    }
    queue.poppedSlot = entry.slot
    queue.poppedGeneration = entry.generation
  }
}
