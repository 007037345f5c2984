import { describe, expect, it } from 'vitest'
import { globRoot, globToRegExp, isGlob } from '../../../src/app/glob.ts'

describe('patterns', () => {
  const cases: readonly (readonly [pattern: string, yes: string, no: string])[] = [
    ['a/*.yaml', 'a/b.yaml', 'a/b/c.yaml'],
    ['a/**/*.yaml', 'a/b/c/d.yaml', 'b/a.yaml'],
    ['a/**/*.yaml', 'a/d.yaml', 'a/d.yml'],
    ['x?.{yaml,yml}', 'x1.yml', 'x12.yml'],
    ['[a-c]x', 'bx', 'dx'],
    ['[!a-c]x', 'dx', 'bx'],
    ['a.b*', 'a.bc', 'aXbc'],
  ]
  for (const [pattern, yes, no] of cases) {
    it(pattern, () => {
      expect(globToRegExp(pattern).test(yes)).toBe(true)
      expect(globToRegExp(pattern).test(no)).toBe(false)
    })
  }
  it('know where to begin', () => {
    expect(isGlob('a/b.yaml')).toBe(false)
    expect(globRoot('a/b/*.yaml')).toBe('a/b')
    expect(globRoot('*.yaml')).toBe('.')
    expect(globRoot('/*/x')).toBe('/')
  })
})
