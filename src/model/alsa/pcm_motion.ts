/**
 * Steps 4 to 8 of the pointer update (domain/alsa-core.md §4): from a position in the ring to an
 * absolute one. Plain arithmetic of snd_pcm_update_hw_ptr0(), sound/core/pcm_lib.c, the same in 6.1
 * and 6.12. Positions are frames, ages jiffies.
 */
import type { Frames } from '../../base/units.ts'
import type { SndPcmRuntime } from './pcm_runtime.ts'

/** Where an update finds the pointer; plain numbers, refilled by every update of any stream. */
class Motion {
  hw_base: Frames = 0
  new_hw_ptr: Frames = 0
  delta: Frames = 0
  crossed_boundary = 0
}

/** Only used between two scheduling points, so one is enough. */
export const motion = new Motion()

/** The next ring pass. */
function advanceBase(runtime: SndPcmRuntime, m: Motion, pos: Frames): void {
  m.hw_base += runtime.buffer_size
  if (m.hw_base >= runtime.boundary) {
    m.hw_base = 0
    m.crossed_boundary++
  }
  m.new_hw_ptr = m.hw_base + pos
}

/** Whether a late interrupt without visible progress counts as a whole lost ring pass (step 5). */
function lostPass(runtime: SndPcmRuntime, m: Motion, curr_jiffies: number): boolean {
  if (runtime.hw_ptr_interrupt + runtime.period_size <= m.new_hw_ptr) return false
  const age = curr_jiffies - runtime.hw_ptr_jiffies
  return age > Math.floor(runtime.hw_ptr_buffer_jiffies / 2) + 1
}

/** Steps 4 to 8: the absolute position that belongs to `pos`. */
export function locate(
  runtime: SndPcmRuntime,
  hz: number,
  pos: Frames,
  in_interrupt: boolean,
  curr_jiffies: number,
): void {
  const m = motion
  const old_hw_ptr = runtime.status.hw_ptr
  m.hw_base = runtime.hw_ptr_base
  m.new_hw_ptr = m.hw_base + pos
  m.crossed_boundary = 0
  runtime.tookFalseWrap = in_interrupt && lostPass(runtime, m, curr_jiffies)
  // Step 6: a pointer before the old one has gone into the next pass.
  if (runtime.tookFalseWrap || m.new_hw_ptr < old_hw_ptr) advanceBase(runtime, m, pos)
  m.delta = m.new_hw_ptr - old_hw_ptr
  if (m.delta < 0) m.delta += runtime.boundary
  if (runtime.no_period_wakeup) addMissedPasses(runtime, m, hz, pos, curr_jiffies)
}

/** Step 8: without period interrupts whole passes may have gone unseen. */
function addMissedPasses(
  runtime: SndPcmRuntime,
  m: Motion,
  hz: number,
  pos: Frames,
  curr_jiffies: number,
): void {
  const age = curr_jiffies - runtime.hw_ptr_jiffies
  const halfBuffer = Math.floor(runtime.hw_ptr_buffer_jiffies / 2)
  if (age < halfBuffer) return
  let excess = age - Math.floor((m.delta * hz) / runtime.rate)
  // Differs: a buffer below one jiffy would make the kernel loop for ever.
  while (excess > halfBuffer + 1 && runtime.hw_ptr_buffer_jiffies > 0) {
    m.delta += runtime.buffer_size
    advanceBase(runtime, m, pos)
    excess -= runtime.hw_ptr_buffer_jiffies
  }
}
