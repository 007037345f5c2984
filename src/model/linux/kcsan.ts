/**
 * Shared variables whose accesses are recorded, for the detector of data races. A run records them
 * only when asked (Trace.accesses); otherwise a declaration does nothing and costs nothing.
 * Kernel: kernel/kcsan/, 6.1; there the compiler instruments every access.
 */
import { T } from '../../sim/trace.ts'
import type { Kernel } from './kernel.ts'

/** Bits of an access record. */
const WRITE = 1
const MARKED = 2

/**
 * Declares fields of an object as shared: from now on each read and write of them is recorded.
 * `marked`: as by READ_ONCE() and WRITE_ONCE(), or an atomic_t.
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
  const mark = marked ? MARKED : 0
  for (const field of fields) {
    let value = object[field]
    const cell = trace.symbols.define('text', { name: `${name}->${field}` })
    Object.defineProperty(object, field, {
      enumerable: true,
      configurable: true,
      get: () => {
        if (trace.accesses) k.emit(T.access, cell, mark)
        return value
      },
      set: (next: O[typeof field]) => {
        if (trace.accesses) k.emit(T.access, cell, mark | WRITE)
        value = next
      },
    })
  }
}

/** A read that the kernel makes otherwise, such as under a lock, and that is not to be recorded. */
export function unrecorded<V>(k: Kernel, read: () => V): V {
  const { trace } = k.sim
  const was = trace.accesses
  trace.accesses = false
  const value = read()
  trace.accesses = was
  return value
}
