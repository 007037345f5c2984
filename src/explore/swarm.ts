/**
 * Swarm testing: each trial leaves most kinds of fault out altogether and draws rates for the rest,
 * so that faults that hide each other get runs of their own; half of the trials hold back too.
 *
 * Groce, Zhang, Eide, Chen, Regehr: Swarm testing, ISSTA 2012.
 */
import type { Prng } from '../base/prng.ts'
import { possibleFaults } from '../scenario/complete-faults.ts'
import type { DeviceSpec } from '../scenario/device-spec.ts'
import {
  type FaultKind,
  faultKinds,
  type InjectedFault,
  queueNames,
} from '../scenario/fault-spec.ts'
import { randomHolds, type Strategy, type StrategyContext, trialOf } from './strategy.ts'
import type { Trial } from './trial.ts'

/** Of the kinds that a device can suffer, a third is tried in one run. */
const ONE_IN = 3

export class Swarm implements Strategy {
  private readonly context: StrategyContext
  private readonly kinds: readonly FaultKind[]

  constructor(context: StrategyContext) {
    this.context = context
    const { driver, device } = context.spec
    this.kinds = possibleFaults(driver.kind).filter((kind) => hasWhatItNeeds(kind, device))
  }

  next(): Trial {
    const { context, kinds } = this
    const { rng } = context
    const chosen = kinds.filter(() => rng.below(ONE_IN) === 0)
    let pausing = context.spec.faults.some(({ kind }) => stopsTheVm(kind))
    const faults: InjectedFault[] = []
    for (const kind of chosen) {
      if (stopsTheVm(kind) && pausing) continue
      pausing ||= stopsTheVm(kind)
      faults.push(randomFault(kind, context.spec.durationNs, rng))
    }
    const holds =
      rng.below(2) === 0 ? [] : randomHolds(context, context.points, 1 + rng.below(2), rng)
    return { ...trialOf(context, holds), faults }
  }
}

/** Two of them must not overlap. */
/** Events of jacks and controls come from devices that have some. */
function hasWhatItNeeds(kind: FaultKind, { controls }: DeviceSpec): boolean {
  if (kind === 'jack-event') return controls.jacks.length > 0
  return kind !== 'control-event' || controls.controls.length > 0
}

function stopsTheVm(kind: FaultKind): boolean {
  return kind === 'vm-pause' || kind === 'suspend'
}

/** A tenth to nine tenths of the run. */
function randomFault(kind: FaultKind, durationNs: number, rng: Prng): InjectedFault {
  const { acts, takes } = faultKinds[kind]
  const takesIt = (detail: string): boolean => (takes as readonly string[]).includes(detail)
  const atNs = Math.floor(durationNs * (0.1 + 0.8 * rng.unit()))
  const lengthNs = 1_000_000 * 2 ** rng.below(12)
  return {
    kind,
    atNs,
    when: null,
    probability: acts === 'on-events' ? ([0.05, 0.3, 1][rng.below(3)] ?? 1) : null,
    forNs: takesIt('for') && acts === 'once' ? lengthNs : null,
    byNs: takesIt('by') ? lengthNs : null,
    count: takesIt('count') ? 1 + rng.below(3) : null,
    queue: takesIt('queue') ? (queueNames[rng.below(queueNames.length)] ?? null) : null,
    request: null,
    status: null,
    gfp: null,
    stream: null,
    id: null,
    connected: kind === 'jack-event' ? rng.below(2) === 0 : null,
    value: null,
    mask: null,
  }
}
