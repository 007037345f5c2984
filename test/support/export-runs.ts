/** Runs whose exports are read back, by file of scenarios/ and part of the variant's name. */
import { readFileSync } from 'node:fs'
import { loadScenario, runScenario } from '../../src/index.ts'

export function runOf(file: string, set: readonly string[] = [], variant = '') {
  const text = readFileSync(new URL(`../../scenarios/${file}`, import.meta.url), 'utf8')
  const specs = loadScenario(text, { set, name: file })
  const spec = specs.find((one) => (one.variant ?? '').includes(variant))
  if (spec === undefined) throw new Error(`${file}: no variant ${variant}`)
  return { ...runScenario(spec), spec }
}

export type ExportRun = ReturnType<typeof runOf>
