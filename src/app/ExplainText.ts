/** An explanation as text, in the shape of rtla's auto-analysis, and as JSON. */
import type { Explanation } from '../analysis/explain/explain.ts'
import { PART_WORDS } from '../analysis/explain/parts.ts'
import { formatDuration } from '../analysis/format.ts'
import type { RunResult } from '../analysis/result.ts'
import type { Tried } from './ExplainTrials.ts'
import { sortedJson } from './ResultJson.ts'

const WIDTH = 60
/** Causes of a part that are printed. */
const CAUSES_MAX = 4
/** Steps of the path that are printed without `--path`. */
const PATH_LEAST = 0.01

export interface ExplainOutput {
  readonly explanation: Explanation
  readonly result: RunResult
  /** Null: they were not asked for. */
  readonly tried: Tried | null
  /** Why there are no counterfactuals; empty: there are. */
  readonly withoutTrials: string
}

export function explainText({ explanation, result, tried, withoutTrials }: ExplainOutput): string {
  const { sentence, holders } = explanation
  const variant = result.variant === null ? '' : `/${result.variant}`
  const lines = [
    `## ${result.scenario}${variant}, seed ${result.seed}: ${subjectOf(explanation)} ##`,
    '',
    ...wrapped(sentence, 76).map((line) => `  ${line}`),
    '',
    ...partLines(explanation),
    ...pathLines(explanation),
  ]
  if (holders.length > 0) lines.push('  Who holds what:', ...holders.map((one) => `    ${one}`), '')
  if (tried !== null) lines.push(...trialLines(tried))
  if (withoutTrials !== '') lines.push(`  ${withoutTrials}`, '')
  return `${lines.join('\n').trimEnd()}\n`
}

function subjectOf({ kind, number, stream, timeNs, record }: Explanation): string {
  const what = kind === 'at' ? 'at' : `${kind} ${number}, at`
  const of = stream === null ? '' : `${stream}, `
  const where = record < 0 ? '' : `, record ${record}`
  return `${of}${what} ${(timeNs / 1e9).toFixed(9)} s${where}`
}

function partLines({ parts, lostNs, window }: Explanation): readonly string[] {
  if (window === null || lostNs === 0) return []
  const lines = parts.flatMap(({ part, ns, causes }) => [
    row(`  ${PART_WORDS[part]}:`, ns, lostNs),
    ...causes
      .filter(({ what }) => what !== '')
      .slice(0, CAUSES_MAX)
      .map((one) => cause(one.what, one.ns, one.record)),
  ])
  const from = (window.fromNs / 1e9).toFixed(9)
  const to = (window.toNs / 1e9).toFixed(9)
  return [
    `  Slack lost from ${from} s to ${to} s:`,
    '',
    ...lines,
    `  ${'-'.repeat(WIDTH + 22)}`,
    row('  Slack lost:', lostNs, lostNs),
    '',
  ]
}

function row(name: string, ns: number, of: number): string {
  const share = ((100 * ns) / of).toFixed(2)
  return `${name.padEnd(WIDTH)}${(ns / 1000).toFixed(3).padStart(12)} us (${share} %)`
}

function cause(what: string, ns: number, record: number): string {
  const [first = '', ...rest] = wrapped(what, WIDTH - 8)
  const time = `${(ns / 1000).toFixed(3).padStart(12)} us  record ${record}`
  const last = rest.pop()
  if (last === undefined) return `      ${first}`.padEnd(WIDTH) + time
  const above = [first, ...rest].map((line) => `      ${line}`)
  return [...above, `        ${last}`.padEnd(WIDTH) + time].join('\n')
}

/** Steps that last a hundredth of the whole at least. */
function pathLines({ path, lostNs }: Explanation): readonly string[] {
  const long = path.filter(({ fromNs, toNs }) => toNs - fromNs >= PATH_LEAST * lostNs)
  if (long.length < 2) return []
  const shown = long.slice(-24)
  const lines = shown.map(({ part, fromNs, toNs, record, name }) => {
    const at = (fromNs / 1e9).toFixed(9)
    const length = formatDuration(toNs - fromNs).padStart(9)
    return `    ${at} s ${length}  ${PART_WORDS[part].padEnd(28)} ${name}, record ${record}`
  })
  return ['  The way to it, steps of 1 % and more:', ...lines, '']
}

function trialLines(tried: Tried): readonly string[] {
  const { prevents, others, what, runs } = tried
  const helpful = prevents.map(({ change, outcome, set }, i) => {
    const arguments_ = set.map((one) => `--set '${one}'`).join(' ')
    return [`    ${i + 1}. ${change}: ${outcome}`, `       ${arguments_}`]
  })
  if (prevents.length === 0) {
    return [...wrapped(noneText(tried), 76).map((line) => `  ${line}`), '']
  }
  const tries = `${runs} tried, each was run`
  const head = `  Single changes that prevent ${what}, smallest first (${tries}):`
  const rest = others.map(({ change, outcome }) => `    - ${change}: ${outcome}`)
  const not = rest.length === 0 ? [] : ['  These do not:', ...rest]
  return [head, ...helpful.flat(), ...not, '']
}

function noneText({ what, runs, variantsWithout, inDriver }: Tried): string {
  const none =
    runs === 0
      ? 'o setting to change was found'
      : `one of the ${runs} changed settings prevents ${what}`
  const first = inDriver ? `It is in the driver: n${none}.` : `N${none}.`
  if (variantsWithout.length === 0) return first
  const last = variantsWithout.slice(-1).join('')
  const names = [variantsWithout.slice(0, -1).join(', '), last].filter((one) => one !== '')
  const [noun, verb] = names.length === 1 ? ['Variant', 'does'] : ['Variants', 'do']
  const which = `${noun} ${names.join(' and ')} of this scenario`
  return `${first} ${which} ${verb} not have it (each was run).`
}

export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

export function explainJson(output: ExplainOutput): string {
  const { explanation, result, tried, withoutTrials } = output
  const { scenario, variant, seed, fingerprint } = result
  const note = withoutTrials === '' ? {} : { note: withoutTrials }
  const counterfactuals = tried === null ? null : tried
  return sortedJson({
    schema: 1,
    scenario,
    variant,
    seed,
    fingerprint,
    ...explanation,
    counterfactuals,
    ...note,
  })
}
