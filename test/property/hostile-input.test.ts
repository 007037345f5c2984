/**
 * Files that are made to do harm, one test each, through the real command in a process of its own:
 * a heap of 256 MiB is enough, 384 MiB are never exceeded, seconds of processor time are, and what
 * is outside `out` is afterwards as it was. What a fuzzer does not hit on by itself.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { threadId } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writeFileAtomically } from '../../src/app/atomic-write.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const main = join(root, 'dist/bin/main.js')
const folder = mkdtempSync(join(tmpdir(), 'pcmsim-hostile-'))
const light = join(root, 'scenarios/first-light.yaml')
const heapMb = 256
const peakMb = 384
const cpuMs = 20_000

/** Tells, when the process ends, what it took. */
const weigh = `data:text/javascript,
  import { writeFileSync } from 'node:fs';
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    const taken = [maxRSS / 1024, (userCPUTime + systemCPUTime) / 1000];
    writeFileSync(process.env.WEIGHT, JSON.stringify(taken))
  })`.replaceAll('\n', '')

interface Ended {
  readonly code: number | null
  readonly said: string
}

/** Runs pcmsim in the folder; fails if it took more than it may. */
function pcmsim(...words: readonly string[]): Ended {
  const weight = join(folder, 'weight')
  const args = [`--max-old-space-size=${heapMb}`, '--import', weigh, main, ...words]
  const env = { ...process.env, WEIGHT: weight, HOME: folder, NO_COLOR: '1' }
  const ended = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })
  const said = `${ended.stdout}${ended.stderr}`
  expect(ended.signal, said).toBeNull()
  const [mb, ms] = JSON.parse(readFileSync(weight, 'utf8')) as [number, number]
  rmSync(weight)
  expect(mb, said).toBeLessThan(peakMb)
  expect(ms, said).toBeLessThan(cpuMs)
  return { code: ended.status, said }
}

function refused(said: string, ...words: readonly string[]): void {
  const ended = pcmsim(...words)
  expect(ended.said).toContain(said)
  expect(ended.code).toBe(2)
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content)
  return name
}

/** A file of this size that takes no room. */
function sparse(name: string, bytes: number): string {
  closeSync(openSync(join(folder, name), 'w'))
  truncateSync(join(folder, name), bytes)
  return name
}

/** A line of a sweep's results with the checksum that fits it. */
function sealed(value: object): string {
  const body = JSON.stringify(value).slice(0, -1)
  const sum = createHash('sha256').update(body).digest('hex').slice(0, 16)
  return `${body},"sum":"${sum}"}\n`
}

const head = 'version: 1\nname: a\ndriver: {version: ack}\nstreams: [{}]\n'
const huge = 300 * 1_048_576

beforeAll(() => mkdirSync(join(folder, 'in')))
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('huge', () => {
  it.each([
    ['check', 'huge.yaml', 'larger than 4 MiB'],
    ['chart', 'huge.ndjson', 'longer than 8 MiB'],
    ['merge', 'huge.jsonl', 'says of no sweep'],
    ['conformance --conf', 'huge.conf', 'larger than 4 MiB'],
    ['explain --proc', 'huge.txt', 'larger than 4 MiB'],
    ['locks --cases', 'huge.jsonl', 'larger than 4 MiB'],
    ['calibrate', 'huge.txt', 'no event of PCM timing'],
    [`explore ${light} --runs 1 --resume`, 'huge.jsonl', 'larger than 256 MiB'],
  ])('%s of 300 MiB in one line', { timeout: 120_000 }, (words, name, said) => {
    refused(said, ...words.split(' '), sparse(name, huge))
  })

  it('a device without end has no size', () => {
    refused('larger than 4 MiB', 'explain', '--proc', '/dev/zero')
    refused('larger than 4 MiB', 'check', '/dev/zero')
  })

  it('gzip: a small file of 200 MiB', () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1_048_576), { level: 1 })
    refused('no event of PCM timing', 'calibrate', file('bomb.gz', bomb))
  })

  it('gzip that is cut, or is none', () => {
    const packed = gzipSync(readFileSync(join(root, 'test/data/import/play.ftrace.txt')))
    refused('cannot be read', 'calibrate', file('cut.gz', packed.subarray(0, packed.length / 2)))
    refused('cannot be read', 'calibrate', file('none.gz', 'text'))
  })
})

describe('YAML', () => {
  const many = (count: number, each: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => each(i)).join('')

  it.each([
    ['nested flow', `a: ${'['.repeat(1e6)}`, 'nested too deeply'],
    ['nested block', many(2000, (i) => `${' '.repeat(i)}a:\n`), 'nested too deeply'],
    ['aliases of aliases', bomb(), 'too many values'],
    ['40,000 anchors, 40,000 aliases', anchored(), 'too many values'],
    ['60,000 keys of one mapping', `x:\n${many(60_000, (i) => ` k${i}: 1\n`)}`, 'name: is missing'],
    ['a long key in itself', `a: &a {${'k'.repeat(1e5)}: *a}\n`, 'nested too deeply'],
    ['100,000 anchors of one node', `x: ${'&a '.repeat(1e5)}\n`, 'at most one anchor'],
  ])('%s', { timeout: 120_000 }, (_, text, said) => refused(said, 'check', file('a.yaml', text)))

  function bomb(): string {
    const names = [...'abcdefghi']
    const lines = names.map((name, i) => {
      const nine = Array.from({ length: 9 }, () => (i === 0 ? 'x' : `*${names[i - 1]}`))
      return `${name}: &${name} [${nine.join(',')}]\n`
    })
    return lines.join('')
  }

  function anchored(): string {
    return `x:\n${many(40_000, (i) => `- &a${i} 1\n`)}${many(40_000, (i) => `- *a${i}\n`)}`
  }

  it('an alias is the last anchor of its name, also where it is named twice', () => {
    const text = `${head}tags: [&n one, *n, &n two, *n]\n`
    expect(pcmsim('list', 'scenarios', file('a.yaml', text)).said).toContain('one, one, two, two')
  })

  it('the same key twice', () => {
    refused(
      'a.yaml:3:1: not valid YAML: Map keys must be',
      'check',
      file('a.yaml', 'a: 1\nb: 1\na: 2\n'),
    )
  })
})

describe('JSON', () => {
  const deep = '['.repeat(3_000_000)

  it('nested deeply', { timeout: 120_000 }, () => {
    refused('not a JSON object', 'locks', '--cases', file('deep.jsonl', deep))
    refused('not a baseline', 'locks', light, '--baseline', file('deep.json', deep))
    refused('not JSON', 'export', '--format', 'vcd', file('deep.ndjson', deep))
    file('deep.jsonl', `${sealedText(deep)}\n`)
    refused('says of no sweep', 'merge', 'deep.jsonl')
  })

  it('a header of five million objects', () => {
    const text = `{"format":"pcmsim-trace","x":[${'{},'.repeat(5e6)}{}]}\n`
    refused('longer than 8 MiB', 'export', '--format', 'vcd', file('many.ndjson', text))
  })

  it('a trace whose ring has no size', () => {
    const ran = pcmsim('run', file('a.yaml', head), '--trace', '--out', 'out')
    expect(ran.code, ran.said).toBeLessThan(2)
    const name = readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' }).find(
      (one) => one.endsWith('trace.ndjson'),
    )
    const text = readFileSync(join(folder, 'out', name as string), 'utf8')
    expect(text).toContain('"buffer_size":')
    const trace = file('trace.ndjson', text.replaceAll(/"buffer_size":\d+/g, '"buffer_size":0'))
    const { code, said } = pcmsim('export', trace, '--format', 'proc')
    expect(code, said).toBe(0)
    expect(said).toContain('no setup')
  })

  it('a capture that counts a billion transfers', () => {
    for (const name of readdirSync(join(root, 'test/data/import/stall_480x4'))) {
      const bytes = readFileSync(join(root, 'test/data/import/stall_480x4', name))
      file(name, bytes)
    }
    const text = readFileSync(join(folder, 'distilled.json'), 'utf8')
    file('distilled.json', text.replace(/"transfers":\d+/g, '"transfers":1000000000'))
    refused('the limit is 1000000', 'calibrate', '.')
  })

  function sealedText(body: string): string {
    const sum = createHash('sha256').update(body).digest('hex').slice(0, 16)
    return `${body},"sum":"${sum}"}`
  }
})

describe('names', () => {
  const outside = '../../../../../../tmp/pcmsim-was-here'

  it('a scenario, a variant, a stream and a cost that lead elsewhere', () => {
    const variants = `variants: [{name: "${outside}"}]`
    refused('cannot be a name', 'run', file('a.yaml', head.replace('a\n', `"${outside}"\n`)))
    refused('cannot be a name', 'run', file('a.yaml', `${head}${variants}\n`))
    refused('', 'run', file('a.yaml', head.replace('{}', `{name: "${outside}"}`)))
    refused('', 'run', file('a.yaml', `${head}guest: {costs: "${outside}"}\n`))
    expect(readdirSync(folder)).toEqual(['a.yaml'])
  })

  it('sweeps whose checksums hold and whose names are none', () => {
    const names = [outside, '..', 'a/../../b', 'a/b/c', '/tmp/a', '', 'a\0b', 'a\\b']
    const counts = { settings: 1, seeds: { first: 1, last: 1 }, points: 1 }
    const rules = { axes: [], where: [], failIf: [], ...counts }
    const files = names.map((scenario, i) => {
      const header = { pcmsim: 'sweep', schema: 1, version: '0.1.0', scenario, document: '' }
      return file(`${i}.jsonl`, sealed({ ...header, ...rules }))
    })
    const { code, said } = pcmsim('merge', ...files)
    expect(code).toBe(2)
    for (const one of files) expect(said).toContain(`${one}: says of no sweep`)
    expect(readdirSync(folder).toSorted()).toEqual(files)
  })

  it('keys of every object', () => {
    const keys = '"__proto__": {"a": 1}, "constructor": 1, "toString": 2, "hasOwnProperty": 3'
    refused('this key is not a name', 'check', file('a.yaml', `${head}__proto__: {name: b}\n`))
    refused('constructor', 'check', file('a.yaml', `${head}constructor: 1\ntoString: 2\n`))
    refused(
      '',
      'locks',
      '--cases',
      file('c.jsonl', `{"name": "a", "classes": {${keys}}, "ops": []}`),
    )
    const op = '{"name": "a", "classes": {"__proto__": "x"}, "ops": [["mutex_lock", "__proto__"]]}'
    expect(pcmsim('locks', '--cases', file('c.jsonl', op)).code).toBeLessThan(3)
  })

  it('a terminal is not spoken to', () => {
    const { code, said } = pcmsim('check', file('a.yaml', `${head}"\\e]0;owned\\a": 1\n`))
    expect(code).toBe(2)
    expect(said).not.toMatch(/[\x07\x1b]/)
  })
})

describe('texts', () => {
  it('a byte-order mark and CRLF are no fault', () => {
    const text = `\ufeff${head}`.replaceAll('\n', '\r\n')
    expect(pcmsim('check', file('a.yaml', text))).toMatchObject({ code: 0 })
  })

  it('NUL, and what is no UTF-8', () => {
    refused('not a text file', 'check', file('a.yaml', `${head}summary: "\0"\n`))
    refused('not a text file', 'check', file('a.yaml', Buffer.from([0x61, 0xff, 0xfe, 0x0a])))
  })

  it('numbers that are no period size', () => {
    const numbers = ['1e999', '-0', '.inf', '-.inf', '.nan', '1_000', '1e-400', '-1', '2.5', '1e20']
    const files = numbers.map((number, i) =>
      file(`${i}.yaml`, head.replace('{}', `{period_size: ${number}, periods: ${number}}`)),
    )
    const { code, said } = pcmsim('run', ...files)
    expect(code).toBe(2)
    for (const one of files) {
      expect(said).toContain(`${one}:4:25: streams.0.period_size`)
      expect(said).toMatch(new RegExp(`${one}:4:\\d+: streams.0.periods`))
    }
    expect(readdirSync(folder).toSorted()).toEqual(files)
  })
})

describe('links', () => {
  it('out is a link to a file, to nothing, to itself', () => {
    file('a.yaml', `${head}duration: 10ms\n`)
    file('victim', 'as it was')
    for (const target of ['victim', 'nothing/at/all', 'out']) {
      symlinkSync(target, join(folder, 'out'))
      expect(pcmsim('run', 'a.yaml').code).toBe(2)
      rmSync(join(folder, 'out'))
    }
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('as it was')
    expect(readdirSync(folder).toSorted()).toEqual(['a.yaml', 'victim'])
  })

  it('a result that is a link is replaced, not written through', () => {
    file('victim', 'as it was')
    mkdirSync(join(folder, 'out/a/seed-1'), { recursive: true })
    symlinkSync('../../../victim', join(folder, 'out/a/seed-1/result.json'))
    const { code } = pcmsim('run', file('a.yaml', `${head}duration: 10ms\n`), '--no-charts')
    expect(code).toBe(0)
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('as it was')
    expect(lstatSync(join(folder, 'out/a/seed-1/result.json')).isFile()).toBe(true)
  })

  it('a link that waits where the temporary file will be', () => {
    file('victim', 'as it was')
    symlinkSync('victim', join(folder, `.a.${process.pid}-${threadId}.tmp`))
    writeFileAtomically(join(folder, 'a'), 'text')
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('as it was')
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('text')
  })
})
