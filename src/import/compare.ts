/**
 * Where a simulated run differs from a captured one: one line for each difference, none when they
 * agree. Order, who does what, verdicts and what a drained or overrun stream leaves behind must be
 * equal. What depends on where in QEMU's tick a client or the host happened to be may differ by the
 * one message that falls to one or the other side of it; the reasons stand at the limits.
 */
import type { Capture } from './capture.ts'
import type { Facts, InFlight, Side, SideFacts } from './facts.ts'

export function differences(capture: Capture, got: Facts, results: readonly string[]): string[] {
  const want = capture.facts
  const found: string[] = []
  const equal = (what: string, captured: unknown, simulated: unknown): void => {
    const [a, b] = [JSON.stringify(captured), JSON.stringify(simulated)]
    if (a !== b) found.push(`${what}: captured ${a}, simulated ${b}`)
  }
  const words = (facts: Facts): string[] =>
    facts.control.map(([code, by, ok]) => told(code, by, ok))
  equal('control messages', words(want).join(' '), words(got).join(' '))
  equal('triggers', want.triggers.join(' '), got.triggers.join(' '))
  equal('xruns', want.xruns.length, got.xruns.length)
  equal(
    'who declares xruns',
    want.xruns.map(([by]) => by).join(),
    got.xruns.map(([by]) => by).join(),
  )
  equal(
    'where xruns are',
    want.xruns.map(([, at]) => at).join(),
    got.xruns.map(([, at]) => at).join(),
  )
  equal('who calls period-elapsed', Object.keys(want.elapsedBy), Object.keys(got.elapsedBy))
  for (const side of ['tx', 'rx'] as const) {
    const [a, b] = [want.sides[side], got.sides[side]]
    equal(`${side}: is used`, a !== undefined, b !== undefined)
    if (a !== undefined && b !== undefined) {
      found.push(...sideDifferences(side, capture, a, b), ...progress(side, capture, a, got))
    }
  }
  found.push(
    ...histogram('messages an interrupt', want.perInterrupt, got.perInterrupt, chanceOf(capture)),
  )
  found.push(...callDifferences(capture, results))
  return found
}

/** Keys in the order of code points. */
function wordsOf(counts: Histogram): readonly string[] {
  return Object.keys(counts).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

function told(code: string, by: string, ok: boolean): string {
  return `${code}${by === 'client' ? '' : `/${by}`}${ok ? '' : '!'}`
}

function sideDifferences(
  side: Side,
  capture: Capture,
  want: SideFacts,
  got: SideFacts,
): readonly string[] {
  const found: string[] = []
  const chance = chanceOf(capture)
  // A killed client may have been about to write one message more, for each time.
  const kills = capture.programs.filter((one) => one.killedAfterMs !== null).length
  const count = (what: string, a: number, b: number, slack: number): void => {
    if (Math.abs(a - b) > slack) found.push(`${side}: ${what}: captured ${a}, simulated ${b}`)
  }
  if (want.sent !== null) count('messages sent', want.sent, got.sent ?? 0, kills)
  count('messages completed', want.completed, got.completed, kills)
  if (want.inFlight !== null) found.push(...flightDifferences(side, want, got))
  if (want.senders !== null) {
    const [a, b] = [wordsOf(want.senders), wordsOf(got.senders ?? {})]
    if (a.join() !== b.join()) found.push(`${side}: sent by: captured ${a}, simulated ${b}`)
  }
  found.push(...histogram(`${side}: batches of the device`, sizes(want), sizes(got), chance))
  const [first, simulated] = [want.batches[0]?.[1], got.batches[0]?.[1]]
  if (first !== simulated) {
    found.push(`${side}: first batch: captured ${first}, simulated ${simulated}`)
  }
  const races = racesOf(capture, want) + chance
  found.push(...histogram(`${side}: hw_ptr steps`, steps(want), steps(got), races))
  const slack = Math.max(4, 0.05 * want.moves.elapsed) + races
  count('moves of hw_ptr in the elapsed call', want.moves.elapsed, got.moves.elapsed, slack)
  count('moves of hw_ptr elsewhere', want.moves.other, got.moves.other, slack)
  return found
}

/**
 * START finds what the client wrote. A later request may fall before or after a tick, and a tick
 * may fall between a request and its answer.
 */
function flightDifferences(side: Side, want: SideFacts, got: SideFacts): readonly string[] {
  const found: string[] = []
  for (const code of ['START', 'STOP', 'RELEASE']) {
    const a = want.inFlight?.[code] ?? []
    const b = got.inFlight?.[code] ?? []
    const slack = code === 'START' ? 0 : 1
    const near = (x: InFlight, y: InFlight | undefined): boolean =>
      y !== undefined && Math.abs(x[0] - y[0]) <= slack && Math.abs(x[1] - y[1]) <= 1
    if (a.length === b.length && a.every((one, i) => near(one, b[i]))) continue
    found.push(`${side}: in flight at ${code}: captured ${show(a)}, simulated ${show(b)}`)
  }
  return found
}

function show(flights: readonly InFlight[]): string {
  return flights
    .map(([before, after]) => (before === after ? `${before}` : `${before}>${after}`))
    .join(' ')
}

/**
 * What chance adds. A client that stops the stream within a millisecond of a batch: the work item
 * of that batch may or may not have run when the stop cancels it. A replayed client sleeps until
 * the captured call was made; the captured one was runnable half a millisecond before, and where
 * that was before the interrupt, it ran before the work item.
 */
function racesOf({ facts }: Capture, { batches }: SideFacts): number {
  const soon = ([, stop]: readonly [number, number]): boolean =>
    batches.some(([t]) => t < stop && t > stop - 1)
  return facts.spans.filter(soon).length
}

/**
 * On a loaded host it is chance which ticks are late, and each late tick makes one batch of two of
 * what were two of one: where the former may differ by four, the latter may by eight.
 */
function chanceOf({ machine }: Capture): number {
  return machine.hostHogs.length === 0 ? 0 : LEAST
}

/** What every count may differ by. */
const LEAST = 4

type Histogram = Readonly<Record<string, number>>

function sizes({ batches }: SideFacts): Histogram {
  return tally(batches.map(([, n]) => n))
}

function steps({ elapsedSteps }: SideFacts): Histogram {
  return tally(elapsedSteps)
}

function tally(values: readonly number[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const value of values) found[value] = (found[value] ?? 0) + 1
  return found
}

/**
 * The ticks of two runs are not late by the same microseconds, so that a doubled batch comes some
 * ticks earlier or later, or once more in a run: 2 % of the batches, at least four.
 */
function histogram(what: string, want: Histogram, got: Histogram, chance = 0): readonly string[] {
  const found: string[] = []
  for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
    const [a, b] = [want[key] ?? 0, got[key] ?? 0]
    if (Math.abs(a - b) > Math.max(LEAST + chance, 0.02 * a)) {
      found.push(`${what}: of ${key}: captured ${a}, simulated ${b}`)
    }
  }
  return found
}

/**
 * While a stream runs, as many messages have come back at the time of each captured batch, give or
 * take those of the tick that may lie before or after it in the other run.
 */
function progress(side: Side, capture: Capture, want: SideFacts, got: Facts): readonly string[] {
  const largest = Math.max(...want.batches.map(([, n]) => n), 1)
  return capture.facts.spans.flatMap(([start, stop], i) => {
    const other = got.spans[i]
    if (other === undefined) return []
    const lengthMs = Math.min(stop - start, other[1] - other[0])
    const captured = within(want, start, lengthMs)
    const simulated = within(got.sides[side] as SideFacts, other[0], lengthMs)
    const worst = furthest(captured, simulated)
    if (worst.off <= largest) return []
    return [
      `${side}: run ${i}: ${worst.off} messages ahead or behind after ${worst.t.toFixed(1)} ms`,
    ]
  })
}

type Batches = readonly (readonly [tMs: number, count: number])[]

function within({ batches }: SideFacts, startMs: number, lengthMs: number): Batches {
  const inside = batches.filter(([t]) => t > startMs && t < startMs + lengthMs)
  return inside.map(([t, n]) => [t - startMs, n])
}

function furthest(captured: Batches, simulated: Batches): { off: number; t: number } {
  const worst = { off: 0, t: 0 }
  let ahead = 0
  let next = 0
  for (const [t, n] of captured) {
    ahead += n
    for (; next < simulated.length; next++) {
      const [at, count] = simulated[next] as readonly [number, number]
      if (at > t) break
      ahead -= count
    }
    if (Math.abs(ahead) > worst.off) Object.assign(worst, { off: Math.abs(ahead), t })
  }
  return worst
}

/** As many calls of each name came back well, and with each error, as in the capture. */
function callDifferences(capture: Capture, results: readonly string[]): readonly string[] {
  const made = capture.programs.flatMap((one) => one.steps)
  // Calls whose results were not captured are left out.
  const known = made.filter(({ call, ret }) => ret !== null && call !== 'poll')
  const names = new Set(known.map(({ call }) => call))
  // A transfer's error is in the capture, but not which.
  const named = new Set(known.filter(({ ret }) => /^-E/.test(`${ret}`)).map(({ call }) => call))
  const word = (call: string, ret: string): string => {
    if (!/^(-E|error)/.test(ret)) return `${call} well`
    return `${call} ${named.has(call) ? ret : 'with an error'}`
  }
  const want = tallyWords(known.map(({ call, ret }) => word(call, `${ret}`)))
  const got = tallyWords(
    results.flatMap((line) => {
      const [, call = '', ret = ''] = /^(\w+)\(.*\) = (.*)$/.exec(line) ?? []
      return names.has(call) ? [word(call, ret)] : []
    }),
  )
  // What a killed client had transferred is not in its log.
  const killed = capture.programs.some((one) => one.killedAfterMs !== null)
  const open = (key: string): boolean => killed && /^(writei|readi) well/.test(key)
  return [...new Set([...Object.keys(want), ...Object.keys(got)])].flatMap((key) => {
    const [a, b] = [want[key] ?? 0, got[key] ?? 0]
    if (a === b || open(key)) return []
    return [`calls: ${key}: captured ${a} times, simulated ${b} times`]
  })
}

function tallyWords(words: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const word of words) found[word] = (found[word] ?? 0) + 1
  return found
}
