/**
 * Shell-style patterns for paths: `*`, `**`, `?`, `[a-z]` and `{a,b}`. Node 20 has no glob of its
 * own. Text only; Files.ts walks the folders.
 */
export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text)
}

/** The folder that every match is under: the parts before the first one with a wildcard. */
export function globRoot(pattern: string): string {
  const parts = pattern.split('/')
  const fixed = parts.slice(0, parts.findIndex(isGlob))
  if (fixed.length === 0) return '.'
  return fixed.join('/') || '/'
}

export function globToRegExp(pattern: string): RegExp {
  let out = ''
  let braces = 0
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] as string
    if (pattern.startsWith('**/', i)) {
      out += '(?:[^/]+/)*'
      i += 2
    } else if (pattern.startsWith('**', i)) {
      out += '.*'
      i += 1
    } else if (c === '*') out += '[^/]*'
    else if (c === '?') out += '[^/]'
    else if (c === '[' && pattern.indexOf(']', i + 2) > 0) {
      const end = pattern.indexOf(']', i + 2)
      out += `[${pattern
        .slice(i + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')}]`
      i = end
    } else if (c === '{') {
      braces += 1
      out += '(?:'
    } else if (c === '}' && braces > 0) {
      braces -= 1
      out += ')'
    } else if (c === ',' && braces > 0) out += '|'
    else out += c.replace(/[.+^$()|\\[\]{}]/, '\\$&')
  }
  return new RegExp(`^${out}${')'.repeat(braces)}$`)
}
