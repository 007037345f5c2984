/**
 * The text report of one run, for someone who knows the kernel: what ran, each stream's health and
 * its latencies, what the kernel logged, which locks were ordered, which verdicts held. Pure.
 * Everything in it is also in result.json, exactly.
 */
import { framesToNsFloor } from '../base/units.ts'
import type { Expectation } from '../scenario/expect.ts'
import { formatDuration } from '../scenario/quantity.ts'
import type { StatsView, StreamView } from '../scenario/result-view.ts'
import type { ScenarioSpec, StreamSpec } from '../scenario/spec.ts'
import type { FullResult } from './Jobs.ts'
import { grouped, kernelTime, plural, shortDuration, table } from './report-format.ts'

/** Lists longer than this are cut, with a count of the rest. */
const listMax = 12
const logMax = 20

export function reportText(
  spec: ScenarioSpec,
  result: FullResult,
  files: readonly string[],
): string {
  const sections = [
    header(spec, result),
    ...spec.streams.map((stream) => streamSection(stream, result.streams[stream.name])),
    logSection(result),
    lockSection(result),
    memorySection(result),
    expectSection(result.expectations),
    footer(result, files),
  ]
  const filled = sections.filter((lines) => lines.length > 0)
  return `${filled.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function header(spec: ScenarioSpec, result: FullResult): readonly string[] {
  const { guest, host, driver, device } = spec
  const variant = spec.variant === null ? '' : ` / ${spec.variant}`
  const drift = device.clockPpm === 0 ? '' : `, clock ${device.clockPpm} ppm off`
  const vcpus = plural(guest.cpus, 'vCPU')
  return [
    `${spec.name}${variant}, seed ${result.seed}`,
    ...(spec.summary === '' ? [] : wrapped(spec.summary, '  ')),
    '',
    `  guest   Linux ${guest.kernel}, HZ=${guest.hz}, preempt ${guest.preempt}, ${vcpus}`,
    `  driver  ${driver.kind} ${driver.version}`,
    `  device  ${device.kind}, back end ${device.backend}, timer ${formatDuration(
      device.timerPeriodNs,
    )}, queues of ${device.queue_size}${drift}`,
    `  host    ${plural(host.cpus, 'CPU')}, halt_poll ${formatDuration(host.haltPollNs)}`,
    `  run     ${shortDuration(result.virtualTimeNs)} simulated, ${plural(
      result.records,
      'record',
    )}, ${result.outcome}${result.limit === undefined ? '' : `: ${result.limit}`}`,
  ]
}

function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length > 90 && line !== indent) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()]
}

function streamSection(spec: StreamSpec, stream: StreamView | undefined): readonly string[] {
  if (stream === undefined) return [`stream ${spec.name}: never opened`]
  const { period_size, periods, buffer_size, rate } = spec
  const length = (frames: number): string => shortDuration(framesToNsFloor(frames, rate))
  const ring = `period ${period_size} (${length(period_size)}) x ${periods}`
  const parameters = `${spec.format} ${rate} Hz ${spec.channels} ch`
  return [
    `stream ${spec.name}: ${spec.client} ${spec.direction}, ${parameters}`,
    `  ${ring} = buffer ${buffer_size} (${length(buffer_size)}), thresholds: ` +
      `start ${spec.start_threshold}, stop ${spec.stop_threshold}, avail_min ${spec.avail_min}`,
    `  ${plural(stream.xruns.length, 'xrun')}, ` +
      `${plural(stream.silentFailures.length, 'silent failure')}, ` +
      `frames written ${grouped(stream.frames.written)}, ` +
      `played ${grouped(stream.frames.played)}, left in ${stream.finalState}`,
    ...xrunLines(stream),
    '',
    ...latencyTable(stream),
  ]
}

function xrunLines(stream: StreamView): readonly string[] {
  const events = [
    ...stream.xruns.map((one) => ({ timeNs: one.timeNs, text: `xrun, cause: ${one.cause}` })),
    ...stream.silentFailures.map((one) => ({ timeNs: one.timeNs, text: `silent: ${one.kind}` })),
  ]
  const ordered = events.toSorted((a, b) => a.timeNs - b.timeNs)
  return cut(
    ordered.map(({ timeNs, text }) => `    ${kernelTime(timeNs)} ${text}`),
    listMax,
  )
}

function latencyTable(stream: StreamView): readonly string[] {
  const row = (name: string, stats: StatsView): readonly string[] => {
    if (stats.count === 0) return [name, '0', '-', '-', '-', '-', '-', '-']
    const { min, p50, p90, p99, max, mean } = stats
    return [name, grouped(stats.count), ...[min, p50, p90, p99, max, mean].map(shortDuration)]
  }
  const rows = [
    ['', 'count', 'min', 'p50', 'p90', 'p99', 'max', 'mean'],
    row('period elapsed, interval', stream.periodElapsed.intervalNs),
    row('period elapsed, lateness', stream.periodElapsed.latenessNs),
    row('wake latency (elapsed -> client)', stream.wakeLatencyNs),
    row('end to end (write -> audible)', stream.endToEndNs),
  ]
  return table(rows, '  ')
}

function logSection(result: FullResult): readonly string[] {
  if (result.log.length === 0) return []
  const lines = result.log.map((line) => `  ${kernelTime(line.timeNs)} ${line.text}`)
  return ['kernel log', ...cut(lines, logMax)]
}

function lockSection(result: FullResult): readonly string[] {
  const { edges, predicted, actual } = result.locks
  if (edges.length + predicted.length + actual.length === 0) return []
  const busiest = edges.toSorted((a, b) => b.count - a.count || (a.before < b.before ? -1 : 1))
  const rows = busiest.map((edge) => [`${edge.before} -> ${edge.after}`, grouped(edge.count)])
  return [
    `lock order: ${plural(edges.length, 'edge')} observed`,
    ...cut(table(rows, '  '), listMax),
    ...actual.map((one) => `  ${kernelTime(one.timeNs)} ${one.kind}: ${one.text ?? ''}`),
    ...predicted.map((one) => `  predicted ${one.kind}: ${one.text}`),
  ]
}

function memorySection(result: FullResult): readonly string[] {
  if (result.memory.length === 0) return []
  const lines = result.memory.map(
    (one) => `  ${kernelTime(one.timeNs)} ${one.kind}: ${one.what ?? ''}`,
  )
  return ['memory', ...cut(lines, listMax)]
}

export function expectLines(expectations: readonly Expectation[]): readonly string[] {
  return expectations.map((one) => {
    const verdict = one.pass ? 'ok    ' : 'FAILED'
    const values = one.pass
      ? `${one.actual} (expected ${one.expected})`
      : `expected ${one.expected}, was ${one.actual}`
    const at = one.brokenBy
    const broken = at === undefined ? '' : `, see ${kernelTime(at.timeNs)} ${at.text}`
    return `  ${verdict} ${one.name}: ${values}${one.pass ? '' : broken}`
  })
}

function expectSection(expectations: readonly Expectation[]): readonly string[] {
  return ['expectations', ...expectLines(expectations)]
}

function footer(result: FullResult, files: readonly string[]): readonly string[] {
  const failed = result.expectations.filter((one) => !one.pass).length
  const verdict = failed === 0 ? 'PASS' : `FAIL: ${plural(failed, 'expectation')} not met`
  return [verdict, `fingerprint ${result.fingerprint}`, ...files.map((file) => `wrote ${file}`)]
}

function cut(lines: readonly string[], max: number): readonly string[] {
  const more = lines.length - max
  return more <= 1 ? lines : [...lines.slice(0, max), `    ... and ${more} more`]
}
