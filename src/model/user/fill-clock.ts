/**
 * When a PipeWire node looks at its ring next, and how much its resampler moves then: the error of
 * the fill drives a delay-locked loop. A node that drives the graph corrects its wake-ups and moves
 * whole quanta; one that follows another clock wakes with the graph and corrects its rate. Modelled
 * on update_time() of spa/plugins/alsa/alsa-pcm.c. Errors and fills are frames, times ns.
 */
import { type Frames, framesToNsFloor, NS_PER_SEC, type Ns } from '../../base/units.ts'
import { DLL_BW_MAX, DLL_BW_MIN, Dll } from './dll.ts'

const MAX_ERROR_MIN = 256
const BANDWIDTH_EVERY_NS = 3 * NS_PER_SEC

export class FillClock {
  readonly quantum: Frames
  readonly target: Frames
  readonly follower: boolean
  /** Time of the next wake-up. */
  nextNs: Ns = 0
  /** Beyond this the loop gives up, and frames are dropped or put in. */
  readonly maxResync: Frames
  private readonly maxError: Frames
  private readonly rate: number
  private readonly dll = new Dll()
  private narrowAtNs: Ns = 0
  private corr = 1
  /** What the resampler still owes, below one frame. */
  private rest = 0

  constructor(quantum: Frames, target: Frames, headroom: Frames, rate: number, follower: boolean) {
    this.quantum = quantum
    this.target = target
    this.rate = rate
    this.follower = follower
    this.maxError = Math.max(MAX_ERROR_MIN, Math.floor((quantum + headroom) / 2))
    this.maxResync = Math.min(quantum + headroom, this.maxError)
  }

  /** From the beginning, first to wake up at `nextNs`. */
  restart(nowNs: Ns, nextNs: Ns): void {
    this.dll.reset()
    this.dll.setBandwidth(DLL_BW_MAX, this.quantum, this.rate)
    this.corr = 1
    this.rest = 0
    this.nextNs = nextNs
    this.narrowAtNs = nowNs + BANDWIDTH_EVERY_NS
  }

  /** After frames were dropped or put in. */
  resync(): void {
    this.dll.reset()
  }

  /** Takes the error of the fill: positive, the device was slower than this clock. */
  update(err: Frames, nowNs: Ns): void {
    const { dll, maxError, quantum, rate } = this
    this.corr = dll.update(Math.max(-maxError, Math.min(maxError, err)))
    if (nowNs >= this.narrowAtNs) {
      this.narrowAtNs = nowNs + BANDWIDTH_EVERY_NS
      dll.setBandwidth(Math.max(DLL_BW_MIN, dll.bandwidth / 2), quantum, rate)
    }
    const cycleNs = framesToNsFloor(quantum, rate)
    this.nextNs += this.follower ? cycleNs : Math.round(cycleNs / this.corr)
    // After a long absence it goes on from here instead of catching up.
    if (this.nextNs < nowNs) this.nextNs = nowNs
  }

  /** Frames of the device that this cycle moves. */
  cycleFrames(): Frames {
    if (!this.follower) return this.quantum
    this.rest += this.quantum * this.corr
    const frames = Math.floor(this.rest)
    this.rest -= frames
    return frames
  }
}
