/** A line that says how far a benchmark is and how long it will still take, on a terminal only. */
import type { Output } from './Runner.ts'

const WIDTH = 20

export class ProgressBar {
  private readonly total: number
  private readonly output: Output
  private readonly startMs = performance.now()
  private count = 0

  constructor(total: number, output: Output) {
    this.total = total
    this.output = output
  }

  done(what: string): void {
    this.count++
    const share = Math.min(1, this.count / this.total)
    const filled = Math.round(share * WIDTH)
    const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`
    const leftMs = ((performance.now() - this.startMs) / this.count) * (this.total - this.count)
    const left = `${timeLeft(Math.max(0, leftMs) / 1_000)} left`
    this.output.progress(`[${bar}] ${this.count} of ${this.total}, ${left}: ${what}`.slice(0, 78))
  }

  finish(): void {
    this.output.progress('')
  }
}

export function timeLeft(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}
