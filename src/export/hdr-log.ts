/**
 * HdrHistogram log, format version 1.3: a line for each metric of each stream and run, tagged
 * `scenario/variant:seed-N:stream:metric`. A line is the whole run: its interval begins at 0 and
 * is as long as the run. Values are ns, kept to three significant digits; Interval_Max is in ms, as
 * HdrHistogram's own tools have it. Lateness may be negative and has no place in such a histogram.
 */
import { build, HistogramLogWriter } from 'hdr-histogram-js'
import type { Latency } from '../analysis/latencies.ts'
import { type ExportedRun, nameOf } from './exported-run.ts'

const SIGNIFICANT_DIGITS = 3
const NS_PER_MS = 1e6

export function* hdrLog(runs: readonly ExportedRun[]): Generator<string, void, undefined> {
  const lines: string[] = []
  const writer = new HistogramLogWriter((text) => {
    lines.push(text)
  })
  writer.outputComment('[pcmsim: values in ns, Interval_Max in ms, time is virtual]')
  writer.outputLogFormatVersion()
  writer.outputLegend()
  for (const { result, latencies } of runs) {
    for (const one of latencies) {
      if (one.valuesNs.length === 0) continue
      const tag = tagText(`${nameOf(result)}:seed-${result.seed}:${one.stream}:${one.metric}`)
      const histogram = histogramOf(one)
      histogram.tag = tag
      const seconds = result.virtualTimeNs / 1e9
      writer.outputIntervalHistogram(histogram, 0, seconds, NS_PER_MS)
    }
    yield lines.splice(0).join('')
  }
  yield lines.join('')
}

function histogramOf({ valuesNs }: Latency) {
  const histogram = build({
    bitBucketSize: 'packed',
    autoResize: true,
    lowestDiscernibleValue: 1,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
    useWebAssembly: false,
  })
  for (const ns of valuesNs) histogram.recordValue(ns)
  return histogram
}

/** A tag ends at a comma or white space. */
function tagText(text: string): string {
  return text.replaceAll(/[\s,]/g, '_')
}
