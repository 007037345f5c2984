/**
 * Small concurrent programs on the simulator's own processes: each step runs at a POINT, all at one
 * instant, so that the policy's ties are the interleavings. Shared variables and locks tell the
 * observer what a step touches.
 */
import type { Observer, System } from '../../src/explore/system.ts'
import { FreeProcess, type Proc, Req } from '../../src/sim/process.ts'
import { Simulation } from '../../src/sim/scheduler.ts'

export class World {
  readonly sim: Simulation
  readonly observer: Observer
  private readonly processes: FreeProcess[] = []
  private objects = 0
  current: FreeProcess | null = null

  constructor(sim: Simulation, observer: Observer) {
    this.sim = sim
    this.observer = observer
  }

  object(): number {
    return this.objects++
  }

  start(body: (self: FreeProcess) => Proc<unknown>): void {
    const process = new FreeProcess(this.sim)
    this.processes.push(process)
    process.start(body(process))
  }

  get stuck(): boolean {
    return this.processes.some((one) => !one.done)
  }
}

/** A shared variable. Reading and writing are steps of their own: yield POINT between them. */
export class Cell {
  value: number
  private readonly id: number
  private readonly world: World

  constructor(world: World, value = 0) {
    this.world = world
    this.id = world.object()
    this.value = value
  }

  read(): number {
    this.world.observer.access(this.id, false)
    return this.value
  }

  write(value: number): void {
    this.world.observer.access(this.id, true)
    this.value = value
  }
}

/** A lock that sleeps; handed to the first waiter. */
export class Lock {
  private owner: FreeProcess | null = null
  private readonly waiters: FreeProcess[] = []
  private readonly id: number
  private readonly world: World

  constructor(world: World) {
    this.world = world
    this.id = world.object()
  }

  *acquire(self: FreeProcess): Proc {
    yield Req.POINT
    this.world.observer.access(this.id, true)
    if (this.owner === null) {
      this.owner = self
      return
    }
    this.waiters.push(self)
    while (this.owner !== self) yield Req.BLOCK
    this.world.observer.access(this.id, true)
  }

  *release(): Proc {
    yield Req.POINT
    this.world.observer.access(this.id, true)
    const next = this.waiters.shift() ?? null
    this.owner = next
    next?.wake()
  }
}

/** A program and how to tell that it went wrong. */
export function system(build: (world: World) => () => string | null): System {
  return (policy, observer) => {
    const sim = new Simulation({ seed: 1, policy, stepsMax: 10_000 })
    const world = new World(sim, observer)
    const verdict = build(world)
    sim.run(1000)
    return world.stuck ? 'deadlock' : verdict()
  }
}

const fine = (): null => null

/** `n` processes of `k` steps that touch nothing in common. */
export function independent(n: number, k: number): System {
  return system((world) => {
    for (let i = 0; i < n; i++) {
      const own = new Cell(world)
      world.start(function* () {
        for (let step = 0; step < k; step++) {
          if (step > 0) yield Req.POINT
          own.write(step)
        }
      })
    }
    return fine
  })
}

/** Straight-line programs: of each step the object and whether it is written. */
export type Line = readonly (readonly [object: number, write: boolean])[]

export function straightLines(lines: readonly Line[], objects: number): System {
  return system((world) => {
    const cells = Array.from({ length: objects }, () => new Cell(world))
    for (const line of lines) {
      world.start(function* () {
        for (const [at, [object, write]] of line.entries()) {
          if (at > 0) yield Req.POINT
          const cell = cells[object] as Cell
          if (write) cell.write(at)
          else cell.read()
        }
      })
    }
    return fine
  })
}

/** A waits for a flag by test, then sleep; B sets the flag and wakes between the two. */
export const lostWakeUp = system((world) => {
  const flag = new Cell(world)
  const asleep = new Cell(world)
  world.start(function* (self) {
    if (flag.read() === 1) return
    yield Req.POINT
    asleep.write(1)
    sleeper = self
    yield Req.BLOCK
  })
  let sleeper: FreeProcess | null = null
  world.start(function* () {
    flag.write(1)
    yield Req.POINT
    if (asleep.read() === 1) sleeper?.wake()
  })
  return fine
})

export const abba = system((world) => {
  const a = new Lock(world)
  const b = new Lock(world)
  const both = (first: Lock, second: Lock) =>
    function* (self: FreeProcess): Proc {
      yield* first.acquire(self)
      yield* second.acquire(self)
      yield* second.release()
      yield* first.release()
    }
  world.start(both(a, b))
  world.start(both(b, a))
  return fine
})

/** Lazy initialisation whose flag is published before the value. */
export const doubleCheckedFlag = system((world) => {
  const flag = new Cell(world)
  const value = new Cell(world)
  const lock = new Lock(world)
  let seen = 1
  for (let i = 0; i < 2; i++) {
    world.start(function* (self) {
      if (flag.read() === 0) {
        yield* lock.acquire(self)
        yield Req.POINT
        if (flag.read() === 0) {
          yield Req.POINT
          flag.write(1)
          yield Req.POINT
          value.write(1)
        }
        yield* lock.release()
      }
      yield Req.POINT
      seen = Math.min(seen, value.read())
    })
  }
  return () => (seen === 1 ? null : 'used before it was initialised')
})

/** Two transfers that read, add and write without a lock. */
export const bankTransfer = system((world) => {
  const account = new Cell(world, 100)
  for (const amount of [10, 20]) {
    world.start(function* () {
      const before = account.read()
      yield Req.POINT
      account.write(before + amount)
    })
  }
  return () => (account.value === 130 ? null : 'money was lost')
})

export function philosophers(n: number): System {
  return system((world) => {
    const forks = Array.from({ length: n }, () => new Lock(world))
    for (let i = 0; i < n; i++) {
      const left = forks[i] as Lock
      const right = forks[(i + 1) % n] as Lock
      world.start(function* (self) {
        yield* left.acquire(self)
        yield* right.acquire(self)
        yield* right.release()
        yield* left.release()
      })
    }
    return fine
  })
}

/** A fair reader-writer lock: a reader that nests behind a waiting writer waits for itself. */
export const readerWriterReader = system((world) => {
  const id = world.object()
  let readers = 0
  let writer = false
  const queue: { self: FreeProcess; write: boolean; granted: boolean }[] = []
  const admit = (): void => {
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      if (head.write ? readers > 0 || writer : writer) return
      queue.shift()
      head.granted = true
      if (head.write) writer = true
      else readers++
      head.self.wake()
    }
  }
  function* lock(self: FreeProcess, write: boolean): Proc {
    yield Req.POINT
    world.observer.access(id, true)
    const entry = { self, write, granted: false }
    queue.push(entry)
    admit()
    while (!entry.granted) yield Req.BLOCK
  }
  function* unlock(write: boolean): Proc {
    yield Req.POINT
    world.observer.access(id, true)
    if (write) writer = false
    else readers--
    admit()
  }
  world.start(function* (self) {
    yield* lock(self, false)
    yield* lock(self, false)
    yield* unlock(false)
    yield* unlock(false)
  })
  world.start(function* (self) {
    yield* lock(self, true)
    yield* unlock(true)
  })
  return fine
})
