/**
 * README and docs/: links lead somewhere, files and commands of CONTRIBUTING.md and
 * docs/extending.md exist, lists are whole, examples are good scenarios, and the report in the
 * README is the one that a run prints (`npx vitest run test/unit/docs.test.ts -u` writes it anew).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { explainCommand } from '../../src/app/Explain.ts'
import { CHART_KINDS, COMPARE_KIND } from '../../src/chart/kinds.ts'
import { loadScenario, reportText, runScenario } from '../../src/index.ts'
import { clientKinds } from '../../src/scenario/client-defaults.ts'
import { deviceKinds } from '../../src/scenario/device-spec.ts'
import {
  driverKindNames,
  driverNames,
  driverVersionNames,
} from '../../src/scenario/driver-kinds.ts'

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

/** What stands in backticks or in an indented block. */
function codeOf(text: string): readonly string[] {
  const spans = [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string)
  return [...spans, ...[...text.matchAll(/^ {4}(\S.*)$/gm)].map((match) => match[1] as string)]
}

/** Files of src/ and test/, for names without their folder. */
const sources = ['src', 'test'].flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map(
    (path) => `${top}/${path.replaceAll('\\', '/')}`,
  ),
)

/** The file that a page means; the example's new ones are where their neighbour's are. */
function fileOf(named: string): string | undefined {
  const path = named.replace('/v8/', '/v7/').replace(/\/v8(\.yaml)?$/, '')
  if (existsSync(join(root, path))) return path
  return sources.find((one) => one.endsWith(`/${path}`))
}

const cli = sources.filter((path) => path.startsWith('src/cli/')).map(read)
const { scripts } = JSON.parse(read('package.json')) as {
  scripts: Readonly<Record<string, string>>
}

function unknownCommand(code: string): boolean {
  const [, script] = /^npm run (?:-s )?([\w:-]+)/.exec(code) ?? []
  if (script !== undefined) return !(script in scripts)
  const [, command, rest = ''] = /^(?:npx )?pcmsim ([a-z]+)(.*)/.exec(code) ?? []
  if (command === undefined) return false
  const options = [...rest.matchAll(/--[a-z-]+/g)].map(([option]) => `'${option}`)
  const has = (text: string): boolean =>
    new RegExp(`\\.command\\('${command}[' ]`).test(text) &&
    options.every((option) => text.includes(option))
  return !cli.some(has)
}

describe.each(['CONTRIBUTING.md', 'docs/extending.md'])('what %s tells one to do', (page) => {
  const text = read(page)
  const code = codeOf(text)

  it('names files that exist', () => {
    const tops = 'src|test|docs|schema|scenarios|bench'
    const paths = code.flatMap((one) => [
      ...(one.match(new RegExp(`(?<![\\w./-])(?:${tops})/[\\w./-]+`, 'g')) ?? []),
      ...(/^[\w/-]+\.(?:ts|md|json)$/.test(one) ? [one] : []),
    ])
    const named = [...new Set(paths)].filter((path) => !path.includes('NAME'))
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((path) => fileOf(path) === undefined)).toEqual([])
  })
  it('names things that stand in those files', () => {
    const after = [...text.matchAll(/`(\w+)`\s+(?:of|in)\s+`([\w./-]+\.ts)`/g)]
    const bracketed = [...text.matchAll(/`(\w+)`\s+\(`([\w./-]+\.ts)`\)/g)]
    const before = [...text.matchAll(/`([\w./-]+\.ts)`:\s+(?:[\w,\s]+\s)?`(\w+)`/g)]
    const pairs = [
      ...[...after, ...bracketed].map(([, thing = '', path = '']) => [path, thing] as const),
      ...before.map(([, path = '', thing = '']) => [path, thing] as const),
    ]
    expect(pairs.length).toBeGreaterThan(1)
    const wrong = pairs.filter(([path, thing]) => {
      const file = fileOf(path)
      return file === undefined || !new RegExp(`\\b${thing}\\b`).test(read(file))
    })
    expect(wrong).toEqual([])
  })
  it('names commands and options that exist', () => {
    const commands = code.flatMap((one) => one.split(/ && | +# /))
    expect(commands.filter(unknownCommand)).toEqual([])
  })
})

/** Pages that list what there is, which the compiler does not see. */
const lists: readonly (readonly [page: string, what: string, names: readonly string[]])[] = [
  ['docs/scenario.md', 'drivers', [...driverKindNames, ...driverVersionNames]],
  ['docs/scenario.md', 'devices', deviceKinds],
  ['docs/scenario.md', 'clients', clientKinds],
  ['docs/cli.md', 'drivers', driverNames],
  ['docs/charts.md', 'charts', CHART_KINDS.map(({ name }) => name)],
]

describe.each(lists)('%s', (page, what, names) => {
  it(`has all ${what}`, () => {
    const text = read(page)
    const has = (name: string): boolean => new RegExp(`\`(?:kind: )?${name}\``).test(text)
    expect(names.filter((name) => !has(name))).toEqual([])
  })
})

describe('src/cli/chart.ts', () => {
  it('has all charts in its help', () => {
    const text = read('src/cli/chart.ts')
    const names = [...CHART_KINDS, COMPARE_KIND].map(({ name }) => name)
    expect(text).toContain(`'${names.join(', ')}'`)
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
  it('shows the explanation that explain prints', async () => {
    const h01 = join(root, 'scenarios/virtio-snd/H01-sleeping-lock-in-hardirq.yaml')
    let said = ''
    const console = {
      out: (more: string): void => {
        said += more
      },
      err: (): void => {},
    }
    const options = { set: [], filter: 'v6', asked: null, json: false, trials: true }
    expect(await explainCommand(h01, options, console)).toBe(0)
    const now = read('README.md')
    const block = /(<!-- explain: v6 -->\n```text\n)[\s\S]*?(```\n)/
    expect(now).toMatch(block)
    const fresh = now.replace(block, (_, before, after) => `${before}${said}${after}`)
    await expect(fresh).toMatchFileSnapshot('../../README.md')
  })
  it('has a scenario that runs as it says', () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    const [spec] = loadScenario(yaml)
    expect(spec && runScenario(spec).result.pass).toBe(true)
  })
})
