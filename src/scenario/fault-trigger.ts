/**
 * When a fault comes: at a time, at a record of the run, with a probability that the seed decides.
 * Each fault has a random stream of its own, so that a new one shifts nobody. Times are ns.
 */
import type { Prng } from '../base/prng.ts'
import type { Ns } from '../base/units.ts'
import { Priority, type Simulation } from '../sim/scheduler.ts'
import type { SymbolTable } from '../sim/symbols.ts'
import { T, type TraceRecord, type TraceSink } from '../sim/trace.ts'
import { CODES, RECORDS } from '../sim/trace-kinds.ts'
import type { FaultEvent, InjectedFault } from './fault-spec.ts'

/** Turns the word of a record's argument into what a scenario calls it. */
export type StreamNames = Readonly<Record<string, string>>

const FIELDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const

/** Calls `fire` at the fault's time: once, or never. From the simulation's own context. */
export function onTrigger(
  sim: Simulation,
  fault: InjectedFault,
  names: StreamNames,
  fire: () => void,
): void {
  const timer = sim.timer(fire, Priority.clock)
  if (fault.when === null) timer.arm(fault.atNs)
  else {
    const watch = new EventWatch(sim, fault.when, fault.atNs, names, (atNs) => timer.arm(atNs))
    sim.trace.addSink(watch, [T[fault.when.record]])
  }
}

/** Waits for the record that a fault names. */
class EventWatch implements TraceSink {
  private seen = 0
  private readonly sim: Simulation
  private readonly event: FaultEvent
  private readonly fromNs: Ns
  private readonly names: StreamNames
  private readonly found: (atNs: Ns) => void
  private readonly types: readonly string[]

  constructor(
    sim: Simulation,
    event: FaultEvent,
    fromNs: Ns,
    names: StreamNames,
    found: (atNs: Ns) => void,
  ) {
    this.sim = sim
    this.event = event
    this.fromNs = fromNs
    this.names = names
    this.found = found
    this.types = (RECORDS[event.record] as readonly string[]).slice(1)
  }

  record(r: TraceRecord): void {
    const { event } = this
    if (this.seen >= event.nth || r.timeNs < this.fromNs || !this.agrees(r)) return
    if (++this.seen === event.nth) this.found(r.timeNs + event.afterNs)
  }

  private agrees(r: TraceRecord): boolean {
    return this.types.every((text, i) => {
      const [name, type] = text.split(':') as [string, string]
      const wanted = this.event.args[name]
      return wanted === undefined || this.words(type, r[FIELDS[i] ?? 'a']).includes(String(wanted))
    })
  }

  /** What an argument may be called: a stream also as the scenario calls it. */
  private words(type: string, value: number): readonly string[] {
    if (type === 'int' || type === 'ns') return [String(value)]
    const words = CODES[type]
    if (words !== undefined) return [words[value] ?? '']
    if (value < 0) return []
    const name = this.sim.trace.symbols.name(type as SymbolTable, value)
    return type === 'stream' ? [name, this.names[name] ?? name] : [name]
  }
}

/** Decides which of a row of events a fault hits; shut until the fault's time. */
export class Gate {
  readonly fault: InjectedFault
  private readonly sim: Simulation
  private readonly rng: Prng
  private left = 0
  private untilNs = 0

  constructor(sim: Simulation, fault: InjectedFault, index: number) {
    this.sim = sim
    this.fault = fault
    this.rng = sim.stream(`fault/${index}`)
  }

  /** Without a count: all in the time given, all that the probability picks, or else one. */
  open(): void {
    const { count, forNs, probability } = this.fault
    const many = forNs !== null || probability !== null
    this.left = count ?? (many ? Number.POSITIVE_INFINITY : 1)
    this.untilNs = forNs === null ? Number.POSITIVE_INFINITY : this.sim.now + forNs
  }

  /** Whether this event is hit. */
  hits(): boolean {
    if (this.left === 0 || this.sim.now >= this.untilNs || !this.chance()) return false
    this.left--
    return true
  }

  /** The probability alone: for what is done once. */
  chance(): boolean {
    const { probability } = this.fault
    return probability === null || this.rng.unit() < probability
  }
}
