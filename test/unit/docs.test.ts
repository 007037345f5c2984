/**
 * README and docs/: links lead somewhere, files named in docs/extending.md exist, examples are good
 * scenarios, and the report in the README is the one that a run prints
 * (`npx vitest run test/unit/docs.test.ts -u` writes it anew).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadScenario, reportText, runScenario } from '../../src/index.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...docs.map((name) => `docs/${name}`),
]

function linksOf(text: string): readonly string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string)
  return links.filter((link) => !/^[a-z]+:/.test(link))
}

/** GitHub's name of a heading. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map((match) =>
    (match[1] as string)
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe.each(pages)('%s', (page) => {
  const text = read(page)

  it('has no broken link', () => {
    const broken = linksOf(text).filter((link) => {
      const [path, anchor] = link.split('#') as [string, string?]
      const target = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor)
    })
    expect(broken).toEqual([])
  })
  it('names no path of a machine', () => {
    expect(text).not.toMatch(/(?:^|[\s`('"])\/(?:home|work|root|tmp|Users)\//)
  })
})

describe('docs/extending.md', () => {
  const named = [...read('docs/extending.md').matchAll(/`((?:src|test|docs|schema)\/[^`\s]+)`/g)]
  const paths = [...new Set(named.map((match) => match[1] as string))]

  it('names files that exist', () => {
    expect(paths.length).toBeGreaterThan(30)
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
  it('names things that stand in those files', () => {
    const things: readonly (readonly [string, string])[] = [
      ['src/model/alsa/pcm.ts', 'SndPcmOps'],
      ['src/scenario/drivers.ts', 'makeDriver'],
      ['src/scenario/devices.ts', 'buildDevice'],
      ['src/scenario/clients.ts', 'startClient'],
      ['src/scenario/spec.ts', 'DriverKind'],
      ['src/scenario/device-spec.ts', 'DeviceKind'],
      ['src/scenario/spec.ts', 'ClientKind'],
      ['src/app/ScenarioSchema.ts', 'DriverSchema'],
      ['src/model/host/device.ts', 'interface VirtioDevice'],
      ['src/model/host/qemu/audio-backend.ts', 'interface AudioBackend'],
      ['src/model/machine/cost.ts', 'GUEST_COSTS'],
      ['src/sim/trace-kinds.ts', 'TRACE_VERSION'],
      ['src/analysis/result.ts', 'class ResultFolds'],
      ['src/chart/kinds.ts', 'CHART_KINDS'],
    ]
    expect(things.filter(([path, name]) => !read(path).includes(name))).toEqual([])
  })
})

describe('README.md', () => {
  const text = read('README.md')

  it('shows the report that a run prints', async () => {
    const [spec] = loadScenario(read('scenarios/first-light.yaml'))
    if (spec === undefined) throw new Error('first-light has no run')
    const report = reportText(spec, runScenario(spec).result, [])
    const shown = report.slice(0, report.indexOf('\nfingerprint '))
    const block = /(<!-- report: first-light -->\n```text\n)[\s\S]*?(\n```\n)/
    expect(text).toMatch(block)
    const fresh = text.replace(block, (_, before, after) => `${before}${shown}${after}`)
    await expect(fresh).toMatchFileSnapshot('../../README.md')
  })
  it('has a scenario that runs as it says', () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    const [spec] = loadScenario(yaml)
    expect(spec && runScenario(spec).result.pass).toBe(true)
  })
})
