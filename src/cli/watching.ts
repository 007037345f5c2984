/** `--watch`: a command again and again, until it is interrupted. */
import type { CliConsole } from './console.ts'

/** Returns only if the paths cannot be watched: 2. */
export async function watching(
  paths: readonly string[],
  act: () => Promise<number>,
  console: CliConsole,
): Promise<number> {
  const { watchRefusal, whenever } = await import('../app/Watch.ts')
  const refusal = watchRefusal(paths)
  if (refusal !== undefined) {
    console.err(`${refusal}\n`)
    return 2
  }
  process.once('SIGINT', () => process.exit(130))
  return whenever(paths, async () => {
    await act()
    console.err('watching; Ctrl-C ends it\n')
  })
}
