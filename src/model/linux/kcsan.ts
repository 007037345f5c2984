/**
 * Shared variables whose accesses are recorded, for the detector of data races. A run records them
 * only when asked (Trace.accesses); otherwise a declaration does nothing and costs nothing.
 * Kernel: kernel/kcsan/, 6.1; there the compiler instruments every access.
 */
import {
  ACCESS_DATA_RACE,
  ACCESS_MARKED,
  ACCESS_SAME,
  ACCESS_WRITE,
} from '../../sim/access-flags.ts'
import { T } from '../../sim/trace.ts'
import type { Kernel } from './kernel.ts'

/**
 * Declares fields of an object as shared: from now on each read and write of them is recorded.
 * `marked`: all of them as by READ_ONCE() and WRITE_ONCE(), or an atomic_t.
 */
export function declareShared<O extends object>(
  k: Kernel,
  object: O,
  name: string,
  fields: readonly (keyof O & string)[],
  marked = false,
): void {
  const { trace } = k.sim
  if (!trace.accesses) return
  const mark = marked ? ACCESS_MARKED : 0
  for (const field of fields) {
    let value = object[field]
    const cell = trace.symbols.define('text', { name: `${name}->${field}` })
    Object.defineProperty(object, field, {
      enumerable: true,
      configurable: true,
      get: () => {
        if (trace.accesses) k.emit(T.access, cell, mark | trace.accessMark)
        return value
      },
      set: (next: O[typeof field]) => {
        const same = next === value ? ACCESS_SAME : 0
        if (trace.accesses) k.emit(T.access, cell, mark | trace.accessMark | ACCESS_WRITE | same)
        value = next
      },
    })
  }
}

/** A marked read. Kernel: READ_ONCE(). */
export function READ_ONCE<O extends object, F extends keyof O>(
  k: Kernel,
  object: O,
  field: F,
): O[F] {
  const { trace } = k.sim
  if (!trace.accesses) return object[field]
  return withMark(k, ACCESS_MARKED, () => object[field])
}

/** A marked write. Kernel: WRITE_ONCE(). */
export function WRITE_ONCE<O extends object, F extends keyof O>(
  k: Kernel,
  object: O,
  field: F,
  value: O[F],
): void {
  withMark(k, ACCESS_MARKED, () => {
    object[field] = value
  })
}

/** Accesses whose races are meant. Kernel: data_race(). */
export function data_race<V>(k: Kernel, access: () => V): V {
  return withMark(k, ACCESS_DATA_RACE, access)
}

function withMark<V>(k: Kernel, mark: number, access: () => V): V {
  const { trace } = k.sim
  const was = trace.accessMark
  trace.accessMark = was | mark
  const value = access()
  trace.accessMark = was
  return value
}

/**
 * A read that the kernel makes otherwise, such as under a lock, or not at all, such as for one of
 * our records, and that is not to be recorded.
 */
export function unrecorded<V>(k: Kernel, read: () => V): V {
  const { trace } = k.sim
  const was = trace.accesses
  trace.accesses = false
  const value = read()
  trace.accesses = was
  return value
}
