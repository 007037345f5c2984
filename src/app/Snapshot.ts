/**
 * `pcmsim explain --proc status.txt --hw-params hw.txt --dmesg log.txt`: which known scenarios look
 * like what was pasted, why, and the command that makes each.
 */
import * as Effect from 'effect/Effect'
import {
  type Feature,
  logFeatures,
  procFeatures,
  SNAPSHOT_BYTES_MAX,
  type Source,
} from '../import/snapshot.ts'
import { readBounded } from './bounded-read.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { wrapped } from './ExplainText.ts'
import { reasonOf } from './io-reason.ts'
import { sortedJson } from './ResultJson.ts'
import { readSignatures } from './Signatures.ts'
import { type Match, nameOf, type Ranking, rankSnapshot } from './SnapshotMatch.ts'

export interface SnapshotOptions {
  readonly proc?: string
  readonly hwParams?: string
  readonly swParams?: string
  readonly dmesg?: string
  readonly json: boolean
}

/** Likenesses below it are not shown, unless nothing else is there. */
const LEAST = 0.2
const SHOWN_MAX = 5
const ALIKE_MAX = 12
const REASONS_MAX = 6
/** Fewer shared features than that tell nothing. */
const TELLING_LEAST = 4

export function snapshotCommand(options: SnapshotOptions, console: Console): Promise<number> {
  const program = Effect.gen(function* () {
    const { proc, hwParams, swParams, dmesg } = options
    const faults: string[] = []
    const read = (path: string | undefined): Source[] =>
      path === undefined ? [] : sourceOf(path, faults)
    const files = [proc, hwParams, swParams].flatMap(read)
    const [log] = read(dmesg)
    if (faults.length > 0) return yield* new InputError({ lines: faults })
    const features: Feature[] = []
    for (const found of [procFeatures(files), log === undefined ? [] : logFeatures(log)]) {
      const lines = found.filter((one) => typeof one === 'string')
      if (lines.length > 0) return yield* new InputError({ lines })
      features.push(...(found as readonly Feature[]))
    }
    const ranking = rankSnapshot(features, readSignatures(), log !== undefined)
    console.out(options.json ? snapshotJson(ranking) : snapshotText(ranking))
    return exitCodes.ok
  })
  return exitCodeOf(program, console)
}

/** The file, or a line that says why not. */
function sourceOf(path: string, faults: string[]): Source[] {
  try {
    const text = readBounded(path, SNAPSHOT_BYTES_MAX, 'a snapshot').toString('utf8')
    return [{ name: path, text }]
  } catch (error) {
    faults.push(`${path}: cannot be read: ${reasonOf(error)}`)
  }
  return []
}

interface Group {
  readonly match: Match
  /** Those that are as like. */
  readonly others: readonly Match[]
}

/** Equal likenesses together, in the order of the ranking. */
export function groupsOf({ matches }: Ranking): readonly Group[] {
  const groups: { match: Match; others: Match[] }[] = []
  for (const match of matches) {
    const last = groups.at(-1)
    if (last !== undefined && last.match.likeness - match.likeness < 1e-9) last.others.push(match)
    else groups.push({ match, others: [] })
  }
  return groups
}

function commandOf({ signature }: Match): string {
  const { file, variant, seed } = signature
  const filter = variant === null ? '' : ` --filter ${nameOf(signature)}`
  return `pcmsim explain scenarios/${file}${filter} --seed ${seed}`
}

function snapshotText(ranking: Ranking): string {
  const groups = groupsOf(ranking)
  const likely = groups.filter(({ match }) => match.likeness >= LEAST)
  const shown = (likely.length > 0 ? likely : groups).slice(0, SHOWN_MAX)
  const lines = ['## Scenarios that look like this, the likeliest first ##', '']
  if (shown.length === 0) lines.push('  None has anything of it.', '')
  shown.forEach((group, i) => {
    lines.push(...groupLines(group, i + 1))
  })
  if ((shown[0]?.match.shared.length ?? 0) < TELLING_LEAST) {
    lines.push(
      '  The snapshot tells little: more of /proc and of the log would tell more apart.',
      '',
    )
  }
  const unknown = ranking.unknown.filter(({ feature }) => !feature.startsWith('size '))
  if (unknown.length > 0) {
    lines.push('  In no scenario:', ...unknown.slice(0, REASONS_MAX).map(reason), '')
  }
  return `${lines.join('\n').trimEnd()}\n`
}

const WHEN = {
  failure: 'at its first failure',
  after: 'just after its first failure',
  end: 'at its end',
} as const

function groupLines({ match, others }: Group, rank: number): readonly string[] {
  const { signature, likeness, shared, missing, extra } = match
  const when = WHEN[signature.at]
  const head = `${rank}. ${nameOf(signature)}, ${when}: ${Math.round(100 * likeness)} % alike`
  const not = (list: readonly string[]): readonly string[] =>
    list.slice(0, REASONS_MAX).flatMap((one) => indented(one))
  return [
    `  ${head}`,
    ...wrapped(signature.summary, 70).map((line) => `     ${line}`),
    `     ${commandOf(match)}`,
    ...(shared.length > 0
      ? ['     has as yours:', ...shared.slice(0, REASONS_MAX).map(reason)]
      : []),
    ...(missing.length > 0 ? ['     has, and yours has not:', ...not(missing)] : []),
    ...(extra.length > 0 ? ['     has not, and yours has:'] : []),
    ...extra.slice(0, REASONS_MAX).map(reason),
    ...alike(match, others),
    '',
  ]
}

function indented(text: string): readonly string[] {
  return wrapped(text, 66).map((line) => `       ${line}`)
}

function reason({ feature, file, line }: Feature): string {
  return indented(`${file}:${line}: ${feature}`).join('\n')
}

/** Those that cannot be told from it, and what would tell them. */
function alike({ signature }: Match, others: readonly Match[]): readonly string[] {
  if (others.length === 0) return []
  const own = new Set(signature.features)
  const named = others.slice(0, ALIKE_MAX).map((one) => {
    const features = one.signature.features
    const differ = [
      ...features.filter((each) => !own.has(each)),
      ...signature.features.filter((each) => !features.includes(each)),
    ]
    const [first] = differ
    const how = first === undefined ? 'the same in /proc and log' : `differs in '${first}'`
    return `${nameOf(one.signature)}: ${how}`
  })
  const more = others.length > ALIKE_MAX ? [`and ${others.length - ALIKE_MAX} more`] : []
  return ['     as like it:', ...[...named, ...more].flatMap((one) => indented(one))]
}

function snapshotJson(ranking: Ranking): string {
  const matches = ranking.matches.slice(0, 50).map((match) => {
    const { signature, likeness, shared, missing, extra } = match
    const { file, scenario, variant, seed, at, summary } = signature
    const about = { file, scenario, variant, seed, at, summary }
    return { ...about, likeness, command: commandOf(match), shared, missing, extra }
  })
  return sortedJson({ schema: 1, kind: 'snapshot', matches, unknown: ranking.unknown })
}
