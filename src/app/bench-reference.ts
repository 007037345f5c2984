/**
 * The loop that speeds are given in: a hold model of 64 entries on a binary heap of typed columns.
 * It shares no code with the core and must never be changed, because every recorded speed is a
 * ratio to it. Its check value is asserted, so that no compiler can leave it out.
 */
const SIZE = 64
const CHECK_OF_1000 = 8_106_617

export function referenceLoop(ops: number): number {
  const times = new Float64Array(SIZE)
  let state = 2463534242
  const draw = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return 1 + ((state >>> 8) & 0xfffff)
  }
  for (let i = 0; i < SIZE; i++) {
    let at = i
    const time = draw()
    for (; at > 0 && (times[(at - 1) >> 1] as number) > time; at = (at - 1) >> 1) {
      times[at] = times[(at - 1) >> 1] as number
    }
    times[at] = time
  }
  for (let i = 0; i < ops; i++) sink(times, (times[0] as number) + draw())
  return times[0] as number
}

/** Replaces the least entry. */
function sink(times: Float64Array, time: number): void {
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= SIZE) break
    if (child + 1 < SIZE && (times[child + 1] as number) < (times[child] as number)) child++
    if ((times[child] as number) >= time) break
    times[at] = times[child] as number
    at = child
  }
  times[at] = time
}

export function checkReference(): void {
  const got = referenceLoop(1_000)
  if (got !== CHECK_OF_1000) throw new Error(`the reference loop gave ${got}`)
}
