/**
 * A look at the tokens of a YAML text before it is parsed: the parser recurses, and a document that
 * is nested deeply enough ends the process, not just the parse. Also bounds how long parsing takes.
 */
import { Lexer } from 'yaml'

export const preflightLimits = { flowDepthMax: 64, indentMax: 256, tokensMax: 500_000 } as const

export interface Preflight {
  readonly offset: number
  readonly what: string
  readonly allowed: string
}

const { flowDepthMax, indentMax, tokensMax } = preflightLimits

/** What makes the text too large to parse, or undefined. */
export function preflight(text: string): Preflight | undefined {
  let offset = 0
  let tokens = 0
  let flowDepth = 0
  let indent: number | undefined = 0
  for (const token of new Lexer().lex(text)) {
    tokens += 1
    if (tokens > tokensMax) {
      return { offset, what: 'too many values', allowed: `up to ${tokensMax} YAML tokens` }
    }
    if (token === '[' || token === '{') flowDepth += 1
    else if (token === ']' || token === '}') flowDepth -= 1
    indent = nextIndent(token, indent)
    if (flowDepth > flowDepthMax || (indent ?? 0) > indentMax) {
      const allowed = `up to ${flowDepthMax} levels and ${indentMax} columns of indentation`
      return { offset, what: 'nested too deeply', allowed }
    }
    offset += isMark(token) ? 0 : token.length
  }
  return undefined
}

/** Columns before the first content of the line, counting `- - ` and `? `; undefined after it. */
function nextIndent(token: string, indent: number | undefined): number | undefined {
  if (token.startsWith('\n') || token.startsWith('\r')) return 0
  if (indent === undefined || isMark(token)) return indent
  const opens = token === '-' || token === '?' || token.trim() === ''
  return opens ? indent + token.length : undefined
}

/** The lexer marks documents, flow ends and scalars with one control character each. */
function isMark(token: string): boolean {
  return token === '\u0002' || token === '\u0018' || token === '\u001f' || token === '\ufeff'
}
