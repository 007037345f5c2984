/**
 * The causal chain of one period, around one call of snd_pcm_period_elapsed: device timer → used
 * buffer → interrupt → work item → period elapsed → client wakes → client writes, and the kick that
 * hands the next message to the device. For the close-up of the timeline chart. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { CausesFold, type Step, type StepKind } from './causes.ts'

export interface ChainStep {
  readonly kind: StepKind
  readonly context: number
  /** Symbol number of what the step is about, by its kind. */
  readonly subject: number
  readonly timeNs: Ns
  /** What happens here, in a few words. */
  readonly text: string
  /** Index of the step that caused it, -1: none in the chain. */
  readonly after: number
}

/** What follows the call is searched for at most this long. */
const FOLLOW_NS = 40_000_000
/** Steps before the call among which its other effects may be. */
const BEFORE_MAX = 64

/** The steps that a reader follows; the others are passed over. */
const TEXTS: Partial<Record<StepKind, string>> = {
  timer: 'device timer fires',
  used: 'message marked used',
  event: 'back end sends its position',
  irq: 'interrupt handler',
  thread: 'interrupt thread runs',
  started: 'work item runs',
  elapsed: 'period elapsed',
  xrun: 'xrun found',
  stop: 'driver told to stop',
  runs: 'client runs',
  writes: 'client moves appl_ptr',
  kick: 'driver kicks the queue',
  pop: 'device takes the message',
}

/** Whether a chart shows steps of this kind. */
export function isShown(kind: StepKind): boolean {
  return TEXTS[kind] !== undefined
}

/** The nearest shown step that led to this one. */
export function shownCause(step: Step): Step | null {
  let cause = step.cause
  while (cause !== null && !isShown(cause.kind)) cause = cause.cause
  return cause
}

export class ChainFold extends CausesFold {
  private readonly chain: ChainSink

  /** `target` is the index of the record of the call. */
  constructor(symbols: Symbols, target: number) {
    const chain = new ChainSink(target)
    super(symbols, chain)
    this.chain = chain
  }

  steps(): readonly ChainStep[] {
    return this.chain.finish()
  }
}

class ChainSink {
  private before: Step[] = []
  private readonly members = new Set<Step>()
  private readonly seen = new Set<StepKind>()
  private elapsed: Step | null = null
  private readonly target: number

  constructor(target: number) {
    this.target = target
  }

  step(step: Step): void {
    if (this.elapsed !== null) {
      if (step.timeNs - this.elapsed.timeNs <= FOLLOW_NS) this.follow(step)
    } else if (step.kind === 'elapsed' && step.record === this.target) this.hit(step)
    else {
      this.before.push(step)
      if (this.before.length > 2 * BEFORE_MAX) this.before = this.before.slice(-BEFORE_MAX)
    }
  }

  finish(): readonly ChainStep[] {
    const shown = [...this.members].filter((step) => isShown(step.kind))
    shown.sort((a, b) => a.timeNs - b.timeNs || a.record - b.record)
    return shown.map((step) => {
      const { kind, context, subject, timeNs } = step
      const cause = shownCause(step)
      const after = cause === null ? -1 : shown.indexOf(cause)
      return { kind, context, subject, timeNs, text: TEXTS[kind] ?? '', after }
    })
  }

  /** The call itself, what led to it, and what that led to meanwhile. */
  private hit(step: Step): void {
    this.elapsed = step
    for (let one: Step | null = step; one !== null; one = endsHere(one) ? null : one.cause) {
      this.members.add(one)
      this.seen.add(one.kind)
    }
    for (const one of this.before) this.follow(one)
    this.before = []
  }

  /** The first of each kind that a member caused. */
  private follow(step: Step): void {
    if (this.seen.has(step.kind) || step.cause === null || !this.members.has(step.cause)) return
    this.members.add(step)
    this.seen.add(step.kind)
  }
}

/** What starts a period: the device's own clock, or its thread. */
function endsHere(step: Step): boolean {
  return step.kind === 'timer' || step.kind === 'worker' || step.kind === 'pop'
}
