/**
 * The command line as it ships (dist/bin), called many times in one process. What it prints is
 * caught; every path that it opens for writing, makes, renames or removes is remembered.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Done {
  readonly code: number
  /** What it printed on both streams. */
  readonly text: string
  /** Whole paths of what was written, made or removed. */
  readonly written: ReadonlySet<string>
}

export type Program = (words: readonly string[]) => Promise<Done>

const keptMax = 4_000_000

/** Position of the path that is changed, by the function's name. */
const CHANGES: Readonly<Record<string, number>> = {
  writeFileSync: 0,
  appendFileSync: 0,
  mkdirSync: 0,
  mkdtempSync: 0,
  rmSync: 0,
  rmdirSync: 0,
  unlinkSync: 0,
  truncateSync: 0,
  renameSync: 1,
  copyFileSync: 1,
  symlinkSync: 1,
  linkSync: 1,
  createWriteStream: 0,
  writeFile: 0,
  appendFile: 0,
  mkdir: 0,
  rm: 0,
  unlink: 0,
  rename: 1,
}

let written = new Set<string>()

function watchWrites(): void {
  const table = fs as unknown as Record<string, (...args: unknown[]) => unknown>
  const watched = (name: string, changes: (args: readonly unknown[]) => unknown): void => {
    const original = table[name] as (...args: unknown[]) => unknown
    table[name] = (...args) => {
      const path = changes(args)
      if (typeof path === 'string') written.add(resolve(path))
      return original(...args)
    }
  }
  for (const [name, at] of Object.entries(CHANGES)) watched(name, (args) => args[at])
  const opened = (args: readonly unknown[]): unknown => ((args[1] ?? 'r') === 'r' ? null : args[0])
  watched('openSync', opened)
  watched('open', opened)
  syncBuiltinESMExports()
}

export async function loadProgram(root: string): Promise<Program> {
  watchWrites()
  const path = pathToFileURL(resolve(root, 'dist/bin/program.js')).href
  const { runProgram } = (await import(path)) as {
    runProgram(words: readonly string[]): Promise<void>
  }
  const streams = [process.stdout, process.stderr]
  const originals = streams.map((stream) => stream.write)
  return async (words) => {
    let text = ''
    written = new Set()
    for (const stream of streams) {
      stream.write = ((piece: string | Uint8Array) => {
        if (text.length < keptMax) text += String(piece)
        return true
      }) as typeof stream.write
    }
    process.exitCode = 0
    try {
      await runProgram(words)
      return { code: Number(process.exitCode), text, written }
    } finally {
      process.exitCode = 0
      for (const [i, stream] of streams.entries()) stream.write = originals[i] as never
    }
  }
}
