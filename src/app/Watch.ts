/**
 * Does something again whenever one of some files changes. Watches the folders that they stand in,
 * because editors write a new file and rename it. Ends only with the process.
 */
import { existsSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** An editor touches a file several times when it saves. */
const SETTLE_MS = 120

/** `act` is never run twice at once; a change during it makes it run again. */
export async function whenever(paths: readonly string[], act: () => Promise<void>): Promise<never> {
  let stamp = stampOf(paths)
  let wake: () => void = () => {}
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    const names = new Set(paths.filter((path) => dirname(path) === folder).map((p) => basename(p)))
    watch(folder, (_, name) => {
      if (name === null || names.has(name)) wake()
    })
  }
  for (;;) {
    await act()
    while (stampOf(paths) === stamp) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    }
    stamp = stampOf(paths)
  }
}

/** Changes when one of the files does; one that is being replaced counts as unchanged. */
function stampOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      if (!existsSync(path)) return 'gone'
      const { mtimeMs, size, ino } = statSync(path)
      return `${mtimeMs} ${size} ${ino}`
    })
    .join('|')
}

/** Why these paths cannot be watched, or undefined. */
export function watchRefusal(paths: readonly string[]): string | undefined {
  const wrong = paths.find((path) => path === '-' || !existsSync(path) || !statSync(path).isFile())
  if (wrong === undefined) return undefined
  return `${wrong}: cannot be watched, allowed with --watch: files`
}
