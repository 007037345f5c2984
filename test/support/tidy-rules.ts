/**
 * The rules of tidy.test.ts, as pure functions from a tree of sources to findings, so that each of
 * them can be shown to fail on a synthetic tree. Works on text: our formatter makes that safe.
 */
export type Tree = ReadonlyMap<string, string>

/** Folders of src/ and what each may import. The longest matching folder of a path counts. */
export interface ImportTable {
  /** Folder or file prefix (without `.ts`) to the prefixes that it may import besides itself. */
  readonly arrows: Readonly<Record<string, readonly string[]>>
  /** Package (or `node:`) to the prefixes that may import it. */
  readonly packages: Readonly<Record<string, readonly string[]>>
}

export interface Import {
  readonly from: string
  /** Path of the imported file, or the package's name. */
  readonly to: string
  readonly local: boolean
  readonly typeOnly: boolean
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)/g

export function importsOf(from: string, text: string): readonly Import[] {
  return [...withoutComments(text).matchAll(importPattern)].map((match) => {
    const specifier = match[2] ?? match[3] ?? ''
    const local = specifier.startsWith('.')
    const to = local ? resolve(from, specifier) : specifier
    return { from, to, local, typeOnly: match[1] !== undefined }
  })
}

function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

function allImports(tree: Tree): readonly Import[] {
  return [...tree].flatMap(([path, text]) => importsOf(path, text))
}

function isUnder(path: string, prefix: string): boolean {
  return path === `${prefix}.ts` || path.startsWith(`${prefix}/`) || path === prefix
}

function longestPrefix(path: string, prefixes: readonly string[]): string | undefined {
  const matching = prefixes.filter((prefix) => isUnder(path, prefix))
  return matching.toSorted((a, b) => b.length - a.length)[0]
}

/** `sim/trace*` in an arrow allows the files of sim whose names begin so. */
function allows(allowed: string, path: string): boolean {
  return allowed.endsWith('*') ? path.startsWith(allowed.slice(0, -1)) : isUnder(path, allowed)
}

export function wrongArrows(tree: Tree, table: ImportTable): readonly string[] {
  const folders = Object.keys(table.arrows)
  return allImports(tree).flatMap(({ from, to, local }) => {
    if (!local) return wrongPackage(from, to, table)
    const folder = longestPrefix(from, folders)
    if (folder === undefined) return [`${from} is in no folder of the import table`]
    const target = longestPrefix(to, folders)
    const allowed = [folder, ...(table.arrows[folder] ?? [])]
    const own = target === folder
    if (own || allowed.some((one) => one !== folder && allows(one, to))) return []
    return [`${from} must not import ${to}`]
  })
}

function wrongPackage(from: string, to: string, table: ImportTable): readonly string[] {
  const name = to.startsWith('node:') ? 'node:' : packageName(to)
  const users = table.packages[name]
  if (users === undefined) return [`${from} imports ${to}, which is in no row of the table`]
  return users.some((prefix) => isUnder(from, prefix)) ? [] : [`${from} must not import ${to}`]
}

function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Each cycle of value imports once, as `a -> b -> a`. Types may refer to each other. */
export function importCycles(tree: Tree): readonly string[] {
  const next = new Map<string, readonly string[]>()
  for (const [path, text] of tree) {
    const values = importsOf(path, text).filter((one) => one.local && !one.typeOnly)
    next.set(
      path,
      values.map((one) => one.to),
    )
  }
  const found = new Set<string>()
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) found.add([...trail.slice(at), path].join(' -> '))
    if (at >= 0 || done.has(path)) return
    for (const to of next.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of tree.keys()) visit(path, [])
  return [...found]
}

export function deadFiles(tree: Tree, entries: readonly string[]): readonly string[] {
  const reached = new Set<string>()
  const queue = entries.filter((entry) => tree.has(entry))
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    const text = tree.get(path)
    if (text !== undefined) queue.push(...importsOf(path, text).map((one) => one.to))
  }
  return [...tree.keys()].filter((path) => !reached.has(path)).map((path) => `${path} is dead`)
}

export interface Ban {
  readonly pattern: RegExp
  readonly why: string
}

/** Code only: comments and texts may speak of anything. */
export function bannedWords(
  tree: Tree,
  folders: readonly string[],
  bans: readonly Ban[],
): readonly string[] {
  return [...tree].flatMap(([path, text]) => {
    if (!folders.some((folder) => isUnder(path, folder))) return []
    const lines = withoutTexts(withoutComments(text)).split('\n')
    return lines.flatMap((line, i) =>
      bans
        .filter((ban) => ban.pattern.test(line))
        .map((ban) => `${path}:${i + 1} ${ban.why}: ${line.trim()}`),
    )
  })
}

export function longLines(tree: Tree, columnsMax: number): readonly string[] {
  return [...tree].flatMap(([path, text]) =>
    text
      .split('\n')
      .flatMap((line, i) => (line.length > columnsMax ? [`${path}:${i + 1} is too long`] : [])),
  )
}

const notAFunction = /^\s*(?:\} )?(?:if|for|while|switch|else|do|try|catch|class|interface)\b/
const head = /(?:\)(?::\s.*)?|=>) \{$/

/** Functions longer than the limit, or than their entry in `known`, which may only shrink. */
export function longFunctions(
  tree: Tree,
  linesMax: number,
  known: Readonly<Record<string, number>>,
): readonly string[] {
  return [...tree].flatMap(([path, text]) => {
    const longest = Math.max(0, ...functionLengths(text))
    const limit = known[path] ?? linesMax
    if (longest > limit) return [`${path} has a function of ${longest} lines, allowed: ${limit}`]
    const shrunk = known[path] !== undefined && longest < limit
    return shrunk ? [`${path}: lower its entry to ${longest}, or remove it`] : []
  })
}

/** A body ends at the first line with a closing brace at the indentation of its head. */
function functionLengths(text: string): readonly number[] {
  const lines = text.split('\n')
  return lines.flatMap((line, i) => {
    if (!head.test(line) || notAFunction.test(line)) return []
    const indent = line.length - line.trimStart().length
    const rest = lines.slice(i + 1)
    const length = rest.findIndex((one) => one.startsWith(`${' '.repeat(indent)}}`))
    return length < 0 ? [] : [length + 2]
  })
}

const parameters = '(?:\\([^()]*(?:\\([^()]*\\)[^()]*)*\\)(?::[^=]*)?|\\w+)'
const lasting: readonly Ban[] = [
  {
    pattern: new RegExp(`^(?!\\s*(?:const|let) ).*(?:\\.\\w+|\\]) (?:\\?\\?)?= ${parameters} =>`),
    why: 'assigns a closure to a property (docs/design.md, Long runs)',
  },
  {
    pattern: new RegExp(
      `^  (?:(?:private|protected|readonly|static|override) )*` +
        `(?!const |let )\\w+(?:: .*)? = ${parameters} =>.*[^,]$`,
    ),
    why: 'makes a field of a closure (docs/design.md, Long runs)',
  },
  { pattern: /(?:[=(,?:]|=>|return) *function\b/, why: 'makes a function in a function' },
  {
    pattern: /\bnew WeakMap\b/,
    why: 'keeps finished runs (docs/design.md, Long runs): use a Slot',
  },
]

/** What makes V8 keep a finished run until a full collection. */
export function lastingClosures(tree: Tree, folders: readonly string[]): readonly string[] {
  return bannedWords(tree, folders, lasting)
}

export function sortsWithoutComparator(tree: Tree, folders: readonly string[]): readonly string[] {
  const why = 'sorts without a comparator'
  return bannedWords(tree, folders, [{ pattern: /\.(?:sort|toSorted)\(\s*\)/, why }])
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;,{(])\/\/.*$/gm, '$1')
}

/** Texts become empty; what is inside `${...}` of a template goes with them. */
function withoutTexts(text: string): string {
  return text.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, (one) =>
    one.includes('\n') ? one.replace(/[^\n]/g, ' ') : "''",
  )
}
