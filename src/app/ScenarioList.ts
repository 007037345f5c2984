/** `pcmsim list scenarios`: name, tags and summary of scenario files, and which tags there are. */
import * as Effect from 'effect/Effect'
import { decodeScenarios } from './Decode.ts'
import { exitCodes, formatFault, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files, type SourceText } from './Files.ts'
import { readYaml } from './YamlSource.ts'

export interface ScenarioListOptions {
  /** Any of these tags; empty: all scenarios. */
  readonly tags: readonly string[]
  readonly json: boolean
}

interface ScenarioItem {
  /** The file, as the command line names it. */
  readonly path: string
  readonly name: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly source: readonly string[]
  readonly variants: readonly string[]
}

/** Without paths: the folder `scenarios` here, else the one that comes with pcmsim. */
export function listScenarios(
  paths: readonly string[],
  { tags, json }: ScenarioListOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const files = yield* Files
    const places = paths.length > 0 ? paths : [files.ownScenarios()]
    const items: ScenarioItem[] = []
    const lines: string[] = []
    for (const path of yield* files.expand(places)) {
      const source = yield* Effect.result(files.read(path))
      const item = source._tag === 'Failure' ? source.failure.lines : itemOf(source.success)
      if ('path' in item) items.push(item)
      else lines.push(...item)
    }
    if (lines.length > 0) return yield* new InputError({ lines })
    const chosen = items.filter((one) => {
      return tags.length === 0 || tags.some((tag) => one.tags.includes(tag))
    })
    if (chosen.length === 0) return yield* new InputError({ lines: [noSuchTag(items, tags)] })
    const counts = tagCounts(chosen)
    if (json) console.out(`${JSON.stringify({ scenarios: chosen, tags: counts }, null, 2)}\n`)
    else console.out(textOf(chosen, counts))
    return exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

/** What the file says of itself, or what is wrong with it. */
function itemOf(source: SourceText): ScenarioItem | readonly string[] {
  const yaml = readYaml(source.name, source.text)
  if (yaml.doc === null) return yaml.faults.map((fault) => formatFault(fault.position, fault))
  const { specs, lines } = decodeScenarios(yaml.doc, [])
  const [first] = specs ?? []
  if (first === undefined || specs === null) return lines
  // A variant may have a summary of its own; the scenario's is in the document.
  const { summary } = yaml.doc.value as { readonly summary?: string }
  return {
    path: source.name,
    name: first.name,
    summary: summary ?? '',
    tags: first.tags,
    source: first.source,
    variants: specs.flatMap(({ variant }) => (variant === null ? [] : [variant])),
  }
}

function tagCounts(items: readonly ScenarioItem[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const tag of items.flatMap((one) => one.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  const byName = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(byName.toSorted(([, a], [, b]) => b - a))
}

function noSuchTag(items: readonly ScenarioItem[], tags: readonly string[]): string {
  const known = Object.keys(tagCounts(items)).join(', ')
  const asked = tags.map((tag) => `--tag ${tag}`).join(' ')
  return `no scenario has ${asked}, allowed: ${known || 'no tag is used'}`
}

function textOf(items: readonly ScenarioItem[], counts: Readonly<Record<string, number>>): string {
  const entries = items.map(({ path, summary, tags, variants }) => {
    const many = variants.length === 0 ? '' : `  (${variants.length} variants)`
    const words = [firstSentence(summary), tags.length === 0 ? '' : `tags: ${tags.join(', ')}`]
    const lines = words.filter((one) => one !== '').map((one) => `  ${one}\n`)
    return `${path}${many}\n${lines.join('')}`
  })
  const used = Object.entries(counts).map(([tag, count]) => `${tag} ${count}`)
  const many = items.length === 1 ? '1 scenario' : `${items.length} scenarios`
  return `${entries.join('')}\n${many}; tags: ${used.join(', ') || 'none'}\n`
}

/** Up to the first full stop or colon that ends a word. */
function firstSentence(text: string): string {
  const [first = ''] = text.trim().split(/(?<=[.:])\s/)
  return first
}
