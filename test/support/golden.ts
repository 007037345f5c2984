/**
 * Golden files: what a test makes must equal the file beside it, byte for byte. `UPDATE_GOLDEN=1`
 * writes the files instead; the difference is then read in review.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'

const folder = new URL('../golden/', import.meta.url)

export function expectGolden(name: string, text: string): void {
  const file = new URL(name, folder)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text)
  const stored = readFileSync(file, 'utf8')
  if (stored === text) return
  const [was, is] = [stored.split('\n'), text.split('\n')]
  const line = is.findIndex((one, i) => one !== was[i])
  const lines = `- ${was[line] ?? '(ends)'}\n+ ${is[line] ?? '(ends)'}\n`
  expect.fail(
    `${name} differs from line ${line + 1} on:\n${lines}` +
      'If this is meant, run the tests with UPDATE_GOLDEN=1 and say why in the commit.',
  )
}

export function goldenInput(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8')
}
