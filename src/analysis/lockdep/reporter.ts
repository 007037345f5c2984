/**
 * Findings into reports: each mistake once, its text as of that moment, and what only the end of
 * the run tells: whether it really happened, and whether instances can form the cycle.
 */
import { classesOf, type Finding, type FindingKind, identity } from './findings.ts'
import { inconsistentText, inversionText, irqOrderText } from './report-irq.ts'
import { circularText, recursiveText } from './report-order.ts'
import {
  assertionText,
  depthText,
  freedText,
  nestText,
  subclassText,
  unlockText,
  waitText,
} from './report-other.ts'
import type { Scene } from './report-parts.ts'
import { timeText } from './site.ts'
import {
  type InstanceCycle,
  instanceCycle,
  instancesOf,
  type Witness,
  witnessOf,
} from './witness.ts'

export interface LockReport {
  readonly kind: FindingKind
  /** Classes by their printed names; of a cycle, in its order. */
  readonly classes: readonly string[]
  /** The kernel's text, then ours. */
  readonly text: string
  readonly timeNs: number
  readonly record: number
  readonly context: string
  /** Whether a deadlock of these locks happened in this run. */
  readonly judgement: 'predicted' | 'actual'
  readonly witness: readonly Witness[]
  readonly instances: InstanceCycle
  /** The shortest schedule known that makes it real: `this run`, a schedule string, or none. */
  readonly schedule: string | null
}

/** The report with a schedule that was found for it. */
export function withSchedule(report: LockReport, schedule: string): LockReport {
  const text = report.text.replace(`schedule: ${NO_SCHEDULE}`, () => `schedule: ${schedule}`)
  return { ...report, schedule, text }
}

const NO_SCHEDULE = 'none known that makes it real.'

interface Entry {
  readonly finding: Finding
  readonly kernelText: readonly string[]
  readonly witness: readonly Witness[]
  readonly instanceNames: readonly string[]
  readonly timeNs: number
  readonly record: number
  readonly context: string
}

/** Reports kept of one run. */
const REPORTS_MAX = 1_000

export class Reporter {
  private readonly entries: Entry[] = []
  private readonly known = new Set<string>()

  add(finding: Finding, scene: Scene): void {
    const key = identity(finding, scene.stack)
    if (this.known.has(key) || this.entries.length >= REPORTS_MAX) return
    this.known.add(key)
    const { timeNs, record } = scene.site
    this.entries.push({
      finding: copyOf(finding),
      kernelText: kernelText(finding, scene),
      witness: witnessOf(finding),
      instanceNames: instancesOf(finding),
      timeNs,
      record,
      context: scene.stack.context,
    })
  }

  get count(): number {
    return this.entries.length
  }

  /** `deadlocks`: texts of the deadlocks that this run ended in. */
  finish(deadlocks: readonly string[]): LockReport[] {
    return this.entries.map((entry) => {
      const { finding, timeNs, record, context, witness } = entry
      const judgement = isActual(entry, deadlocks) ? 'actual' : 'predicted'
      const instances = instanceCycle(finding)
      const ours = ourText(judgement, witness, instances)
      return {
        kind: finding.kind,
        classes: classesOf(finding).map((one) => one.name),
        text: [...entry.kernelText, '', ...ours].join('\n'),
        timeNs,
        record,
        context,
        judgement,
        witness,
        instances,
        schedule: judgement === 'actual' ? 'this run' : null,
      }
    })
  }
}

/** Entries of a held stack are used again: those of the finding are kept as they are now. */
function copyOf(finding: Finding): Finding {
  const copy: Record<string, unknown> = { ...finding }
  for (const key of ['wanted', 'held', 'taken']) {
    if (copy[key] !== undefined) copy[key] = { ...(copy[key] as object) }
  }
  return copy as Finding
}

/**
 * Whether a deadlock of the run is the reported one: it names every lock of the cycle; or, of an
 * inconsistent state, a context waits for a lock of the class while its holder is stacked under it.
 */
function isActual({ finding, instanceNames }: Entry, deadlocks: readonly string[]): boolean {
  const waits = (text: string, name: string): boolean => text.includes(` waits for ${name} `)
  if (finding.kind === 'inconsistent') {
    const names = finding.taken.class.locks.map((lock) => lock.name)
    return deadlocks.some(
      (text) => text.includes(' is stacked under ') && names.some((name) => waits(text, name)),
    )
  }
  if (finding.kind !== 'circular' && finding.kind !== 'recursive') return false
  return deadlocks.some((text) => instanceNames.every((name) => waits(text, name)))
}

export function kernelText(finding: Finding, scene: Scene): string[] {
  switch (finding.kind) {
    case 'circular':
      return circularText(scene, finding)
    case 'recursive':
      return recursiveText(scene, finding)
    case 'inconsistent':
      return inconsistentText(scene, finding)
    case 'irq-order':
      return irqOrderText(scene, finding)
    case 'irq-inversion':
      return inversionText(scene, finding)
    case 'wait-context':
      return waitText(scene, finding)
    case 'bad-unlock':
      return unlockText(scene, finding.lock)
    case 'init-held':
    case 'held-freed':
      return freedText(scene, finding.held)
    case 'nest-lock':
      return nestText(scene, finding.wanted, finding.nest)
    case 'subclass':
      return subclassText(scene, finding.lock, finding.subclass)
    case 'depth':
      return depthText(scene)
    case 'debug-locks':
      return assertionText(scene, finding.condition)
  }
}

function ourText(
  judgement: LockReport['judgement'],
  witness: readonly Witness[],
  instances: InstanceCycle,
): string[] {
  const lines = [
    judgement === 'actual'
      ? 'pcmsim: actual: this run came to a deadlock of these locks.'
      : 'pcmsim: predicted: nothing stopped in this run.',
  ]
  if (witness.length > 0) {
    const what = witness.length === 1 ? 'witness:' : 'witness, a deadlock if these overlapped:'
    lines.push(`pcmsim: ${what}`, ...witness.map(witnessLine))
  }
  const sentence = INSTANCES[instances]
  if (sentence === null) return lines
  const schedule = judgement === 'actual' ? 'that of this run.' : NO_SCHEDULE
  return [...lines, `pcmsim: ${sentence}`, `pcmsim: schedule: ${schedule}`]
}

const INSTANCES: Record<InstanceCycle, string | null> = {
  seen: 'instances: the same locks, not only their classes, can meet in this way.',
  'not-seen':
    'instances: only the classes form it, the locks seen in this run were distinct: a false ' +
    'positive unless other instances meet.',
  none: null,
}

function witnessLine(range: Witness): string {
  const { context, held, fromRecord, fromTimeNs, wanted, toRecord, toTimeNs } = range
  if (fromRecord === toRecord) {
    return `  ${context}: ${timeText(toTimeNs)} record ${toRecord}: takes ${held}`
  }
  const from = `${timeText(fromTimeNs)} record ${fromRecord}`
  const to = `${timeText(toTimeNs)} record ${toRecord}`
  return `  ${context}: ${from} .. ${to}: holds ${held}, asks for ${wanted}`
}
