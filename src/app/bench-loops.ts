/**
 * The core's own loops as cases of a benchmark: no audio, only waits, switches, locks and timers.
 *
 * Drives src/sim as models do: free processes for hardware, timers for clocks. An operation is a
 * completed wait, switch, locked section or timer. Times are in ns.
 */
import { FreeProcess, type Proc, Req } from '../sim/process.ts'
import { Simulation, type Timer } from '../sim/scheduler.ts'
import { Delays, type Outcome, type Shape } from './bench-workload.ts'

const END_NS = 2 ** 52

/** A run that ends when its processes have done `limit` operations. */
class Counted {
  readonly sim = new Simulation({ seed: 1 })
  count = 0
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** Counts an operation; false when the run is over. */
  done(): boolean {
    if (++this.count < this.limit) return true
    this.sim.stop()
    return false
  }

  run(): Outcome {
    const reason = this.sim.run(END_NS)
    if (reason !== 'stopped') throw new Error(`bench: the run ended with reason ${reason}`)
    return { ops: this.count, check: this.sim.now }
  }
}

export function coreHold(size: number, shape: Shape, ops: number): Outcome {
  const world = new Counted(ops)
  const delays = new Delays(shape)
  for (let id = 0; id < size; id++) {
    const process = new FreeProcess(world.sim)
    process.start(holder(process, world, delays))
  }
  return world.run()
}

function* holder(process: FreeProcess, world: Counted, delays: Delays): Proc {
  do {
    if (!process.pass(delays.next())) yield Req.CHARGE
  } while (world.done())
}

export function corePingPong(ops: number): Outcome {
  const world = new Counted(ops)
  const ping = new FreeProcess(world.sim)
  const pong = new FreeProcess(world.sim)
  const total = { sum: 0 }
  ping.start(player(pong, world, total))
  pong.start(player(ping, world, total))
  ping.wake()
  return { ...world.run(), check: total.sum }
}

function* player(other: FreeProcess, world: Counted, total: { sum: number }): Proc {
  for (;;) {
    yield Req.BLOCK
    total.sum += 1 + (world.count & 1)
    if (!world.done()) return
    other.wake()
  }
}

/** A lock handed over in order of arrival, as models build theirs: plain try, then sleep. */
export class FifoLock {
  private owned = false
  private readonly waiting: FreeProcess[] = []

  tryAcquire(process: FreeProcess): boolean {
    if (this.owned) {
      this.waiting.push(process)
      return false
    }
    this.owned = true
    return true
  }

  release(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.owned = false
    else next.wake()
  }
}

export function coreMutex(size: number, ops: number): Outcome {
  const world = new Counted(ops)
  const delays = new Delays('uniform')
  const lock = new FifoLock()
  for (let id = 0; id < size; id++) {
    const process = new FreeProcess(world.sim)
    process.start(owner(process, world, lock, delays))
  }
  return world.run()
}

function* owner(process: FreeProcess, world: Counted, lock: FifoLock, delays: Delays): Proc {
  do {
    if (!process.pass(delays.next())) yield Req.CHARGE
    if (!lock.tryAcquire(process)) yield Req.BLOCK
    if (!process.pass(delays.next())) yield Req.CHARGE
    lock.release()
  } while (world.done())
}

export function coreTimers(size: number, ops: number): Outcome {
  const world = new Counted(ops)
  const delays = new Delays('uniform')
  const timers: Timer[] = []
  const arm = (slot: number): void => (timers[slot] as Timer).arm(world.sim.now + delays.next())
  const fire = (slot: number): void => {
    if (!world.done()) return
    arm(slot)
    const bits = delays.bits()
    if ((bits & 1) === 1) arm((bits >>> 8) % size)
  }
  for (let slot = 0; slot < size; slot++) {
    timers.push(world.sim.timer(() => fire(slot)))
    arm(slot)
  }
  return world.run()
}

/** Loops that a suite may name. A size that a loop has no use for is not looked at. */
export const LOOPS = {
  hold: coreHold,
  'ping-pong': (_size: number, _shape: Shape, ops: number) => corePingPong(ops),
  mutex: (size: number, _shape: Shape, ops: number) => coreMutex(size, ops),
  timers: (size: number, _shape: Shape, ops: number) => coreTimers(size, ops),
} as const satisfies Record<string, (size: number, shape: Shape, ops: number) => Outcome>

export type LoopName = keyof typeof LOOPS
