/**
 * JSON that others wrote: looked at before it is parsed, because each open bracket of a text costs
 * the parser some fifty bytes.
 */

/** More than any JSON of ours, less than what a parser minds. */
const jsonDepthMax = 64

/** As JSON.parse; throws a SyntaxError also for what is nested too deeply. */
export function parseJson(text: string): unknown {
  if (jsonDepth(text) > jsonDepthMax) {
    throw new SyntaxError(`nested too deeply, allowed: up to ${jsonDepthMax} levels`)
  }
  return JSON.parse(text)
}

/** Brackets open at a time, texts left out. Of what is no JSON: at least as many as are parsed. */
function jsonDepth(text: string): number {
  const bracket = /["[\]{}]/g
  let depth = 0
  let deepest = 0
  for (let found = bracket.exec(text); found !== null; found = bracket.exec(text)) {
    const c = found[0]
    if (c === '"') bracket.lastIndex = textEnd(text, found.index + 1)
    else if (c === '[' || c === '{') deepest = Math.max(deepest, ++depth)
    else depth--
    if (deepest > jsonDepthMax) break
  }
  return deepest
}

/** Behind the quote that ends a JSON text. */
function textEnd(text: string, from: number): number {
  const mark = /["\\]/g
  mark.lastIndex = from
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    if (found[0] === '"') return mark.lastIndex
    mark.lastIndex++
  }
  return text.length
}
