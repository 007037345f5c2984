/** A reader of Value Change Dump text, written from IEEE 1364-2005, clause 18. */
export interface VcdSignal {
  readonly name: string
  readonly type: string
  /** Time and value, the first at 0. */
  readonly changes: (readonly [timeNs: number, value: string])[]
}

export interface Vcd {
  readonly timescale: string
  readonly signals: ReadonlyMap<string, VcdSignal>
  readonly endNs: number
}

export function readVcd(text: string): Vcd {
  const tokens = text.split(/\s+/).filter((one) => one !== '')
  const byCode = new Map<string, VcdSignal>()
  const signals = new Map<string, VcdSignal>()
  const scopes: string[] = []
  let timescale = ''
  let at = 0
  let timeNs = 0
  const until = (): string[] => {
    const from = at
    while (tokens[at] !== '$end') {
      if (at++ >= tokens.length) throw new Error('no $end')
    }
    return tokens.slice(from, at++)
  }
  const set = (code: string | undefined, value: string): void => {
    const signal = byCode.get(code ?? '')
    if (signal === undefined) throw new Error(`no variable ${code}`)
    signal.changes.push([timeNs, value])
  }
  while (at < tokens.length) {
    const token = tokens[at++] as string
    if (token === '$dumpvars' || token === '$end') continue
    if (token === '$timescale') timescale = until().join(' ')
    else if (token === '$scope') scopes.push(until()[1] as string)
    else if (token === '$upscope') {
      scopes.pop()
      until()
    } else if (token === '$var') {
      const [type = '', , code = '', ...names] = until()
      const name = [...scopes, names.join(' ')].join('.')
      if (byCode.has(code) || signals.has(name)) throw new Error(`declared twice: ${name}`)
      const signal = { name, type, changes: [] }
      byCode.set(code, signal)
      signals.set(name, signal)
    } else if (token.startsWith('$')) until()
    else if (token.startsWith('#')) {
      const next = Number(token.slice(1))
      if (next < timeNs || !Number.isInteger(next)) throw new Error(`time ${token}`)
      timeNs = next
    } else if (/^[01xz]/.test(token)) set(token.slice(1), token[0] as string)
    else if (/^b[01]+$/.test(token)) set(tokens[at++], `${BigInt.asIntN(64, BigInt(`0${token}`))}`)
    else if (token.startsWith('s')) set(tokens[at++], token.slice(1))
    else throw new Error(`no value change: ${token}`)
  }
  return { timescale, signals, endNs: timeNs }
}
