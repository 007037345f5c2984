/** Bad scenario texts: every one becomes lines with positions, none an exception. */
import { describe, expect, it } from 'vitest'
import { loadText } from '../../../src/app/Load.ts'
import { faultsOf, minimal, withLines, withStream } from '../../support/scenario-text.ts'

function deepMappings(levels: number): string {
  return Array.from({ length: levels }, (_, i) => `${' '.repeat(i)}a:\n`).join('')
}

describe('documents that are not scenarios', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['empty', '', /the document is empty/],
    ['only a comment', '# nothing\n', /the document is empty|nothing here/],
    ['a text', 'hello\n', /'hello' is not a mapping/],
    ['a list', '[1, 2]\n', /a list is not a mapping/],
    ['not YAML', 'a: [1, 2\nb: }\n', /not valid YAML/],
    ['a tab for indentation', 'a:\n\tb: 1\n', /not valid YAML/],
    ['duplicate keys', `${minimal}name: again\n`, /not valid YAML.*unique/],
    ['two documents', `${minimal}---\n${minimal}`, /second document/],
    ['an unknown tag', 'version: !!python/object 1\n', /not valid YAML/],
    ['an alias without anchor', 'version: *a\n', /[Aa]lias/],
    ['a mapping as a key', '{[1]: 2}: 3\n', /key is not a name/],
    ['__proto__', '__proto__: {}\n', /key is not a name/],
    ['deep nesting', `a: ${'['.repeat(200)}${']'.repeat(200)}\n`, /nested too deeply/],
    ['deep block nesting', `${'- '.repeat(5_000)}x\n`, /nested too deeply/],
    ['deep block mappings', deepMappings(400), /nested too deeply/],
    ['very deep nesting', `a: ${'['.repeat(50_000)}`, /nested too deeply/],
  ]
  for (const [name, text, pattern] of cases) {
    it(name, () => {
      const lines = faultsOf(text)
      expect(lines.join('\n')).toMatch(pattern)
      expect(lines[0]).toMatch(/^a\.yaml:\d+:\d+: /)
      expect(lines.join('\n')).not.toMatch(/\n\s+at /)
    })
  }
  it('an alias bomb', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 0; i < 8; i++) {
      const from = String.fromCharCode(97 + i)
      const to = String.fromCharCode(98 + i)
      bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(', ')}]`)
    }
    expect(faultsOf(bomb.join('\n')).join()).toMatch(/too many values/)
  })
  it('aliases in moderation are fine', () => {
    const text = withLines('guest: &g {cpus: 2}', 'host: *g')
    expect(faultsOf(text)).toEqual([])
  })
})

describe('keys and values', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [withLines('guets: {}'), /guets: unknown key, did you mean 'guest'\?/],
    [withLines('guest: {hz: fast}'), /guest\.hz: 'fast' is not known, allowed: 100, 250/],
    [withLines('guest: 3'), /guest: 3 is not a mapping, allowed: a mapping of kernel/],
    [withLines('guest:'), /guest: there is nothing here/],
    [withLines('guest: {kernel: 6.1}'), /guest\.kernel: 6\.1 is written the wrong way.*'6\.1'/],
    [withLines('duration: 10'), /duration: 10 has no unit, allowed: a duration with its unit/],
    [withLines('duration: 0s'), /duration: must not be 0/],
    [withLines('duration: 999h'), /duration: too long to simulate, allowed: up to 86400s/],
    [withLines('seed: 1.5'), /seed: 1\.5 is out of range/],
    [withLines('seed: ten'), /seed: 'ten' is not a number/],
    [withLines('host: {halt_poll: 200}'), /host\.halt_poll: 200 has no unit/],
    [withLines('device: {clock: 20}'), /device\.clock: 20 has no unit.*-20ppm/],
    [withLines('device: {queue_size: 65}'), /queue_size: 65 is not a queue size.*power of two/],
    [withLines('faults: [{kind: x, at: 1s, for: 1s}]'), /faults.0.kind: .x. is not known/],
    [withLines('expect: {xrun: 0}'), /expect\.xrun: unknown key, did you mean 'xruns'/],
    [withLines('expect: {xruns: few}'), /expect\.xruns: 'few' is not a count/],
    [withLines('guest: {costs: {mutex_lok: 1us}}'), /costs\.mutex_lok: unknown key.*'mutex_lock'/],
    [withLines('guest: {costs: fast}'), /costs: 'fast' is not a cost table/],
    [withStream('{rate: 47000}'), /rate: 47000 is not known/],
    [withStream('{format: S16}'), /format: 'S16' is not known, did you mean 'S16_LE'/],
    [withStream('{period_size: ten}'), /period_size: 'ten' is not a PCM size/],
    [withStream('{period_size: -480}'), /period_size: -480 is not a PCM size|negative/],
    [withStream('{client: jak}'), /client: 'jak' is not known, did you mean 'jack'/],
    [withStream('{client: arecord, direction: playback}'), /arecord has no playback.*capture/],
    [withStream('{client: jack, options: {quantum: 64}}'), /quantum: jack has no such option/],
    [withStream('{client: pulse, options: {tshed: true}}'), /tshed: unknown key.*'tsched'/],
    [withStream('{options: {cpus: [5]}}'), /options\.cpus: there is no CPU 5/],
    [withStream('{options: {policy: fifo, nice: 3}}'), /fifo tasks have no nice level/],
    [withStream('{client: scripted}'), /a scripted client needs options\.script/],
    [
      withStream('{client: scripted, options: {script: [{call: opne}]}}'),
      /script\.0\.call: 'opne' is not known, did you mean 'open'/,
    ],
    [withStream('{shares: musik}'), /shares: there is no other stream 'musik'/],
    [withStream('{on_xrun: ignore}'), /on_xrun: aplay does not ignore xruns/],
    [
      minimal.replace('{kind: virtio-snd, version: v7}', '{kind: ideal, version: v7}'),
      /the ideal card has no versions/,
    ],
    [withStream('{stalls: [{at: 1s}]}'), /stalls\.0\.for: is missing/],
    [minimal.replace('v7', 'v0'), /driver\.version: 'v0' is not known.*allowed: v5, v6, v7/],
    [
      minimal.replace('virtio-snd', 'xen-snd'),
      /driver\.version: the driver 'xen-snd' has no versions/,
    ],
    [
      minimal.replace(
        '{kind: virtio-snd, version: v7}',
        '{kind: xen-snd, options: {irqsave: false}}',
      ),
      /options\.irqsave: the driver 'xen-snd' has no such option, allowed: periodTest/,
    ],
    [
      minimal.replace('version: v7}', 'options: {periodTest: ">="}}'),
      /options\.periodTest: the driver 'virtio-snd' has no such option/,
    ],
    [
      withLines('device: {kind: xen}'),
      /device\.kind: the driver 'virtio-snd' does not drive 'xen', allowed: qemu, vhost/,
    ],
    [
      withLines('device: {kind: generic, turn_around: 10us}'),
      /device\.turn_around: the device 'generic' does not take this/,
    ],
    [
      withLines('faults: [{kind: backend-close, at: 1s}]'),
      /faults\.0\.kind: the driver 'virtio-snd' has no device that could do this/,
    ],
    [
      withLines('device: {position_every: 480}'),
      /device\.position_every: 480 is not such a distance.*P, P\/2/,
    ],
    [minimal.replace('version: 1', 'version: 2'), /version: 2 is not known/],
    [
      minimal.replace('name: minimal', 'name: ../../etc'),
      /name: '\.\.\/\.\.\/etc' cannot be a name/,
    ],
    [minimal.replace(/name: minimal\n/, ''), /name: is missing/],
  ]
  for (const [text, pattern] of cases) {
    it(String(pattern), () => {
      const lines = faultsOf(text)
      expect(lines.join('\n')).toMatch(pattern)
      expect(lines[0]).toMatch(/^a\.yaml:\d+:\d+: /)
    })
  }
  it('two streams of one name: names must differ, and are allowed once', () => {
    const text = `${withStream('{name: a}, {name: a}')}expect: {streams: {b: {xruns: 0}}}\n`
    expect(faultsOf(text)).toEqual([
      "a.yaml:4:29: streams.1.name: 'a' is also the name of streams.0, allowed: names that differ",
      "a.yaml:5:20: expect.streams.b: there is no stream 'b', allowed: a",
    ])
  })
  it('are all reported at once, in the order of the file', () => {
    const text = `version: 1
name: x y
driver: {kind: virtio-snd, verson: v7}
streams:
  - {rate: 1, chanels: 2}
duration: 10
`
    const lines = faultsOf(text)
    expect(lines.map((line) => line.split(': ').slice(0, 2).join(': '))).toEqual([
      'a.yaml:2:7: name',
      'a.yaml:3:28: driver.verson',
      'a.yaml:5:12: streams.0.rate',
      'a.yaml:5:15: streams.0.chanels',
      'a.yaml:6:11: duration',
    ])
  })
})

describe('distributions', () => {
  const good = [
    '10us',
    '{constant: 10us}',
    '{normal: {mean: 10us, stddev: 1us}}',
    '{lognormal: {median: 10us, sigma: 0.5}}',
    '{exponential: {mean: 10us, max: 1ms}}',
    '{pareto: {min: 1us, alpha: 1.5, max: 1ms}}',
    '{quantiles: {p0: 1us, p50: 2us, p99.9: 9us, p100: 1ms}}',
    '{mixture: [{weight: 9, of: 1us}, {weight: 1, of: {uniform: {min: 1us, max: 2us}}}]}',
  ]
  for (const cost of good) {
    it(`takes ${cost}`, () => {
      expect(faultsOf(withLines(`guest: {costs: {mutex_lock: ${cost}}}`))).toEqual([])
    })
  }
  const bad: readonly (readonly [string, RegExp])[] = [
    ['10', /mutex_lock: 10 has no unit/],
    ['{uniform: {min: 2us, max: 1us}}', /uniform\.max: is less than min/],
    ['{uniform: {min: 2us}}', /uniform: max is missing/],
    ['{normel: {mean: 1us}}', /normel: unknown key, did you mean 'normal'/],
    ['{lognormal: {median: 1us, sigma: -1}}', /sigma: -1 is not a positive number/],
    ['{quantiles: {p50: 1us}}', /quantiles: the ends of the distribution are missing/],
    ['{quantiles: {p0: 2us, p100: 1us}}', /do not ascend/],
    ['{mixture: []}', /mixture: not a list with entries/],
    ['{constant: 1us, uniform: 2}', /2 keys/],
    ['{}', /0 keys/],
  ]
  for (const [cost, pattern] of bad) {
    it(`refuses ${cost}`, () => {
      expect(faultsOf(withLines(`guest: {costs: {mutex_lock: ${cost}}}`)).join()).toMatch(pattern)
    })
  }
})

describe('size', () => {
  it('a document of many values is refused in good time', () => {
    const text = `${minimal}tags: [${'a, '.repeat(300_000)}]\n`
    expect(loadText({ name: 'big', text }, []).lines.join()).toMatch(/too many values/)
  })
})
