import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CODES } from '../../../src/sim/trace-kinds.ts'
import { ARGUMENTS, EVENT_NAMES, isSymbolTable } from '../../../src/sim/trace-labels.ts'

const page = readFileSync(new URL('../../../docs/trace.md', import.meta.url), 'utf8')

/** Text of the third-level section of this name. */
function section(name: string): string {
  return page.split(/^(?=##)/m).find((part) => part.startsWith(`### ${name}\n`)) ?? ''
}

const rows = (text: string): string[] =>
  [...text.matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1] ?? '')

describe('docs/trace.md', () => {
  it('has one section for each kind, in order', () => {
    const kinds = page.split('\n## Kinds\n')[1]?.split('\n## Codes\n')[0] ?? ''
    expect([...kinds.matchAll(/^### (.*)$/gm)].map((m) => m[1])).toEqual([...EVENT_NAMES])
  })
  it.each(EVENT_NAMES.map((name, kind) => [name, kind] as const))(
    '%s: its arguments',
    (name, kind) => {
      const text = section(name)
      expect(rows(text)).toEqual(ARGUMENTS[kind]?.map((argument) => argument.name))
      expect(text.split('\n')[2]?.length).toBeGreaterThan(10)
      for (const { name: argument, type } of ARGUMENTS[kind] ?? []) {
        if (isSymbolTable(type) || type === 'int' || type === 'ns') continue
        expect(text).toContain(`| \`${argument}\` | [${type}](#${type}) |`)
      }
    },
  )
  it.each(Object.keys(CODES))('%s: its words', (name) => {
    for (const word of CODES[name] ?? []) {
      if (!/^\d+$/.test(word)) expect(section(name)).toContain(`\`${word}\``)
    }
  })
  it('leaves nothing to be written', () => {
    expect(page).not.toContain('TODO')
  })
})
