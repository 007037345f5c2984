/**
 * The hold workload with every representation of a process that was a candidate for the core.
 *
 * Not the core: each is the least loop that can drive its kind of process. All draw the same delays
 * in the same order and must end at the same virtual time (ns). "Depth" is the number of `yield*`
 * calls below the body of the process; a plain generator has depth 0.
 */

import { type Case, Delays, type Outcome, type Shape } from '../../src/app/bench-workload.ts'
import * as chains from './chains.ts'
import { FourHole } from './heaps.ts'
import { type Entry, ObjectHeap } from './object-heap.ts'

/** A process body: it yields how long it waits, in ns. */
export type Body = Generator<number, void, void>

/** The clock, the queue and the count that all representations on typed columns share. */
export class World {
  readonly queue = new FourHole()
  nowNs = 0
  count = 0
  /** What a body asks for when it yields nothing and leaves the request here. */
  requestNs = 0
  /** False while bodies start: until all have asked, nobody can know that nothing else is due. */
  private started = false
  readonly limit: number
  private readonly delays: Delays

  constructor(shape: Shape, limit: number) {
    this.delays = new Delays(shape)
    this.limit = limit
  }

  delay(): number {
    return this.delays.next()
  }

  /** Takes the next event, if the run is not over: the id of its process, or -1. */
  next(): number {
    if (this.count >= this.limit) return -1
    const id = this.queue.pop()
    this.nowNs = this.queue.timeNs
    this.count++
    this.started = true
    return id
  }

  wait(delayNs: number, id: number): void {
    this.queue.push(this.nowNs + delayNs, 0, id)
  }

  /** Lets time pass in a plain call, when nothing else is due before or at that moment. */
  tryAdvance(delayNs: number): boolean {
    const untilNs = this.nowNs + delayNs
    if (!this.started || this.count >= this.limit) return false
    if (untilNs >= this.queue.nextTimeNs()) return false
    this.nowNs = untilNs
    this.count++
    return true
  }

  outcome(): Outcome {
    return { ops: this.count, check: this.nowNs }
  }
}

/** The bare heap loop: closures on a binary heap of objects. */
function callbackOnObjects(size: number, shape: Shape, ops: number): Outcome {
  const heap = new ObjectHeap<() => void>()
  const delays = new Delays(shape)
  let nowNs = 0
  const start = (): void => {
    const step = (): void => heap.add(nowNs + delays.next(), 0, step)
    step()
  }
  for (let id = 0; id < size; id++) start()
  for (let count = 0; count < ops; count++) {
    const entry = heap.take() as Entry<() => void>
    nowNs = entry.timeNs
    entry.payload()
  }
  return { ops, check: nowNs }
}

function callbackOnColumns(size: number, shape: Shape, ops: number): Outcome {
  const world = new World(shape, ops)
  const steps: (() => void)[] = []
  for (let id = 0; id < size; id++) steps.push(() => world.wait(world.delay(), id))
  const call = (id: number): void => (steps[id] as () => void)()
  for (let id = 0; id < size; id++) call(id)
  for (let id = world.next(); id >= 0; id = world.next()) call(id)
  return world.outcome()
}

/** Drives bodies that yield their delay. */
function generators(make: (world: World) => Body) {
  return (size: number, shape: Shape, ops: number): Outcome => {
    const world = new World(shape, ops)
    const bodies = Array.from({ length: size }, () => make(world))
    for (let id = 0; id < size; id++) resume(world, bodies[id] as Body, id)
    for (let id = world.next(); id >= 0; id = world.next()) resume(world, bodies[id] as Body, id)
    return world.outcome()
  }
}

function resume(world: World, body: Body, id: number): void {
  const step = body.next()
  if (step.done !== true) world.wait(step.value, id)
}

/** As above, but the request lies in a field and the body yields nothing. */
function generatorByField(size: number, shape: Shape, ops: number): Outcome {
  const world = new World(shape, ops)
  const bodies = Array.from({ length: size }, () => chains.byField(world))
  const step = (id: number): void => {
    ;(bodies[id] as Generator).next()
    world.wait(world.requestNs, id)
  }
  for (let id = 0; id < size; id++) step(id)
  for (let id = world.next(); id >= 0; id = world.next()) step(id)
  return world.outcome()
}

/** As above, but every request is a fresh object with a kind, the shape that reads best. */
function generatorByObject(size: number, shape: Shape, ops: number): Outcome {
  const world = new World(shape, ops)
  const bodies = Array.from({ length: size }, () => chains.byObject(world))
  const step = (id: number): void => {
    const result = (bodies[id] as Generator<chains.Charge, void, void>).next()
    if (result.done !== true && result.value.kind === 'charge') world.wait(result.value.ns, id)
  }
  for (let id = 0; id < size; id++) step(id)
  for (let id = world.next(); id >= 0; id = world.next()) step(id)
  return world.outcome()
}

/** An own call stack: a frame that yields a generator calls it; only the top frame is resumed. */
function ownStack(make: (world: World) => chains.Frame) {
  return (size: number, shape: Shape, ops: number): Outcome => {
    const world = new World(shape, ops)
    const stacks = Array.from({ length: size }, () => [make(world)])
    const step = (id: number): void => resumeStack(world, stacks[id] as chains.Frame[], id)
    for (let id = 0; id < size; id++) step(id)
    for (let id = world.next(); id >= 0; id = world.next()) step(id)
    return world.outcome()
  }
}

function resumeStack(world: World, stack: chains.Frame[], id: number): void {
  while (stack.length > 0) {
    const step = (stack[stack.length - 1] as chains.Frame).next()
    if (step.done === true) stack.pop()
    else if (typeof step.value === 'number') {
      world.wait(step.value, id)
      return
    } else stack.push(step.value)
  }
}

const kinds = {
  'callback, object heap': callbackOnObjects,
  'callback, columns': callbackOnColumns,
  generator: generators(chains.flat),
  'generator, request in a field': generatorByField,
  'generator, request object': generatorByObject,
  'nested open 1': generators(chains.open1),
  'nested open 3': generators(chains.open3),
  'nested open 6': generators(chains.open6),
  'fresh call 1': generators((world) => chains.repeat(world, chains.fresh1)),
  'fresh call 3': generators((world) => chains.repeat(world, chains.fresh3)),
  'fresh call 6': generators((world) => chains.repeat(world, chains.fresh6)),
  'plain calls 3': generators(chains.plainChain3),
  'plain calls 6': generators(chains.plainChain6),
  'own stack, open 3': ownStack(chains.stackOpen3),
  'own stack, open 6': ownStack(chains.stackOpen6),
  'own stack, fresh 3': ownStack((world) => chains.stackRepeat(world, chains.stackFresh3)),
  'own stack, fresh 6': ownStack((world) => chains.stackRepeat(world, chains.stackFresh6)),
  'inline advance': generators(chains.inlineFlat),
  'inline advance, open 3': generators(chains.inlineOpen3),
  'inline advance, fresh 3': generators((world) => chains.repeat(world, chains.inlineFresh3)),
  'inline advance, tried first, fresh 3': generators(chains.inlineTried3),
}

export const kindNames = Object.keys(kinds) as (keyof typeof kinds)[]
export type KindName = (typeof kindNames)[number]

export function hold(kind: KindName, size: number, shape: Shape): Case {
  return (ops) => kinds[kind](size, shape, ops)
}
