/** Numbers and columns of the text report. Times come in as nanoseconds. */
const scales: readonly (readonly [unit: string, ns: number])[] = [
  ['s', 1_000_000_000],
  ['ms', 1_000_000],
  ['us', 1_000],
]

/** Four significant digits: `10.15ms`, `1.500s`, `850ns`. Exact values are in result.json. */
export function shortDuration(ns: number): string {
  const magnitude = Math.abs(ns)
  const found = scales.find(([, scale]) => magnitude >= scale)
  if (found === undefined) return `${ns}ns`
  const [unit, scale] = found
  const whole = Math.floor(magnitude / scale)
  const digits = Math.max(0, 4 - String(whole).length)
  return `${ns < 0 ? '-' : ''}${(magnitude / scale).toFixed(digits)}${unit}`
}

/** Seconds and microseconds as dmesg prints them: `[    1.234567]`. */
export function kernelTime(ns: number): string {
  const us = Math.floor(ns / 1_000)
  const seconds = String(Math.floor(us / 1_000_000)).padStart(5)
  return `[${seconds}.${String(us % 1_000_000).padStart(6, '0')}]`
}

export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : many}`
}

/** A table of texts: the first column to the left, the others to the right, two spaces between. */
export function table(rows: readonly (readonly string[])[], indent: string): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => {
      const width = widths[i] ?? 0
      return i === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `${indent}${cells.join('  ')}`.trimEnd()
  })
}

/** Lists longer than this are cut, with a count of the rest. */
export const listMax = 12

export function cut(lines: readonly string[], max: number): readonly string[] {
  const more = lines.length - max
  return more <= 1 ? lines : [...lines.slice(0, max), `    ... and ${more} more`]
}
