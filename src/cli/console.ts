/**
 * Standard output and error for the commands. A result goes to standard output only; progress goes
 * to standard error: a line that changes if that is a terminal, else a line now and then. No
 * colours are used, so NO_COLOR holds.
 */
export interface CliConsole {
  out(text: string): void
  err(text: string): void
  print(text: string): void
  progress(text: string): void
}

/** Between lines of progress in a log. */
const LOG_MS = 30_000

export function makeConsole(quiet: boolean): CliConsole {
  const isTerminal = process.stderr.isTTY === true
  let toldMs = performance.now()
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
      if (quiet) return
      if (!isTerminal) {
        if (text === '' || performance.now() - toldMs < LOG_MS) return
        toldMs = performance.now()
        process.stderr.write(`pcmsim: ${text}\n`)
        return
      }
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
