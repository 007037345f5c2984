/**
 * How far long work is: done, rate, time left, xruns so far. One line that changes on a terminal,
 * a line now and then in a log, events for programs.
 */
import { timeLeft } from './bench-progress.ts'

export type ProgressKind = 'terminal' | 'log' | 'json' | 'none'

export interface ProgressOutput {
  /** The line on a terminal; empty: away with it. */
  progress(text: string): void
  err(text: string): void
}

const everyMs: Readonly<Record<ProgressKind, number>> = {
  terminal: 100,
  log: 30_000,
  json: 1_000,
  none: Number.POSITIVE_INFINITY,
}

/** What is counted of results while they come; the first is told on a terminal too. */
export type Counts = Readonly<Record<string, number>>

export interface Counted {
  readonly unit: string
  readonly nothing: Counts
}

export class SweepProgress {
  private readonly total: number
  /** Known from an earlier run: they say nothing of the rate. */
  private readonly before: number
  private readonly kind: ProgressKind
  private readonly output: ProgressOutput
  private readonly startMs = performance.now()
  private toldMs = performance.now()
  private readonly unit: string
  private readonly sums: Record<string, number>
  private done = 0

  constructor(
    total: number,
    before: number,
    kind: ProgressKind,
    output: ProgressOutput,
    { unit, nothing }: Counted,
  ) {
    this.total = total
    this.before = before
    this.kind = kind
    this.output = output
    this.unit = unit
    this.sums = { ...nothing }
  }

  /** What earlier runs of the same sweep found. */
  remember(counts: Counts): void {
    for (const [name, count] of Object.entries(counts)) {
      this.sums[name] = (this.sums[name] ?? 0) + count
    }
  }

  add(results: readonly Counts[]): void {
    this.done += results.length
    for (const counts of results) this.remember(counts)
    const nowMs = performance.now()
    if (nowMs - this.toldMs < everyMs[this.kind]) return
    this.toldMs = nowMs
    this.tell('progress')
  }

  finish(): void {
    if (this.kind === 'terminal') this.output.progress('')
    else if (this.kind === 'json') this.tell('done')
    else if (this.kind === 'log' && performance.now() - this.startMs > everyMs.log) {
      this.tell('done')
    }
  }

  private tell(event: 'progress' | 'done'): void {
    const seconds = Math.max(1e-3, (performance.now() - this.startMs) / 1000)
    const rate = this.done / seconds
    const done = this.before + this.done
    const left = rate > 0 ? (this.total - done) / rate : 0
    const { total, unit, sums } = this
    if (this.kind === 'json') {
      const speed = { [`${unit}PerSecond`]: Math.round(rate * 10) / 10 }
      const facts = { event, done, total, ...speed, secondsLeft: Math.ceil(left), ...sums }
      this.output.err(`${JSON.stringify(facts)}\n`)
      return
    }
    const speed = rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)
    const [[name, sum] = ['', 0]] = Object.entries(sums)
    const far = `${done} of ${total} ${unit}, ${speed}/s, ${timeLeft(left)} left`
    const text = name === '' ? far : `${far}, ${sum} ${name}`
    if (this.kind === 'terminal') this.output.progress(text)
    else this.output.err(`pcmsim: ${text}\n`)
  }
}
