/**
 * Standard output and error for the commands. A result goes to standard output only; progress goes
 * to standard error, and only if that is a terminal. No colours are used, so NO_COLOR holds.
 */
export interface CliConsole {
  out(text: string): void
  err(text: string): void
  print(text: string): void
  progress(text: string): void
}

export function makeConsole(quiet: boolean): CliConsole {
  const showProgress = process.stderr.isTTY === true && !quiet
  let shown = ''
  const clear = (): void => {
    if (shown !== '') process.stderr.write(`\r${' '.repeat(shown.length)}\r`)
    shown = ''
  }
  const out = (text: string): void => {
    clear()
    process.stdout.write(text)
  }
  return {
    out,
    print: out,
    err(text) {
      clear()
      process.stderr.write(text)
    },
    progress(text) {
      if (!showProgress) return
      clear()
      process.stderr.write(text)
      shown = text
    },
  }
}

/** A reader that goes away (`pcmsim ... | head`) is not an error of ours. */
export function ignoreClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}
