/** The runs of a guest buffer against an array with one cell for each frame. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Content, GuestBuffer, SILENT_INDEX } from '../../src/model/machine/guest-buffer.ts'

interface Cell {
  readonly index: number
  readonly atNs: number
  readonly kind: number
}

const FRAMES = 24

const operation = fc.record({
  kind: fc.constantFrom(Content.data, Content.silence),
  offset: fc.nat(FRAMES - 1),
  frames: fc.nat(FRAMES),
  first: fc.nat(40),
  // Equal times on purpose: only then may runs merge.
  atNs: fc.nat(3),
})

function readCells(buffer: GuestBuffer, offset: number, frames: number): Cell[] {
  const cells: Cell[] = []
  buffer.read(offset, frames, (first, count, atNs, kind) => {
    for (let i = 0; i < count; i++) {
      cells.push({ index: kind === Content.data ? first + i : first, atNs, kind })
    }
  })
  return cells
}

test('holds what was written last at every frame, in merged runs', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), fc.nat(FRAMES - 1), (operations, from) => {
      const buffer = new GuestBuffer(FRAMES, 0)
      const model: Cell[] = Array.from({ length: FRAMES }, () => ({
        index: SILENT_INDEX,
        atNs: 0,
        kind: Content.silence,
      }))
      for (const { kind, offset, frames, first, atNs } of operations) {
        if (kind === Content.data) buffer.write(offset, frames, first, atNs)
        else buffer.silence(offset, frames, atNs)
        for (let i = 0; i < frames; i++) {
          const index = kind === Content.data ? first + i : SILENT_INDEX
          model[(offset + i) % FRAMES] = { index, atNs, kind }
        }
      }
      const rotated = [...model.slice(from), ...model.slice(0, from)]
      expect(readCells(buffer, from, FRAMES)).toEqual(rotated)
      expect(buffer.runs).toBe(runsOf(model))
    }),
    { numRuns: 300, seed: 6 },
  )
})

/** Runs of the array: a new one where a cell does not follow on from the one before. */
function runsOf(cells: readonly Cell[]): number {
  let runs = 1
  for (let i = 1; i < cells.length; i++) {
    const before = cells[i - 1] as Cell
    const cell = cells[i] as Cell
    const step = cell.kind === Content.data ? 1 : 0
    const follows =
      cell.kind === before.kind && cell.atNs === before.atNs && cell.index === before.index + step
    if (!follows) runs++
  }
  return runs
}

test('a stream written in chunks keeps a run for each chunk', () => {
  const buffer = new GuestBuffer(1920, 0)
  for (let chunk = 0; chunk < 100; chunk++) {
    buffer.write((chunk * 480) % 1920, 480, chunk * 480, chunk + 1)
    expect(buffer.runs).toBeLessThanOrEqual(5)
  }
  expect(buffer.runs).toBe(4)
})

test('a freed buffer says when', () => {
  const buffer = new GuestBuffer(8, 0)
  expect(buffer.freed).toBe(false)
  buffer.markFreed(17)
  expect(buffer).toMatchObject({ freed: true, freedAtNs: 17 })
})
