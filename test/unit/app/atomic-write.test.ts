import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { folderRefusal, writeFileAtomically } from '../../../src/app/atomic-write.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcmsim-'))
const path = join(folder, 'deep/er/file.txt')

afterEach(() => rmSync(join(folder, 'deep'), { recursive: true, force: true }))

describe('atomic writes', () => {
  it('make folders, take pieces and leave nothing else behind', () => {
    writeFileAtomically(path, ['a', 'bc', 'µ'])
    expect(readFileSync(path, 'utf8')).toBe('abcµ')
    expect(readdirSync(join(folder, 'deep/er'))).toEqual(['file.txt'])
  })
  it('keep the old file if the new one fails half-way', () => {
    writeFileAtomically(path, 'old')
    function* failing(): Generator<string> {
      yield 'x'.repeat(3_000_000)
      throw new Error('no more')
    }
    expect(() => writeFileAtomically(path, failing())).toThrow('no more')
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(join(folder, 'deep/er'))).toEqual(['file.txt'])
  })
  it('write long texts whole', () => {
    const text = 'µs\n'.repeat(1_000_000)
    writeFileAtomically(path, text)
    expect(readFileSync(path, 'utf8') === text).toBe(true)
  })
  it('fail where a file stands in the way', () => {
    writeFileSync(join(folder, 'plain'), '')
    const reason = `${join(folder, 'plain')} is a file, not a folder`
    expect(() => writeFileAtomically(join(folder, 'plain/x'), 'y')).toThrow(reason)
    expect(() => writeFileAtomically(join(folder, 'plain/deep/er/x'), 'y')).toThrow(reason)
    const before = readdirSync(folder)
    expect(folderRefusal(join(folder, 'plain'))).toBe(reason)
    expect(folderRefusal(join(folder, 'plain/deep'))).toBe(reason)
    expect(folderRefusal(join(folder, 'new/deep'))).toBeUndefined()
    expect(readdirSync(folder)).toEqual(before)
  })
  it.skipIf(!existsSync('/proc'))('return where no folder can be made', () => {
    const write = () => writeFileAtomically('/proc/nope/a/b', 'x')
    expect(write).toThrow('no folder /proc/nope can be made')
    expect(folderRefusal('/proc/nope/a')).toBe('/proc: no folder can be made there')
  })
})
