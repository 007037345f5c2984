/**
 * The bodies of processes for representations.ts: every one waits again and again, and differs only
 * in what stands between the body and the wait. No two levels share a function, as in real code.
 *
 * Not a driver. Delays are in ns; a body runs until its driver stops asking.
 */
import type { Body, World } from './representations.ts'

export interface Charge {
  readonly kind: 'charge'
  readonly ns: number
}

export function* flat(world: World): Body {
  for (;;) yield world.delay()
}

export function* byField(world: World): Generator<void, void, void> {
  for (;;) {
    world.requestNs = world.delay()
    yield
  }
}

export function* byObject(world: World): Generator<Charge, void, void> {
  for (;;) yield { kind: 'charge', ns: world.delay() }
}

// Kept open: the innermost level loops, so each resume walks the whole chain.
export function* open1(world: World): Body {
  yield* flat(world)
}
function* open2(world: World): Body {
  yield* open1(world)
}
export function* open3(world: World): Body {
  yield* open2(world)
}
function* open4(world: World): Body {
  yield* open3(world)
}
function* open5(world: World): Body {
  yield* open4(world)
}
export function* open6(world: World): Body {
  yield* open5(world)
}

// Fresh: the body loops, so each wait makes the whole chain anew.
export function* repeat(world: World, call: (world: World) => Body): Body {
  for (;;) yield* call(world)
}
export function* fresh1(world: World): Body {
  yield world.delay()
}
function* fresh2(world: World): Body {
  yield* fresh1(world)
}
export function* fresh3(world: World): Body {
  yield* fresh2(world)
}
function* fresh4(world: World): Body {
  yield* fresh3(world)
}
function* fresh5(world: World): Body {
  yield* fresh4(world)
}
export function* fresh6(world: World): Body {
  yield* fresh5(world)
}

// Plain: functions that cannot wait answer how long their caller shall wait.
function plain1(world: World): number {
  return world.delay()
}
function plain2(world: World): number {
  return plain1(world)
}
function plain3(world: World): number {
  return plain2(world)
}
function plain4(world: World): number {
  return plain3(world)
}
function plain5(world: World): number {
  return plain4(world)
}
function plain6(world: World): number {
  return plain5(world)
}
export function* plainChain3(world: World): Body {
  for (;;) yield plain3(world)
}
export function* plainChain6(world: World): Body {
  for (;;) yield plain6(world)
}

/** A frame of the own call stack yields a delay, or the frame that it calls: the types are lost. */
export interface Frame extends Generator<number | Frame, void, void> {}

function* stackFlat(world: World): Frame {
  for (;;) yield world.delay()
}
function* stackOpen1(world: World): Frame {
  yield stackFlat(world)
}
function* stackOpen2(world: World): Frame {
  yield stackOpen1(world)
}
export function* stackOpen3(world: World): Frame {
  yield stackOpen2(world)
}
function* stackOpen4(world: World): Frame {
  yield stackOpen3(world)
}
function* stackOpen5(world: World): Frame {
  yield stackOpen4(world)
}
export function* stackOpen6(world: World): Frame {
  yield stackOpen5(world)
}

export function* stackRepeat(world: World, call: (world: World) => Frame): Frame {
  for (;;) yield call(world)
}
function* stackFresh1(world: World): Frame {
  yield world.delay()
}
function* stackFresh2(world: World): Frame {
  yield stackFresh1(world)
}
export function* stackFresh3(world: World): Frame {
  yield stackFresh2(world)
}
function* stackFresh4(world: World): Frame {
  yield stackFresh3(world)
}
function* stackFresh5(world: World): Frame {
  yield stackFresh4(world)
}
export function* stackFresh6(world: World): Frame {
  yield stackFresh5(world)
}

// Inline advance: a plain call lets time pass; only a wait that something else interrupts yields.
export function* inlineFlat(world: World): Body {
  for (;;) {
    const delayNs = world.delay()
    if (!world.tryAdvance(delayNs)) yield delayNs
  }
}
function* inlineOpen1(world: World): Body {
  yield* inlineFlat(world)
}
function* inlineOpen2(world: World): Body {
  yield* inlineOpen1(world)
}
export function* inlineOpen3(world: World): Body {
  yield* inlineOpen2(world)
}
function* inlineFresh1(world: World): Body {
  const delayNs = world.delay()
  if (!world.tryAdvance(delayNs)) yield delayNs
}
function* inlineFresh2(world: World): Body {
  yield* inlineFresh1(world)
}
export function* inlineFresh3(world: World): Body {
  yield* inlineFresh2(world)
}

/** The plain call comes first, at the outermost level; generators are made only for a real wait. */
export function* inlineTried3(world: World): Body {
  for (;;) {
    const delayNs = world.delay()
    if (!world.tryAdvance(delayNs)) yield* wait3(delayNs)
  }
}
function* wait1(delayNs: number): Body {
  yield delayNs
}
function* wait2(delayNs: number): Body {
  yield* wait1(delayNs)
}
function* wait3(delayNs: number): Body {
  yield* wait2(delayNs)
}
