/**
 * Where two runs part: the first record that differs, and lane by lane the first that differs in
 * what it says, whatever its time. Lanes are aligned by the order of their records. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { T, TraceRecord } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import { ARGUMENT_FIELDS, ARGUMENTS, EVENT_NAMES, isSymbolTable } from '../../sim/trace-labels.ts'
import type { TraceStore } from '../../sim/trace-store.ts'

export interface Side {
  readonly timeNs: Ns
  readonly record: number
  /** The record in words, as the kernel's trace shows one. */
  readonly text: string
}

export interface Divergence {
  readonly lane: string
  /** Records of the lane before it that are alike. */
  readonly alike: number
  /** Null: that run's lane has ended. */
  readonly a: Side | null
  readonly b: Side | null
}

/** From the outside in: what the scenario does, what the client asks, what core and device do. */
const LANES: readonly (readonly [name: string, kinds: readonly number[]])[] = [
  ['faults', [T.fault]],
  ['calls', [T.syscall_enter, T.syscall_exit]],
  ['transfers', [T.snd_pcm_transfer]],
  ['states', [T.snd_pcm_state, T.snd_pcm_trigger, T.snd_pcm_xrun]],
  ['pointer', [T.snd_pcm_hwptr]],
  ['device', [T.audio_copy]],
]

/** Null where the two are alike to the end. */
export function firstDivergence(a: TraceStore, b: TraceStore): Divergence | null {
  const [ra, rb] = [new TraceRecord(), new TraceRecord()]
  const most = Math.min(a.length, b.length)
  for (let i = 0; i < most; i++) {
    a.at(i, ra)
    b.at(i, rb)
    if (ra.timeNs === rb.timeNs && textOf(a, ra) === textOf(b, rb)) continue
    return { lane: 'all records', alike: i, a: sideOf(a, ra), b: sideOf(b, rb) }
  }
  if (a.length === b.length) return null
  const longer = a.length > b.length ? a : b
  const side = sideOf(longer, longer.at(most, ra))
  return {
    lane: 'all records',
    alike: most,
    a: longer === a ? side : null,
    b: longer === b ? side : null,
  }
}

export function laneDivergences(a: TraceStore, b: TraceStore): readonly Divergence[] {
  const [own, other] = [laneRecords(a), laneRecords(b)]
  return LANES.flatMap(([lane], n) => {
    const [left, right] = [own[n] ?? [], other[n] ?? []]
    const most = Math.max(left.length, right.length)
    for (let i = 0; i < most; i++) {
      const [one, two] = [sideAt(a, left[i]), sideAt(b, right[i])]
      if (one?.text === two?.text) continue
      return [{ lane, alike: i, a: one, b: two }]
    }
    return []
  })
}

function laneRecords(store: TraceStore): readonly (readonly number[])[] {
  const lists = LANES.map((): number[] => [])
  const laneOf: number[] = []
  for (const [n, [, kinds]] of LANES.entries()) for (const kind of kinds) laneOf[kind] = n
  store.replay({
    record: (r) => {
      const lane = laneOf[r.kind]
      if (lane !== undefined) lists[lane]?.push(r.index)
    },
  })
  return lists
}

function sideAt(store: TraceStore, index: number | undefined): Side | null {
  return index === undefined ? null : sideOf(store, store.at(index, new TraceRecord()))
}

function sideOf(store: TraceStore, r: TraceRecord): Side {
  return { timeNs: r.timeNs, record: r.index, text: textOf(store, r) }
}

function textOf({ symbols }: TraceStore, r: TraceRecord): string {
  const args = (ARGUMENTS[r.kind] ?? []).map(({ name, type }, i) => {
    const number = r[ARGUMENT_FIELDS[i] as 'a']
    const known = isSymbolTable(type) ? symbols.entries(type)[number]?.name : CODES[type]?.[number]
    return `${name}=${known ?? number}`
  })
  const who = symbols.entries('ctx')[r.context]?.name ?? ''
  return `${who}: ${EVENT_NAMES[r.kind]}: ${args.join(' ')}`.trimEnd()
}
