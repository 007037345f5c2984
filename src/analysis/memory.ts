/** Memory that was used after its owner gave it up. Leaks come with the models that can leak. */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'

export interface MemoryFault {
  readonly timeNs: Ns
  readonly kind: 'use-after-free' | 'leak' | 'freed-while-device-owns'
  readonly what: string
}

const FREED = (CODES.fresh as readonly string[]).indexOf('freed')
const USE_AFTER_FREE = (CODES.bug as readonly string[]).indexOf('use-after-free')
const FAULTS_MAX = 10_000

export class MemoryFold implements Fold<readonly MemoryFault[]> {
  readonly kinds = [T.audio_copy, T.bug]
  private readonly faults: MemoryFault[] = []
  private readonly symbols: Symbols

  constructor(symbols: Symbols) {
    this.symbols = symbols
  }

  record(r: TraceRecord): void {
    if (r.kind === T.bug) {
      if (r.a !== USE_AFTER_FREE) return
      this.add({ timeNs: r.timeNs, kind: 'use-after-free', what: this.symbols.name('text', r.b) })
    } else if (r.e === FREED) {
      const what = `ring of ${this.symbols.name('stream', r.a)}, ${r.c} frames at ${r.b}`
      this.add({ timeNs: r.timeNs, kind: 'freed-while-device-owns', what })
    }
  }

  finish(): readonly MemoryFault[] {
    return this.faults
  }

  private add(fault: MemoryFault): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(fault)
  }
}
