/**
 * docs/gallery.md is what scenarios/reports gives; `npm run gallery` makes it and its charts anew.
 * Charts are held to the words of their titles, which are findings; numbers may move a little.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { svgText } from '../../src/app/Charts.ts'
import { exhibit, reports } from '../support/gallery.ts'

const page = fileURLToPath(new URL('../../docs/gallery.md', import.meta.url))
const images = fileURLToPath(new URL('../../docs/images/reports/', import.meta.url))
const update = process.env['UPDATE_GOLDEN'] === '1'
const block = /(<!-- gallery -->\n)[\s\S]*?(<!-- end -->)/
/** Bytes that all charts of the page may have together. */
const imagesMax = 1_500_000

const exhibits = reports.map((report) => [report.name, exhibit(report)] as const)

/** The title as the SVG has it, without XML's escapes. */
function titleOf(svg: string): string {
  const title = /<title>([^<]*)<\/title>/.exec(svg)?.[1] ?? ''
  return title.replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&')
}

function wordsOf(title: string): string {
  return title.replaceAll(/[\d.,]+/g, '#')
}

describe('docs/gallery.md', () => {
  it('has the verdicts of the runs', () => {
    const text = readFileSync(page, 'utf8')
    expect(text).toMatch(block)
    const sections = exhibits.map(([, { section }]) => section).join('\n\n')
    const fresh = text.replace(block, (_, before, after) => `${before}${sections}\n${after}`)
    if (update) writeFileSync(page, fresh)
    else expect(text === fresh ? '' : 'out of date: npm run gallery').toBe('')
  })
  it.each(exhibits)('has the chart of %s', async (name, { drawing }) => {
    const file = `${images}${name}.svg`
    if (update) {
      mkdirSync(images, { recursive: true })
      writeFileSync(file, await svgText(drawing))
    }
    expect(wordsOf(titleOf(readFileSync(file, 'utf8')))).toBe(wordsOf(drawing.title))
  })
  it('has no chart of anything else, and all of them are small', () => {
    const files = existsSync(images) ? readdirSync(images) : []
    expect(files.toSorted()).toEqual(reports.map(({ name }) => `${name}.svg`).toSorted())
    const bytes = files.reduce((sum, file) => sum + statSync(`${images}${file}`).size, 0)
    expect(bytes).toBeLessThan(imagesMax)
  })
  it('has a place for each of the forty reports', () => {
    const text = readFileSync(page, 'utf8')
    const absent = [...text.matchAll(/^\| (\d+) \| `/gm)].map(([, number]) => Number(number))
    const present = reports.map(({ head }) => Number(head['Report']))
    const all = Array.from({ length: 40 }, (_, i) => i + 1)
    expect([...present, ...absent].toSorted((a, b) => a - b)).toEqual(all)
  })
})

describe.each(reports)('scenarios/reports/$name.yaml', ({ head, text }) => {
  it('says symptom, cause and known fix, and has the fix as a variant', () => {
    for (const key of ['Report', 'Symptom', 'Cause', 'Fix']) expect(head).toHaveProperty(key)
    expect(text).toMatch(/^ {2}- (name: |\{name: )fix-/m)
    expect(text).toMatch(/^tags: \[report, /m)
  })
})
