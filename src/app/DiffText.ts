/** A comparison as text of 72 columns, fit for a mailing list, as Markdown and as JSON. */
import type { Changes, Measure } from '../analysis/diff/changes.ts'
import type { Divergence, Side } from '../analysis/diff/divergence.ts'
import { formatFine } from '../analysis/format.ts'
import type { RunResult } from '../analysis/result.ts'
import { sortedJson } from './ResultJson.ts'

export interface Compared {
  readonly a: Named
  readonly b: Named
  readonly changes: Changes
  readonly first: Divergence | null
  readonly lanes: readonly Divergence[]
}

/** A run by the name that tells it from the other. */
export interface Named {
  readonly name: string
  readonly result: RunResult
}

const COLUMNS = 72
const LIST_MAX = 40

export function diffText(compared: Compared): string {
  const { a, b, changes, first, lanes } = compared
  const { verdicts, metrics, costs, edges, reports, sentences } = changes
  const lines = [...block('a: ', a.name), ...block('b: ', b.name), '']
  if (first === null)
    return `${[...lines, 'The two runs are the same, record by record.'].join('\n')}\n`
  const said = sentences.length > 0 ? sentences : ['no verdict, report, or latency has changed']
  lines.push(...said.flatMap((one) => block('* ', one)), '')
  lines.push('First divergence', ...divergence(first), '')
  if (lanes.length > 0) {
    lines.push('By lane, whatever the time')
    for (const lane of lanes) lines.push(...divergence(lane))
    lines.push('')
  }
  if (verdicts.length > 0) {
    lines.push(row('Verdicts', 'a', 'b', ''))
    lines.push(...verdicts.map((one) => row(one.name, one.a, one.b, '')))
    lines.push(...notes(verdicts).flatMap((one) => block('  ', one)), '')
  }
  lines.push(...list('Reports gone', reports.gone), ...list('Reports new', reports.fresh))
  lines.push(...list('Lock edges gone', edges.gone), ...list('Lock edges new', edges.fresh))
  lines.push(...measures('Metrics', metrics), ...measures('Cost', costs))
  return `${lines.join('\n').replaceAll('µs', 'us').trimEnd()}\n`
}

/** What a count of the table does not mean. */
function notes(verdicts: Changes['verdicts']): readonly string[] {
  if (!verdicts.some(({ name }) => name === 'reports, sleep-in-atomic')) return []
  return ['(A sleep in atomic context is reported at most once a second, as the kernel does.)']
}

function block(lead: string, text: string): readonly string[] {
  const room = COLUMNS - lead.length
  const lines = wrap(text, room)
  return lines.map((line, i) => (i === 0 ? lead : ' '.repeat(lead.length)) + line)
}

/** Words longer than the room are cut where they must. */
function wrap(text: string, room: number): readonly string[] {
  const words = text.split(/\s+/).flatMap((word) => {
    const pieces: string[] = []
    for (let at = 0; at < word.length; at += room) pieces.push(word.slice(at, at + room))
    return pieces
  })
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= room) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

function divergence({ lane, alike, a, b }: Divergence): readonly string[] {
  const head = `  ${lane}: ${alike} alike, then`
  return [head, ...block('    a ', sideText(a)), ...block('    b ', sideText(b))]
}

function sideText(side: Side | null): string {
  if (side === null) return 'nothing more'
  return `${(side.timeNs / 1e9).toFixed(9)} record ${side.record} ${side.text}`
}

function row(name: string, a: string, b: string, change: string): string {
  const label = name.length > 33 ? `${name.slice(0, 31)}..` : name
  return `  ${label.padEnd(34)}${a.padStart(12)}${b.padStart(12)}${change.padStart(12)}`.trimEnd()
}

function measures(title: string, all: readonly Measure[]): readonly string[] {
  const changed = all.filter(({ a, b }) => a !== b)
  if (changed.length === 0) return []
  const rows = changed.map((one) => {
    const by = one.b - one.a
    const change = `${by > 0 ? '+' : '-'}${shown(one, Math.abs(by))}`
    return row(one.name, shown(one, one.a), shown(one, one.b), change)
  })
  return [row(title, 'a', 'b', 'b - a'), ...rows, '']
}

function shown({ unit }: Measure, value: number): string {
  return unit === 'ns' ? formatFine(value).replace('µs', 'us') : `${value}`
}

function list(title: string, entries: readonly string[]): readonly string[] {
  if (entries.length === 0) return []
  const rest = entries.length - LIST_MAX
  const more = rest > 0 ? [`  ... and ${rest} more`] : []
  return [title, ...entries.slice(0, LIST_MAX).flatMap((one) => block('  ', one)), ...more, '']
}

export function diffMarkdown({ a, b, changes, first, lanes }: Compared): string {
  const { verdicts, metrics, costs, edges, reports, sentences } = changes
  const lines = [`a: \`${a.name}\`  `, `b: \`${b.name}\``, '']
  if (first === null)
    return `${[...lines, 'The two runs are the same, record by record.'].join('\n')}\n`
  lines.push(...sentences.map((one) => `- ${escaped(one)}`), '')
  const sides = [first, ...lanes].map(({ lane, a: one, b: two }) => {
    return [lane, sideText(one), sideText(two)]
  })
  lines.push(...table(['first divergence', 'a', 'b'], sides))
  const verdict = verdicts.map((one) => [one.name, one.a, one.b])
  lines.push(
    ...table(['verdict', 'a', 'b'], verdict),
    ...notes(verdicts).flatMap((one) => [one, '']),
  )
  const changed = [...metrics, ...costs].filter((one) => one.a !== one.b)
  const rows = changed.map((one) => [one.name, shown(one, one.a), shown(one, one.b)])
  lines.push(...table(['measure', 'a', 'b'], rows))
  const gone = [...reports.gone, ...edges.gone].map((one) => [one, 'gone'])
  const fresh = [...reports.fresh, ...edges.fresh].map((one) => [one, 'new'])
  lines.push(...table(['report or lock edge', ''], [...gone, ...fresh]))
  return `${lines.join('\n').trimEnd()}\n`
}

function escaped(text: string): string {
  return text.replace(/[|<>*_`[\]]/g, (one) => `\\${one}`)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line), '']
}

export function diffJson({ a, b, changes, first, lanes }: Compared): string {
  const about = ({ name, result }: Named) => {
    const { scenario, variant, seed, fingerprint } = result
    return { name, scenario, variant, seed, fingerprint }
  }
  const same = first === null
  return sortedJson({ schema: 1, a: about(a), b: about(b), same, ...changes, first, lanes })
}
