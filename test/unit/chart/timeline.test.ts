import { beforeAll, describe, expect, it } from 'vitest'
import { buildResult, type RunResult } from '../../../src/analysis/result.ts'
import { collectTimeline } from '../../../src/analysis/timeline.ts'
import { layoutTimeline, OVERVIEW_BINS } from '../../../src/chart/layout/timeline.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'
import { outsideFrame, overlappingTexts } from '../../support/chart-rules.ts'
import { RecordScript } from '../../support/record-script.ts'
import {
  type SyntheticOptions,
  syntheticMeta,
  syntheticStore,
} from '../../support/synthetic-store.ts'

const MS = 1_000_000
const STALLED = { stallAtNs: 2_000 * MS, stallNs: 60 * MS }

interface Run {
  readonly store: TraceStore
  readonly result: RunResult
}

function runOf(options: SyntheticOptions): Run {
  const store = syntheticStore(options)
  return { store, result: buildResult(store, syntheticMeta(options.durationNs)) }
}

function drawingOf({ store, result }: Run, window?: { fromNs: number; toNs: number }) {
  const choice = window === undefined ? {} : { window }
  return layoutTimeline(result, collectTimeline(store, result, { ...choice, bins: OVERVIEW_BINS }))
}

const runs: Record<string, Run> = {}

beforeAll(() => {
  runs.clean = runOf({})
  runs.xrun = runOf(STALLED)
  const empty = new TraceStore(new Symbols())
  runs.empty = { store: empty, result: buildResult(empty, syntheticMeta()) }
  const opened = new RecordScript().started(0).store
  runs.opened = { store: opened, result: buildResult(opened, syntheticMeta(10)) }
})

describe('the rules themselves', () => {
  const text = { kind: 'text', class: 'text', size: 11, anchor: 'start', bold: false } as const
  const drawing = (...at: [x: number, y: number][]) => ({
    width: 100,
    height: 50,
    title: '',
    desc: '',
    axes: [],
    panels: [],
    shapes: at.map(([x, y]) => ({ ...text, x, y, text: 'words' })),
  })
  it('find what breaks them', () => {
    expect(overlappingTexts(drawing([10, 20], [30, 25]))).toEqual(["'words' meets 'words'"])
    expect(overlappingTexts(drawing([10, 20], [10, 40]))).toEqual([])
    expect(outsideFrame(drawing([80, 20]))).toEqual(['text words'])
    expect(outsideFrame(drawing([10, 5]))).toEqual(['text words'])
    expect(outsideFrame(drawing([10, 20]))).toEqual([])
  })
})

describe('the title', () => {
  const titleOf = (name: string): string => drawingOf(runs[name] as Run).title
  it('states the finding', () => {
    expect(titleOf('clean')).toMatch(
      /^no xrun: a period every 10\.1 ms, the client runs 8\.0 µs later \(p99\)$/,
    )
    expect(titleOf('xrun')).toMatch(/^1 xrun at 2\.\d{3} s: client slept 57\.7 ms, its ring holds/)
    expect(titleOf('empty')).toBe('synthetic: no stream was opened')
    expect(titleOf('opened')).toBe('no xrun: no period has elapsed')
  })
})

describe('the causal chain', () => {
  const stepsOf = (name: string) => {
    const { store, result } = runs[name] as Run
    const steps = collectTimeline(store, result, { bins: 10 })?.closeUp?.steps ?? []
    return steps.map((step) => `${step.text}${step.after < 0 ? '' : ` < ${step.after}`}`)
  }
  it('of a steady period leads from the timer to the client', () => {
    expect(stepsOf('clean')).toEqual([
      'device timer fires',
      'message marked used < 0',
      'interrupt handler < 1',
      'driver kicks the queue < 2',
      'work item runs < 2',
      'period elapsed < 4',
      'device takes the message < 3',
      'client runs < 5',
      'client moves appl_ptr < 7',
    ])
  })
  it('of an xrun ends with the stop', () => {
    expect(stepsOf('xrun')).toContain('xrun found < 5')
    expect(stepsOf('xrun')).toContain('driver told to stop < 6')
  })
})
