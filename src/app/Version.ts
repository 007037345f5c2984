/** The version of this pcmsim: results of different ones are not compared by key. */
import { readFileSync } from 'node:fs'

export function pcmsimVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { readonly version: unknown }).version)
}
