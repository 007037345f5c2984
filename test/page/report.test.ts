/**
 * The report page in a real browser: no complaints and no network, the record under the pointer,
 * zoom that stays aligned, the cursor linked across charts, sortable tables, and its looks.
 */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildResult } from '../../src/analysis/result.ts'
import { htmlReport } from '../../src/app/HtmlReport.ts'
import { type ChartChoice, chartKind } from '../../src/chart/kinds.ts'
import type { Drawing, TimePanel } from '../../src/chart/layout/shapes.ts'
import { chromiumPath, complaintsOf, differingShare, launchChromium } from '../support/browser.ts'
import { syntheticMeta, syntheticStore } from '../support/synthetic-store.ts'

const MS = 1_000_000
const durationNs = 1_000 * MS
const store = syntheticStore({ durationNs, stallAtNs: 500 * MS, stallNs: 60 * MS })
const result = buildResult(store, syntheticMeta(durationNs))
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-page-'))
const file = join(folder, 'report.html')
const options = { theme: 'light', summary: 'An emulated stall.', watch: false } as const
const without = chromiumPath === undefined ? ' (skipped: no Chromium on this machine)' : ''

let browser: Browser
let page: Page
let complaints: string[] = []

const drawingOf = (kind: string, choice: ChartChoice = {}): Drawing => {
  const drawing = chartKind(kind)?.draw({ store, result }, choice)
  if (drawing === undefined) throw new Error(`no chart ${kind}`)
  return drawing
}

/** Where a place of a chart is on the screen. */
async function screenOf(kind: string, drawing: Drawing, x: number, y: number) {
  const svg = page.locator(`figure[data-kind=${kind}] svg`)
  await svg.scrollIntoViewIfNeeded()
  const box = await svg.boundingBox()
  if (box === null) throw new Error(`${kind} is not on the page`)
  const scale = box.width / drawing.width
  return { x: box.x + x * scale, y: box.y + y * scale }
}

const xOf = (panel: TimePanel, ns: number): number =>
  panel.x0 + ((ns - panel.fromNs) / (panel.toNs - panel.fromNs)) * (panel.x1 - panel.x0)

/** The panel of the timeline's lanes, and the middle of the row about the stream. */
function laneOfStream(drawing: Drawing) {
  const panel = drawing.panels.find((one) => one.rows.length > 3)
  const row = panel?.rows.find(({ pick }) => pick.kinds.length > 5 && pick.subject === 0)
  if (panel === undefined || row === undefined) throw new Error('no lanes')
  return { panel, y: (row.top + row.bottom) / 2 }
}

describe.skipIf(chromiumPath === undefined)(`the report page${without}`, () => {
  beforeAll(async () => {
    writeFileSync(file, await htmlReport(store, result, options))
    browser = await launchChromium()
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    complaints = complaintsOf(page)
    await page.goto(`file://${file}`)
  })
  afterAll(async () => {
    await browser?.close()
  })

  it('opens from disk, with findings and every chart', async () => {
    expect(await page.title()).toBe('completed: synthetic, seed 1')
    expect(await page.locator('li.bad').first().textContent()).toMatch(/xrun at 0.5\d\d s/)
    expect(await page.locator('figure svg').count()).toBeGreaterThanOrEqual(4)
  })
  it('shows the record under the pointer', async () => {
    const drawing = drawingOf('timeline')
    const { panel, y } = laneOfStream(drawing)
    const xrun = Object.values(result.streams)[0]?.xruns[0]
    if (xrun === undefined) throw new Error('no xrun')
    const at = await screenOf('timeline', drawing, xOf(panel, xrun.timeNs), y)
    await page.mouse.move(at.x, at.y)
    const told = (await page.locator('#tooltip').textContent()) ?? ''
    expect(told).toMatch(/^0\.5\d{8} s {2}snd_pcm:/)
    expect(told).toContain('stream pcmC0D0p')
  })
  it('draws one cursor through the charts, at the same instant', async () => {
    const drawing = drawingOf('timeline')
    const { panel, y } = laneOfStream(drawing)
    const timeNs = panel.fromNs + 0.25 * (panel.toNs - panel.fromNs)
    const at = await screenOf('timeline', drawing, xOf(panel, timeNs), y)
    await page.mouse.move(at.x, at.y)
    const jitter = drawingOf('jitter')
    const d = await page.locator('figure[data-kind=jitter] .page-cursor').getAttribute('d')
    const x = Number(/^M([\d.]+) /.exec(d ?? '')?.[1])
    expect(x).toBeCloseTo(xOf(jitter.panels[0] as TimePanel, timeNs), 0)
  })
  it('zooms to a finding, and all charts show the same stretch', async () => {
    const button = page.locator('li.bad button').first()
    const from = Number(await button.getAttribute('data-from'))
    const to = Number(await button.getAttribute('data-to'))
    await button.click()
    await page.waitForFunction(() => document.querySelector('#window')?.textContent?.includes('to'))
    const stream = Object.keys(result.streams)[0] ?? ''
    for (const kind of ['timeline', 'ring', 'jitter', 'latency']) {
      const window = { fromNs: from, toNs: to }
      const drawn = drawingOf(kind, { stream, window })
      const paths = drawn.shapes.flatMap((shape) => (shape.kind === 'path' ? [shape.d] : []))
      const shown = await page
        .locator(`figure[data-kind=${kind}] svg path:not(.page-cursor)`)
        .evaluateAll((all) => all.map((one) => one.getAttribute('d')))
      expect(shown).toEqual(paths)
    }
  })
  it('keeps the instant under the pointer where it is when the wheel zooms', async () => {
    await page.click('button[data-reset]')
    await page.waitForTimeout(100)
    const drawing = drawingOf('timeline')
    const { panel, y } = laneOfStream(drawing)
    const at = await screenOf('timeline', drawing, panel.x0 + 0.7 * (panel.x1 - panel.x0), y)
    const cursor = async (): Promise<number> => {
      await page.mouse.move(at.x + 0.1, at.y)
      await page.mouse.move(at.x, at.y)
      const d = await page.locator('figure[data-kind=ring] .page-cursor').getAttribute('d')
      return Number(/^M([\d.]+) /.exec(d ?? '')?.[1])
    }
    const wholeBefore = await cursor()
    await page.keyboard.down('Control')
    for (let i = 0; i < 5; i++) await page.mouse.wheel(0, -100)
    await page.keyboard.up('Control')
    await page.waitForTimeout(200)
    expect(await page.locator('#window').textContent()).toMatch(/ s to /)
    expect(Math.abs((await cursor()) - wholeBefore)).toBeLessThan(0.5)
  })
  it('sorts tables by number and back', async () => {
    const table = page.locator('table', { hasText: 'then taken' })
    const times = async (): Promise<number[]> =>
      (await table.locator('tbody td:nth-child(3)').allTextContents()).map(Number)
    await table.locator('th button', { hasText: 'times' }).click()
    const up = await times()
    expect(up).toEqual(up.toSorted((a, b) => a - b))
    await table.locator('th button', { hasText: 'times' }).click()
    expect(await times()).toEqual(up.toReversed())
  })
  it('looks as it did', async () => {
    await page.setViewportSize({ width: 1280, height: 900 })
    await page.goto('about:blank')
    await page.goto(`file://${file}`)
    await page.mouse.move(0, 0)
    await page.evaluate(() => scrollTo(0, 0))
    const shot = (await page.screenshot()).toString('base64')
    const stored = fileURLToPath(new URL('../golden/report-page.png', import.meta.url))
    if (process.env.UPDATE_GOLDEN === '1' || !existsSync(stored)) {
      writeFileSync(stored, Buffer.from(shot, 'base64'))
    }
    const before = readFileSync(stored).toString('base64')
    // Letters of other versions of a font differ at their edges.
    expect(await differingShare(page, shot, before)).toBeLessThan(0.03)
  })
  it('has not complained, nor asked for anything', () => {
    expect(complaints).toEqual([])
  })
  it('follows its file when it is watched', async () => {
    const watched = join(folder, 'watched.html')
    const write = async (scenario: string) =>
      writeFileSync(
        watched,
        await htmlReport(store, { ...result, scenario }, { ...options, watch: true }),
      )
    await write('before')
    const open = await browser.newPage()
    await open.goto(`file://${watched}`)
    expect(await open.title()).toContain('before')
    await write('afterwards')
    await open.waitForFunction(() => document.title.includes('afterwards'), null, {
      timeout: 20_000,
    })
    await open.close()
  })
})
