/** A run's fingerprint: SHA-256 of the canonical bytes of its records and symbols. */
import { createHash } from 'node:crypto'
import { fingerprintBytes } from '../sim/fingerprint-bytes.ts'
import type { TraceStore } from '../sim/trace-store.ts'

/** 64 hexadecimal digits; equal for equal runs on every machine. */
export function fingerprint(store: TraceStore): string {
  const hash = createHash('sha256')
  for (const bytes of fingerprintBytes(store)) hash.update(bytes)
  return hash.digest('hex')
}
