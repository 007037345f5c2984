/** Progress on standard error that is no terminal: a line now and then, none if it is quiet. */
import { afterEach, expect, it, vi } from 'vitest'
import { makeConsole } from '../../../src/cli/console.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

function said(quiet: boolean): readonly string[] {
  const lines: string[] = []
  let nowMs = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text))
    return true
  })
  const isTTY = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY')
  Object.defineProperty(process.stderr, 'isTTY', { value: false, configurable: true })
  const console = makeConsole(quiet)
  for (let second = 1; second <= 70; second++) {
    nowMs += 1_000
    console.progress(`${second} runs`)
  }
  console.progress('')
  if (isTTY !== undefined) Object.defineProperty(process.stderr, 'isTTY', isTTY)
  return lines
}

it('comes each 30 s', () => {
  expect(said(false)).toEqual(['pcmsim: 30 runs\n', 'pcmsim: 60 runs\n'])
})

it('does not come with --quiet', () => {
  expect(said(true)).toEqual([])
})
