/**
 * Which scenarios look like a snapshot. Pure. A feature weighs by how few scenarios have it; the
 * likeness of two sets is what they share, against that and what only one of them has.
 */
import type { Feature } from '../import/snapshot.ts'
import type { Signature } from './Signatures.ts'

export interface Match {
  readonly signature: Signature
  /** From 0 to 1, the same set. */
  readonly likeness: number
  /** The rarest first. */
  readonly shared: readonly Feature[]
  /** What the scenario has and the snapshot, which tells of such things, has not. */
  readonly missing: readonly string[]
  /** What the snapshot has and the scenario has not, though others do. */
  readonly extra: readonly Feature[]
}

export interface Ranking {
  /** One for each scenario that shares anything, the likeliest first, of equals the hazards. */
  readonly matches: readonly Match[]
  /** Features that no scenario has. */
  readonly unknown: readonly Feature[]
}

/** Sizes are the user's own; what the log says is the trouble's. */
const WEIGHTS: Readonly<Record<string, number>> = { size: 0.25, proc: 1 }
const LOG_WEIGHT = 1.5
const MISSING = 0.6
const EXTRA = 0.4

export function rankSnapshot(
  features: readonly Feature[],
  signatures: readonly Signature[],
  hasLog: boolean,
): Ranking {
  const names = new Map<string, Set<string>>()
  for (const one of signatures) {
    for (const feature of one.features) {
      const known = names.get(feature)
      if (known === undefined) names.set(feature, new Set([nameOf(one)]))
      else known.add(nameOf(one))
    }
  }
  const all = new Set(signatures.map(nameOf)).size
  const weigh = (feature: string): number => {
    const [sort = ''] = feature.split(' ', 1)
    const count = names.get(feature)?.size ?? 0
    return (WEIGHTS[sort] ?? LOG_WEIGHT) * Math.log2(1 + all / Math.max(1, count))
  }
  const known = features.filter(({ feature }) => names.has(feature))
  const families = new Set(known.map(({ feature }) => familyOf(feature)))
  if (hasLog) families.add('log')
  const best = new Map<string, Match>()
  for (const signature of signatures) {
    const match = matchOf(signature, known, families, weigh)
    const before = best.get(nameOf(signature))
    if (match.likeness > (before?.likeness ?? 0)) best.set(nameOf(signature), match)
  }
  const hazard = ({ signature: { file } }: Match): number => (/\/[HX]\d\d-/.test(file) ? 0 : 1)
  const matches = [...best.values()].sort((a, b) => {
    return b.likeness - a.likeness || hazard(a) - hazard(b)
  })
  return { matches, unknown: features.filter(({ feature }) => !names.has(feature)) }
}

export function nameOf({ scenario, variant }: Signature): string {
  return variant === null ? scenario : `${scenario}/${variant}`
}

/** What a feature tells of: a snapshot without it says nothing about the others of its family. */
function familyOf(feature: string): string {
  if (!/^(?:size|proc) /.test(feature)) return 'log'
  return feature.startsWith('size ') ? feature.split(' ', 2).join(' ') : procFamily(feature)
}

function procFamily(feature: string): string {
  return /^proc avail(?:_max)?/.exec(feature)?.[0] ?? 'proc'
}

function matchOf(
  signature: Signature,
  known: readonly Feature[],
  families: ReadonlySet<string>,
  weigh: (feature: string) => number,
): Match {
  const own = new Set(signature.features)
  const given = new Set(known.map(({ feature }) => feature))
  const shared = known.filter(({ feature }) => own.has(feature))
  const extra = known.filter(({ feature }) => !own.has(feature))
  const missing = signature.features.filter((one) => {
    return !given.has(one) && families.has(familyOf(one))
  })
  const sum = (list: readonly string[]): number => list.reduce((all, one) => all + weigh(one), 0)
  const words = (list: readonly Feature[]): readonly string[] => list.map(({ feature }) => feature)
  const both = sum(words(shared))
  const whole = both + MISSING * sum(missing) + EXTRA * sum(words(extra))
  const byWeight = (a: string, b: string): number => weigh(b) - weigh(a) || (a < b ? -1 : 1)
  return {
    signature,
    likeness: whole === 0 ? 0 : both / whole,
    shared: shared.toSorted((a, b) => byWeight(a.feature, b.feature)),
    missing: missing.toSorted(byWeight),
    extra: extra.toSorted((a, b) => byWeight(a.feature, b.feature)),
  }
}
