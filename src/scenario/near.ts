/**
 * "Did you mean": the nearest of the allowed words by edit distance, if one is near enough to be a
 * slip of the fingers rather than another word. Another number is another thing: `v8` is no slip
 * for `v5`.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  const slipsMax = word.length <= 4 ? 1 : Math.max(2, Math.ceil(word.length / 3))
  let bestDistance = slipsMax + 1
  const lower = word.toLowerCase()
  const longer = candidates.filter((one) => one.toLowerCase().startsWith(lower))
  if (word.length >= 2 && longer.length === 1) return longer[0]
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    if (isOtherNumber(lower, candidate.toLowerCase())) continue
    const distance = editDistance(lower, candidate.toLowerCase())
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Whether only digits differ, and are not the same ones in another order. */
function isOtherNumber(a: string, b: string): boolean {
  const digits = (text: string): string =>
    [...text.replaceAll(/\D/g, '')].sort((x, y) => Number(x) - Number(y)).join('')
  return a.replaceAll(/\d/g, '') === b.replaceAll(/\d/g, '') && digits(a) !== digits(b)
}

/** Insertions, deletions, substitutions and swaps of neighbours each count one. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}

/** `, did you mean 'x'?` or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates)
  return near === undefined ? '' : `, did you mean '${near}'?`
}
