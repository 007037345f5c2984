/**
 * OpenMetrics 1.0 text: counters, and latencies as summaries with exact quantiles, of each run.
 * Times are seconds, as the format asks for. No time stamps.
 */
import type { RunResult, StreamResult } from '../analysis/result.ts'
import type { Stats } from '../analysis/stats.ts'
import type { ExportedRun } from './exported-run.ts'

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly suffix: string
  readonly labels: Labels
  readonly value: string
}

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly unit: string
  readonly help: string
  readonly samples: (result: RunResult) => readonly Sample[]
}

const QUANTILES = [
  ['0.5', 'p50'],
  ['0.9', 'p90'],
  ['0.99', 'p99'],
  ['0.999', 'p999'],
] as const

export function* openMetrics(runs: readonly ExportedRun[]): Generator<string, void, undefined> {
  for (const { name, type, unit, help, samples } of FAMILIES) {
    const lines = [`# TYPE ${name} ${type}`]
    if (unit !== '') lines.push(`# UNIT ${name} ${unit}`)
    lines.push(`# HELP ${name} ${help}`)
    for (const { result } of runs) {
      const own = runLabels(result)
      for (const { suffix, labels, value } of samples(result)) {
        lines.push(`${name}${suffix}{${labelText({ ...own, ...labels })}} ${value}`)
      }
    }
    yield `${lines.join('\n')}\n`
  }
  yield '# EOF\n'
}

function runLabels({ scenario, variant, seed }: RunResult): Labels {
  return { scenario, variant: variant ?? '', seed: `${seed}` }
}

function labelText(labels: Labels): string {
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')
}

function counter(value: (stream: StreamResult) => number) {
  return ({ streams }: RunResult): readonly Sample[] =>
    Object.entries(streams).map(([stream, one]) => {
      return { suffix: '_total', labels: { stream }, value: `${value(one)}` }
    })
}

function summary(stats: (stream: StreamResult) => Stats) {
  return ({ streams }: RunResult): readonly Sample[] =>
    Object.entries(streams).flatMap(([stream, one]) => {
      const found = stats(one)
      const quantiles = found.count === 0 ? [] : QUANTILES
      return [
        ...quantiles.map(([quantile, key]) => {
          return { suffix: '', labels: { stream, quantile }, value: seconds(found[key]) }
        }),
        { suffix: '_sum', labels: { stream }, value: seconds(found.mean * found.count) },
        { suffix: '_count', labels: { stream }, value: `${found.count}` },
      ]
    })
}

function seconds(ns: number): string {
  const size = Math.abs(ns)
  const whole = Math.floor(size / 1e9)
  return `${ns < 0 ? '-' : ''}${whole}.${String(size % 1e9).padStart(9, '0')}`
}

function whole(value: (result: RunResult) => string) {
  return (result: RunResult): readonly Sample[] => {
    return [{ suffix: '', labels: {}, value: value(result) }]
  }
}

const SECONDS = 'seconds'

const FAMILIES: readonly Family[] = [
  {
    name: 'pcmsim_run_pass',
    type: 'gauge',
    unit: '',
    help: 'Whether every expectation of the run holds.',
    samples: whole(({ pass }) => (pass ? '1' : '0')),
  },
  {
    name: 'pcmsim_run_virtual_seconds',
    type: 'gauge',
    unit: SECONDS,
    help: 'Where the virtual clock stopped.',
    samples: whole(({ virtualTimeNs }) => seconds(virtualTimeNs)),
  },
  {
    name: 'pcmsim_lock_reports',
    type: 'gauge',
    unit: '',
    help: 'Reports of the lock validator.',
    samples: whole(({ locks }) => `${locks.predicted.length}`),
  },
  {
    name: 'pcmsim_xruns',
    type: 'counter',
    unit: '',
    help: 'Xruns that the PCM core found.',
    samples: counter(({ xruns }) => xruns.length),
  },
  {
    name: 'pcmsim_silent_failures',
    type: 'counter',
    unit: '',
    help: 'Failures without an xrun.',
    samples: counter(({ silentFailures }) => silentFailures.length),
  },
  {
    name: 'pcmsim_frames_written',
    type: 'counter',
    unit: '',
    help: 'Frames that the client transferred.',
    samples: counter(({ frames }) => frames.written),
  },
  {
    name: 'pcmsim_frames_played',
    type: 'counter',
    unit: '',
    help: 'Frames that were heard.',
    samples: counter(({ frames }) => frames.played),
  },
  {
    name: 'pcmsim_period_interval_seconds',
    type: 'summary',
    unit: SECONDS,
    help: 'From one call of snd_pcm_period_elapsed to the next.',
    samples: summary(({ periodElapsed }) => periodElapsed.intervalNs),
  },
  {
    name: 'pcmsim_wake_latency_seconds',
    type: 'summary',
    unit: SECONDS,
    help: 'From snd_pcm_period_elapsed to the client running.',
    samples: summary(({ wakeLatencyNs }) => wakeLatencyNs),
  },
  {
    name: 'pcmsim_end_to_end_seconds',
    type: 'summary',
    unit: SECONDS,
    help: 'From a frame written to the frame heard.',
    samples: summary(({ endToEndNs }) => endToEndNs),
  },
]
