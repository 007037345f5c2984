/** A console that keeps what a command says. */
export interface Said {
  out: string
  err: string
}

export function listening() {
  const said: Said = { out: '', err: '' }
  const console = {
    out: (text: string) => {
      said.out += text
    },
    err: (text: string) => {
      said.err += text
    },
    progress: (_text: string) => {},
  }
  return { said, console }
}
