/** The fit of the host's slow stretches. */
import { expect, it } from 'vitest'
import { type Sample, type Samples, STAGE_NAMES, type Stage } from '../../../src/import/stages.ts'
import { stretchesIn } from '../../../src/import/stretches-fit.ts'
import { drawn, uniform } from '../../support/stretches.ts'

const MS = 1_000_000

const none = Object.fromEntries(STAGE_NAMES.map((name) => [name, []])) as unknown as Samples
const stages: readonly Stage[] = ['notify_to_irq', 'irq_to_elapsed', 'wake']
const capture = (of: readonly (readonly Sample[])[]): Samples => ({
  ...none,
  ...Object.fromEntries(stages.map((stage, i) => [stage, of[i] ?? []])),
})

it('finds the stretches with which samples were drawn', () => {
  const samples = capture(drawn(uniform, [0.9, 0.6, 0.75], { count: 2000 }))
  const found = stretchesIn(samples, stages)
  expect(found?.slow).toBeCloseTo(0.3, 1)
  // The grid of the fit goes by steps of one and a half.
  expect(Math.abs(Math.log((found?.meanNs ?? 0) / (50 * MS)))).toBeLessThan(Math.log(1.5))
  for (const [i, weight] of [0.9, 0.6, 0.75].entries()) {
    expect(found?.weights[stages[i] as Stage]).toBeCloseTo(weight, 1)
  }
})

it('finds none where each step is slow for itself', () => {
  expect(stretchesIn(capture(drawn(uniform, [0, 0, 0], { count: 2000 })), stages)).toBeNull()
  expect(stretchesIn(none, stages)).toBeNull()
})
