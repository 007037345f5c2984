/**
 * SARIF 2.1.0 (OASIS, 27 March 2020): a result for each mistake that a detector found and for each
 * expectation that does not hold. A code flow is an interleaving: a thread flow for each context,
 * `executionOrder` the order between them. `partialFingerprints` name a mistake without times or
 * numbers, so that a code scanner knows it again. What a passing scenario shows is
 * `informational`.
 */
import type { Log, Result, ThreadFlow, ThreadFlowLocation } from 'sarif'
import { type ExportedRun, nameOf } from './exported-run.ts'
import type { Finding, FindingFlow, FindingStep } from './findings.ts'

/** What GitHub's code scanning takes of one run. */
const RESULTS_MAX = 25_000

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json'
const EXPECTATION = 'expectation'

export interface SarifMaker {
  /** Of pcmsim. */
  readonly version: string
  /** A digest of a text, in hexadecimal digits. */
  readonly digest: (text: string) => string
}

export function* sarifLog(
  runs: readonly ExportedRun[],
  { version, digest }: SarifMaker,
): Generator<string, void, undefined> {
  const all = runs.flatMap((run) => resultsOf(run, digest))
  const results = all.slice(0, RESULTS_MAX)
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))]
  const left = all.length - results.length
  const log: Log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pcmsim', version, rules: rules.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: results.map((one) => ({ ...one, ruleIndex: rules.indexOf(one.ruleId) })),
        ...(left > 0 ? { properties: { resultsLeftOut: left, limit: RESULTS_MAX } } : {}),
      },
    ],
  }
  yield `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(id: string) {
  return { id, shortDescription: { text: DESCRIPTIONS[id] ?? groupText(id) } }
}

const GROUPS: Readonly<Record<string, string>> = {
  lock: 'The lock validator (as lockdep) reports',
  race: 'Two accesses that nothing orders',
  xrun: 'The PCM core found an xrun, cause',
  silent: 'A failure without an xrun',
  report: "The kernel's or the run's own checks report",
  memory: 'A fault in the use of memory',
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  [EXPECTATION]: 'An expectation of the scenario does not hold.',
  'silent/stale': 'The device played data of an earlier round of the ring.',
  'silent/stalled': 'A running stream with data makes no progress, and nobody is told.',
  'report/deadlock': 'Contexts wait for each other; none of them can go on.',
}

function groupText(id: string): string {
  const [group = '', kind = ''] = id.split('/')
  return `${GROUPS[group] ?? group}: ${kind}.`
}

type Digest = SarifMaker['digest']
type RuledResult = Result & { readonly ruleId: string }

function resultsOf(run: ExportedRun, digest: Digest): readonly RuledResult[] {
  const found = run.findings.map((finding) => findingResult(run, finding, digest))
  if (!run.judged) return found
  const broken = run.result.expectations.filter(({ pass }) => !pass)
  const unmet = broken.map(({ name, expected, actual }): RuledResult => {
    const text = `${nameOf(run.result)}: ${name}: expected ${expected}, actual ${actual}`
    const message = { text: run.why === '' ? text : `${text}\n${run.why}` }
    return {
      ...frame(run, EXPECTATION, digest(`${nameOf(run.result)}\n${name}`)),
      kind: 'fail',
      level: 'error',
      message,
    }
  })
  return [...unmet, ...found]
}

function findingResult(run: ExportedRun, finding: Finding, digest: Digest): RuledResult {
  const { rule, text, identity, count, flows } = finding
  const expected = run.judged && run.result.pass
  const codeFlow = { threadFlows: threadFlows(flows) }
  return {
    ...frame(run, rule, digest(`${nameOf(run.result)}\n${rule}\n${identity}`)),
    kind: expected ? 'informational' : 'fail',
    level: expected ? 'none' : levelOf(rule),
    message: { text },
    occurrenceCount: count,
    ...(flows.length > 0 ? { codeFlows: [codeFlow] } : {}),
  }
}

function frame(run: ExportedRun, ruleId: string, mistake: string) {
  const { result, file } = run
  const logical = { name: nameOf(result), kind: 'module' }
  const uri = file === null ? null : { uri: uriOf(file) }
  const physical =
    uri === null ? {} : { physicalLocation: { artifactLocation: uri, region: { startLine: 1 } } }
  return {
    ruleId,
    locations: [{ ...physical, logicalLocations: [logical] }],
    partialFingerprints: { 'pcmsim/v1': mistake },
    properties: { seed: result.seed, fingerprint: result.fingerprint },
  }
}

/** What really stopped or corrupted the run is an error, a prediction or a race a warning. */
function levelOf(rule: string): 'error' | 'warning' {
  return /^(?:lock|race)\//.test(rule) ? 'warning' : 'error'
}

function threadFlows(flows: readonly FindingFlow[]): ThreadFlow[] {
  const order = flows
    .flatMap(({ steps }) => steps)
    .toSorted((a, b) => a.phase - b.phase || a.timeNs - b.timeNs || a.record - b.record)
  return flows.map(({ context, steps }) => ({
    id: context,
    locations: steps.map((step) => stepLocation(step, order.indexOf(step) + 1)),
  }))
}

function stepLocation(step: FindingStep, executionOrder: number): ThreadFlowLocation {
  const { timeNs, record, text, kinds } = step
  const called = step.function === '' ? [] : [{ name: step.function, kind: 'function' }]
  return {
    location: {
      message: { text },
      ...(called.length > 0 ? { logicalLocations: called } : {}),
    },
    executionOrder,
    ...(kinds.length > 0 ? { kinds: [...kinds] } : {}),
    properties: { timeNs, ...(record >= 0 ? { record } : {}) },
  }
}

/** A relative reference (RFC 3986): each segment of the path as it may stand there. */
function uriOf(file: string): string {
  return file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/')
}
