/// <reference lib="dom" />
/**
 * Debian's Chromium, if the machine has it. Where it is absent the tests that need it are skipped,
 * and their name says why.
 */
import { existsSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'

const places = [process.env.PCMSIM_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser']

export const chromiumPath = places.find((path) => path !== undefined && existsSync(path))

export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  const executablePath = chromiumPath ?? ''
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
}

/** What a page complains of, and what it asks the network for. */
export function complaintsOf(page: Page): string[] {
  const found: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') found.push(message.text())
  })
  page.on('pageerror', (error) => found.push(error.message))
  page.on('request', (request) => {
    if (!/^(file|data|blob):/.test(request.url())) found.push(request.url())
  })
  return found
}

/**
 * Share of pixels of two PNGs (base64) that differ by more than a little, 1 if their sizes differ
 * by more than a pixel. Counted by the browser, which can read PNGs.
 */
export function differingShare(page: Page, a: string, b: string): Promise<number> {
  return page.evaluate(
    async ([first, second]) => {
      const read = async (data: string | undefined) => {
        const image = new Image()
        image.src = `data:image/png;base64,${data}`
        await image.decode()
        const canvas = document.createElement('canvas')
        canvas.width = image.width
        canvas.height = image.height
        const context = canvas.getContext('2d')
        context?.drawImage(image, 0, 0)
        const pixels = context?.getImageData(0, 0, image.width, image.height).data
        return { width: image.width, height: image.height, pixels: pixels ?? [] }
      }
      const [one, two] = [await read(first), await read(second)]
      if (Math.abs(one.width - two.width) > 1 || Math.abs(one.height - two.height) > 1) return 1
      let differ = 0
      const [width, height] = [Math.min(one.width, two.width), Math.min(one.height, two.height)]
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [i, j] = [(y * one.width + x) * 4, (y * two.width + x) * 4]
          const apart = [0, 1, 2].some((c) => {
            return Math.abs((one.pixels[i + c] ?? 0) - (two.pixels[j + c] ?? 0)) > 64
          })
          if (apart) differ++
        }
      }
      return differ / (width * height)
    },
    [a, b],
  )
}
