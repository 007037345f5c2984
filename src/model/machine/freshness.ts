/**
 * What a device that reads a ring finds there, compared with what it should find. Codes are those
 * of CODES.fresh in the trace.
 */
import { Content } from './guest-buffer.ts'

export const Fresh = { fresh: 0, stale: 1, skipped: 2, silence: 3, freed: 5 } as const

/** A run that begins with frame `first` where frame `expected` (-1: any) should come next. */
export function freshnessOf(first: number, kind: number, expected: number): number {
  if (kind === Content.silence) return Fresh.silence
  if (expected < 0 || first === expected) return Fresh.fresh
  return first < expected ? Fresh.stale : Fresh.skipped
}
