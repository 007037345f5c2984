/**
 * The clock of a sound card, reckoned from readings of it that come seldom and with noise: the
 * gradient of the last readings by linear regression, and a cubic from where it was thought to be
 * to where it will be. Modelled on PulseAudio's src/pulsecore/time-smoother.c, which it follows
 * step by step. `x` is the system's time, `y` the card's, both whole us.
 */
const HISTORY_MAX = 64

export interface SmootherOptions {
  /** So long it takes to come back on track after a reading. */
  readonly adjustUs: number
  /** Readings older than this do not count, as long as there are enough others. */
  readonly historyUs: number
  /** Fewer readings than this tell no gradient: it is 1. */
  readonly historyMin: number
}

/** A point of the estimate, and its gradient there. */
interface Estimate {
  readonly y: number
  readonly gradient: number
}

/** Half to even, as llrint() does. */
function llrint(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** Kernel: none. Library: struct pa_smoother; monotonic, smoothing. */
export class TimeSmoother {
  private readonly options: SmootherOptions
  /** Where it is to be on track again, and how steep. */
  private px = 0
  private py = 0
  private dp = 1
  /** Where it was thought to be at the last reading, how steep, and what was read. */
  private ex = 0
  private ey = 0
  private de = 1
  private ry = 0
  private readonly history: { readonly x: number; y: number }[] = []
  private lastX = 0
  private lastY = 0
  private timeOffset: number
  private pausedAt: number | null

  /** Paused from the beginning, at `nowUs`. Library: pa_smoother_new(). */
  constructor(options: SmootherOptions, nowUs: number) {
    this.options = options
    this.timeOffset = nowUs
    this.pausedAt = nowUs
  }

  /** Time stands still for it. Library: pa_smoother_pause(). */
  pause(xUs: number): void {
    this.pausedAt ??= xUs
  }

  /** Goes on, at the last reading at once. Library: pa_smoother_resume(), with fix_now. */
  resume(xUs: number): void {
    const { pausedAt } = this
    if (pausedAt === null) return
    this.timeOffset += Math.max(xUs, pausedAt) - pausedAt
    this.pausedAt = null
    this.px = this.ex
    this.py = this.ry
  }

  /** A reading: at `xUs` the card was at `yUs`. Library: pa_smoother_put(). */
  put(xUs: number, yUs: number): void {
    const x = this.local(xUs)
    if (x >= this.ex) {
      const { y, gradient } = this.estimate(x)
      this.ex = x
      this.ey = y
      this.de = gradient
      this.ry = yUs
    }
    this.remember(x, yUs)
    this.dp = this.gradient()
    this.px = this.ex + this.options.adjustUs
    this.py = this.ry + llrint(this.dp * this.options.adjustUs)
  }

  /** The card's time at `xUs`; never goes back. Library: pa_smoother_get(). */
  get(xUs: number): number {
    const x = Math.max(this.local(xUs), this.lastX)
    this.lastX = x
    this.lastY = Math.max(this.lastY, this.estimate(x).y)
    return this.lastY
  }

  /**
   * How long the card's `delayUs` take by the system's clock, from `xUs` on: by the steeper of the
   * two gradients, so that who sleeps so long wakes up rather early. Library:
   * pa_smoother_translate().
   */
  translate(xUs: number, delayUs: number): number {
    const { gradient } = this.estimate(this.local(xUs))
    return llrint(delayUs / Math.max(gradient, this.dp))
  }

  private local(xUs: number): number {
    const x = this.pausedAt ?? xUs
    return x >= this.timeOffset ? x - this.timeOffset : 0
  }

  /** Library: add_to_history(), drop_old(). */
  private remember(x: number, y: number): void {
    const { history, options } = this
    const same = history.find((one) => one.x === x)
    if (same !== undefined) {
      same.y = y
      return
    }
    while (history.length > options.historyMin) {
      if ((history[0] as { x: number }).x + options.historyUs >= x) break
      history.shift()
    }
    history.push({ x, y })
    if (history.length > HISTORY_MAX) history.shift()
  }

  /** Library: avg_gradient(). */
  private gradient(): number {
    const { history } = this
    if (history.length < this.options.historyMin) return 1
    let ax = 0
    let ay = 0
    for (const { x, y } of history) {
      ax += x
      ay += y
    }
    ax = Math.trunc(ax / history.length)
    ay = Math.trunc(ay / history.length)
    let k = 0
    let t = 0
    for (const { x, y } of history) {
      k += (x - ax) * (y - ay)
      t += (x - ax) * (x - ax)
    }
    const r = k / t
    return r < 0 ? 0 : r
  }

  /** Library: estimate(), calc_abc(). */
  private estimate(x: number): Estimate {
    const { px, py, dp, ex, ey, de } = this
    if (x >= px) return { y: Math.max(0, py + llrint(dp * (x - px))), gradient: dp }
    if (x <= ex) return { y: Math.max(0, ey - llrint(de * (ex - x))), gradient: de }
    const kx = px - ex
    const ky = py - ey
    const b = ((3 * ky) / kx - dp - 2 * de) / kx
    const a = (dp / kx - 2 * b - de / kx) / (3 * kx)
    const tx = x - ex
    const y = tx * (de + tx * (b + tx * a)) + ey
    const gradient = de + tx * (b * 2 + tx * a * 3)
    return { y: y >= 0 ? llrint(y) : 0, gradient: Math.max(0, gradient) }
  }
}
