/**
 * A small string hash (FNV-1a, 32 bits) for naming random streams. Not for fingerprints: those are
 * SHA-256 and are made outside the core.
 */
export function hash32(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193) >>> 0
  }
  return hash
}
