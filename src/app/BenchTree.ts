/**
 * The other side of `--vs`: a folder with a built pcmsim, or a revision, which is checked out
 * elsewhere and built with the packages that stand here. What was checked out is removed again.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Effect from 'effect/Effect'
import type { Build } from './BenchRun.ts'
import { InputError } from './Errors.ts'

export interface OtherTree {
  readonly build: Build
  /** As the report names it. */
  readonly name: string
  remove(): void
}

/** The folder that this very build stands in: the one with package.json. */
function ownRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(at, 'package.json')) && dirname(at) !== at) at = dirname(at)
  return realpathSync(at)
}

export const otherTree = Effect.fnUntraced(function* (where: string) {
  const fault = (what: string) => new InputError({ lines: [`--vs ${where}: ${what}`] })
  if (existsSync(where)) {
    const build = buildIn(where, join(tmpdir(), `pcmsim-vs-${process.pid}`))
    if (build === null) return yield* fault('no built pcmsim there, allowed: one with dist/')
    const keep = build.keep as string
    const tree: OtherTree = { build, name: where, remove: () => removeFolder(keep) }
    return tree
  }
  const root = ownRoot()
  const revision = git(root, ['rev-parse', '--verify', '--short', `${where}^{commit}`])
  if (revision === null) return yield* fault('neither a folder nor a revision')
  const folder = mkdtempSync(join(tmpdir(), 'pcmsim-vs-'))
  const checkout = join(folder, 'tree')
  const remove = (): void => {
    process.off('exit', remove)
    git(root, ['worktree', 'remove', '--force', checkout])
    removeFolder(folder)
  }
  // Also when the command is interrupted.
  process.once('exit', remove)
  const problem = checkOut(root, checkout, revision)
  const build = problem === null ? buildIn(checkout, join(folder, 'records')) : null
  if (build !== null) {
    const tree: OtherTree = { build, name: revision, remove }
    return tree
  }
  remove()
  return yield* fault(problem ?? `${revision} is older than the benchmarks`)
})

function checkOut(root: string, checkout: string, revision: string): string | null {
  if (git(root, ['worktree', 'add', '--detach', checkout, revision]) === null) {
    return 'git cannot check it out'
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: checkout, encoding: 'utf8' })
  return built.status === 0 ? null : `it does not build: ${built.stderr.trim()}`
}

/** The build in `dist`; null if it has no benchmarks. */
function buildIn(root: string, keep: string): Build | null {
  for (const [worker, main] of [
    ['dist/bin/bench-worker.js', 'dist/bin/main.js'],
    ['dist/app/bench-worker.js', 'dist/cli/main.js'],
  ] as const) {
    if (!existsSync(join(root, worker))) continue
    return { worker: realpathSync(join(root, worker)), main: join(root, main), keep }
  }
  return null
}

function git(cwd: string, args: readonly string[]): string | null {
  const run = spawnSync('git', args, { cwd, encoding: 'utf8' })
  return run.status === 0 ? run.stdout.trim() : null
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
}
