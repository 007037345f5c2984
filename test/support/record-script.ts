/** Records written by hand, for tests of folds: `script.add(timeNs, 'aplay', 'tick', 1)`. */
import { Symbols } from '../../src/sim/symbols.ts'
import { T, TraceRecord } from '../../src/sim/trace.ts'
import { CODES, type RecordName } from '../../src/sim/trace-kinds.ts'
import { TraceStore } from '../../src/sim/trace-store.ts'

export const code = (list: string, word: string): number => (CODES[list] ?? []).indexOf(word)

const CONTEXTS = [
  ['idle', 'idle', 'guest'],
  ['aplay', 'client', 'guest'],
  ['kworker', 'kworker', 'guest'],
  ['irq', 'hardirq', 'guest'],
  ['qemu', 'host', 'host'],
] as const

export type ContextName = (typeof CONTEXTS)[number][0]

export class RecordScript {
  readonly symbols = new Symbols()
  readonly store = new TraceStore(this.symbols)
  private readonly r = new TraceRecord()
  /** Processor of what is added next. */
  cpu = 0

  constructor() {
    for (const [name, kind, group] of CONTEXTS) this.symbols.define('ctx', { name, kind, group })
    this.symbols.define('stream', { name: 'pcmC0D0p', kind: 'playback' })
    this.symbols.define('work', { name: 'elapsed' })
    this.symbols.define('irq', { name: 'virtio0' })
    this.symbols.define('queue', { name: 'tx' })
  }

  ctx(name: ContextName): number {
    return CONTEXTS.findIndex(([known]) => known === name)
  }

  add(timeNs: number, context: ContextName, kind: RecordName, ...args: number[]): this {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args
    const head = { timeNs, kind: T[kind], cpu: this.cpu, context: this.ctx(context) }
    this.store.record(Object.assign(this.r, head, { a, b, c, d, e, f }))
    return this
  }

  /** Stream 0 with these parameters, started at `startNs` with hw_ptr 0. */
  started(startNs: number, period = 480, periods = 4): this {
    const size = period * periods
    return this.add(0, 'aplay', 'snd_pcm_hw_params', 0, 48_000, 2, 4, period, size)
      .add(0, 'aplay', 'snd_pcm_state', 0, code('state', 'OPEN'), code('state', 'PREPARED'))
      .add(startNs, 'aplay', 'snd_pcm_trigger', 0, code('trigger', 'START'))
      .add(startNs, 'aplay', 'snd_pcm_state', 0, 2, code('state', 'RUNNING'))
  }
}

/** The facts of a run that its records do not tell. */
export function metaOf(virtualTimeNs: number) {
  return {
    scenario: 'hand-made',
    variant: null,
    seed: 1,
    virtualTimeNs,
    outcome: 'completed' as const,
    fingerprint: '0'.repeat(64),
  }
}
