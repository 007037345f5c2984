/**
 * The file system as a service: which scenarios the command line means, and their text. Reading is
 * limited, so that no input can exhaust memory. Writing is atomic-write.ts.
 */
import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as Context from 'effect/Context'
import * as Effect from 'effect/Effect'
import * as Layer from 'effect/Layer'
import { readBounded } from './bounded-read.ts'
import { InputError } from './Errors.ts'
import { globRoot, globToRegExp, isGlob } from './glob.ts'
import { codeOf, reasonOf } from './io-reason.ts'

export const inputBytesMax = 4 * 1_024 * 1_024
const filesMax = 100_000

export interface SourceText {
  /** As a message names it: the path as given, or `<stdin>`. */
  readonly name: string
  readonly text: string
}

export class Files extends Context.Service<
  Files,
  {
    /** Paths of scenario files for arguments that may be files, folders, patterns or `-`. */
    expand(args: readonly string[]): Effect.Effect<readonly string[], InputError>
    read(path: string): Effect.Effect<SourceText, InputError>
    /** The folder `scenarios` here, or else the one that comes with pcmsim. */
    ownScenarios(): string
  }
>()('pcmsim/app/Files') {
  static readonly layer = Layer.sync(Files, () =>
    Files.of({ expand: expandPaths, read: readText, ownScenarios }),
  )
}

function ownScenarios(): string {
  if (kindOf('scenarios') === 'folder') return 'scenarios'
  return fileURLToPath(new URL('../../scenarios', import.meta.url))
}

const expandPaths = Effect.fnUntraced(function* (args: readonly string[]) {
  const found: string[] = []
  const lines: string[] = []
  for (const arg of args) {
    const paths = expandOne(arg)
    if (typeof paths === 'string') lines.push(paths)
    else found.push(...paths)
  }
  if (lines.length > 0) return yield* new InputError({ lines })
  return [...new Set(found)]
})

/** The paths, or a line that says why there are none. */
function expandOne(arg: string): readonly string[] | string {
  if (arg === '-') return ['-']
  const kind = kindOf(arg)
  if (kind === 'file') return [arg]
  if (kind === 'folder') {
    const paths = walk(arg).filter((path) => /\.ya?ml$/.test(path))
    return paths.length > 0 ? paths : `${arg}: no scenario in this folder, allowed: *.yaml, *.yml`
  }
  if (kind !== 'missing') return `${arg}: ${kind}`
  if (!isGlob(arg)) return `${arg}: no such file or folder`
  const pattern = globToRegExp(arg)
  const root = globRoot(arg)
  const paths = kindOf(root) === 'folder' ? walk(root).filter((path) => pattern.test(path)) : []
  return paths.length > 0 ? paths : `${arg}: no file matches`
}

function kindOf(path: string): string {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' ? 'missing' : reasonOf(error)
  }
}

/** Every file under a folder, in the order of code points: the same on every machine. */
function walk(folder: string): readonly string[] {
  const out: string[] = []
  const queue = [folder]
  for (let at = queue.pop(); at !== undefined && out.length < filesMax; at = queue.pop()) {
    const prefix = at === '.' ? '' : at.endsWith('/') ? at : `${at}/`
    for (const entry of entriesOf(at)) {
      if (entry.isDirectory() && entry.name !== 'node_modules') queue.push(prefix + entry.name)
      else if (entry.isFile() || entry.isSymbolicLink()) out.push(prefix + entry.name)
    }
  }
  return out.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

const readText = Effect.fnUntraced(function* (path: string) {
  const name = path === '-' ? '<stdin>' : path
  const bytes = readLimited(path)
  if (typeof bytes === 'string') return yield* new InputError({ lines: [`${name}: ${bytes}`] })
  const text = decodeUtf8(bytes)
  if (text === undefined) {
    const line = `${name}:1:1: not a text file, allowed: YAML 1.2 in UTF-8`
    return yield* new InputError({ lines: [line] })
  }
  return { name, text }
})

/** The bytes, or why not. */
function readLimited(path: string): Uint8Array | string {
  try {
    return readBounded(path, inputBytesMax, 'a scenario file')
  } catch (error) {
    if (codeOf(error) === 'EOF') return Buffer.alloc(0)
    if (['EFBIG', 'EISDIR'].includes(codeOf(error))) return reasonOf(error)
    return `cannot be read: ${reasonOf(error)}`
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
