/**
 * A failing run as a few lines: who ran when, on which processor, in which function, holding which
 * locks. Begins with what was held back, keeps what others did to the same things meanwhile, ends
 * with the failure. A pure function of the recording. Times are printed in ms.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord, type TraceSink } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { ARGUMENTS, EVENT_NAMES } from '../sim/trace-labels.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { objectOf } from './objects.ts'

const LINES_MAX = 12

interface Line {
  readonly timeNs: Ns
  readonly text: string
  /** Lines of less weight go first when there are too many. */
  readonly weight: number
}

/** Six to twelve lines, fewer if less happened. `untilNs` is when the failure was noticed. */
export function scriptOf(
  store: TraceStore,
  failure: string,
  untilNs: Ns | null,
): readonly string[] {
  const teller = new Teller(store.symbols, untilNs ?? Number.POSITIVE_INFINITY)
  store.replay(teller)
  const kept = heaviest(teller.lines, LINES_MAX - 1)
  const end = `${ms(untilNs ?? teller.endNs)}  => ${failure}`
  return [...kept.map(({ timeNs, text }) => `${ms(timeNs)}  ${text}`), end]
}

/** What moves data and wakes tells more than a lock that nobody wanted. */
function weightOf(kind: number): number {
  if (kind === T.lock_contended) return 95
  if (kind === T.lock_acquire) return 20
  if (kind === T.lock_release || kind === T.lock_acquired) return 10
  return 50
}

function heaviest(lines: readonly Line[], most: number): readonly Line[] {
  const ranked = lines.map((line, at) => ({ line, at }))
  const best = ranked.toSorted((a, b) => b.line.weight - a.line.weight || b.at - a.at)
  const chosen = best.slice(0, most).toSorted((a, b) => a.at - b.at)
  return chosen.map(({ line }) => line)
}

function ms(ns: Ns): string {
  return `${(ns / 1_000_000).toFixed(6).padStart(12)} ms`
}

/** What each context is in the middle of, and the lines so far. */
class Teller implements TraceSink {
  readonly lines: Line[] = []
  endNs: Ns = 0
  private readonly symbols: Symbols
  private readonly untilNs: Ns
  /** Calls, callbacks, handlers and work items that each context is in, outermost first. */
  private readonly inside = new Map<number, string[]>()
  private readonly locks = new Map<number, number[]>()
  /** Contexts that were held back, and what they touched or waited for since. */
  private readonly held = new Map<number, Ns>()
  private readonly objects = new Set<number>()
  private readonly told = new Set<string>()

  constructor(symbols: Symbols, untilNs: Ns) {
    this.symbols = symbols
    this.untilNs = untilNs
  }

  record(r: TraceRecord): void {
    if (r.timeNs > this.untilNs) return
    this.endNs = r.timeNs
    // Told as it stands before: who takes a lock does not hold it yet.
    if (r.kind === T.held_back) this.tellHold(r)
    else if (r.kind === T.fault || r.kind === T.deadlock || r.kind === T.bug) this.tellText(r)
    else this.tellAccess(r)
    this.follow(r)
  }

  private tellHold(r: TraceRecord): void {
    const before = this.symbols.name('text', r.b)
    const held = `held back ${(r.a / 1_000_000).toFixed(3)} ms before ${before}`
    this.add(r, held, 100)
    this.held.set(r.context, r.timeNs)
    for (const lock of this.locks.get(r.context) ?? []) this.objects.add(lockObject(lock))
  }

  private tellText(r: TraceRecord): void {
    const text = this.symbols.name('text', r.kind === T.bug ? r.b : r.a)
    this.add(r, text.split('\n', 1)[0] ?? '', 90)
  }

  /** What conflicts with a context that was held back, told once for each context and thing. */
  private tellAccess(r: TraceRecord): void {
    if (this.held.size === 0) return
    const object = objectOf(r)
    if (object < 0) return
    if (this.held.has(r.context)) this.objects.add(object)
    const contended = r.kind === T.lock_contended
    if (!contended && !this.objects.has(object)) return
    const key = `${r.kind} ${r.context} ${object}`
    if (this.told.has(key)) return
    this.told.add(key)
    const first = ARGUMENTS[r.kind]?.[0]
    const name = first === undefined ? '' : this.symbols.name(first.type as 'lock', r.a)
    this.add(r, `${(EVENT_NAMES[r.kind] ?? '').split(':')[1]} ${name}`, weightOf(r.kind))
  }

  private add(r: TraceRecord, what: string, weight: number): void {
    const { symbols } = this
    const context = symbols.name('ctx', r.context)
    const cpu = r.cpu === 255 ? '' : ` on CPU ${r.cpu}`
    const stack = this.inside.get(r.context) ?? []
    const within = stack.length === 0 ? '' : `, in ${stack.join(' > ')}`
    const wanted = r.kind === T.lock_contended || r.kind === T.lock_release ? r.a : -1
    const locks = (this.locks.get(r.context) ?? [])
      .filter((one) => one !== wanted && symbols.entry('lock', one).kind !== 'map')
      .map((one) => symbols.name('lock', one))
    const holding = locks.length === 0 ? '' : `, holding ${locks.join(', ')}`
    this.lines.push({
      timeNs: r.timeNs,
      text: `${context}${cpu}: ${what}${within}${holding}`,
      weight,
    })
  }

  /** Keeps the stacks of calls and locks. */
  private follow(r: TraceRecord): void {
    switch (r.kind) {
      case T.lock_acquire:
        listOf(this.locks, r.context).push(r.a)
        break
      case T.lock_release:
        removeLast(listOf(this.locks, r.context), r.a)
        break
      case T.syscall_enter:
        this.enter(r, word('call', r.b))
        break
      case T.snd_pcm_op:
        this.enter(r, word('op', r.b))
        break
      case T.snd_pcm_trigger:
        this.enter(r, `trigger ${word('trigger', r.b)}`)
        break
      case T.irq_handler_entry:
        this.enter(r, `handler of ${this.symbols.name('irq', r.a)}`)
        break
      case T.workqueue_execute_start: {
        const { name, group } = this.symbols.entry('work', r.a)
        this.enter(r, group ?? name)
        break
      }
      case T.syscall_exit:
      case T.snd_pcm_op_done:
      case T.snd_pcm_trigger_done:
      case T.irq_handler_exit:
      case T.workqueue_execute_end:
        listOf(this.inside, r.context).pop()
        break
      default:
    }
  }

  private enter(r: TraceRecord, what: string): void {
    listOf(this.inside, r.context).push(what)
  }
}

function lockObject(lock: number): number {
  const r = { kind: T.lock_acquire, a: lock } as TraceRecord
  return objectOf(r)
}

function word(list: string, code: number): string {
  return CODES[list]?.[code] ?? String(code)
}

function listOf<V>(map: Map<number, V[]>, key: number): V[] {
  let list = map.get(key)
  if (list === undefined) {
    list = []
    map.set(key, list)
  }
  return list
}

function removeLast(list: number[], value: number): void {
  const at = list.lastIndexOf(value)
  if (at >= 0) list.splice(at, 1)
}
