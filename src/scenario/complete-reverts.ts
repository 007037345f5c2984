/**
 * Commits that a scenario takes out of its kernel: whether the machine has them. Part of
 * complete.ts; pure.
 */
import { factsOf, type KernelCommit } from '../model/linux/kernel-commits.ts'
import type { Fault } from './fault.ts'
import type { DriverSpec, GuestSpec } from './spec.ts'

export function checkReverts(guest: GuestSpec, driver: DriverSpec, faults: Fault[]): void {
  guest.revert.forEach((commit, i) => {
    const path = ['guest', 'revert', i]
    if (guest.revert.indexOf(commit) < i) {
      const what = `${commit} is reverted already`
      faults.push({ path, at: 'value', what, allowed: 'each commit once' })
    }
    for (const other of factsOf(commit).onTop ?? []) {
      if (guest.revert.some((one) => one === other)) continue
      const what = `${other} stands on ${commit}, and is not reverted`
      faults.push({ path, at: 'value', what, allowed: `with ${other} beside it` })
    }
    if (commit === 'f57f3df03a8e' && guest.preempt === 'rt') {
      const what = 'the locks before f57f3df03a8e are not modelled for a realtime kernel'
      faults.push({ path, at: 'value', what, allowed: 'guest.preempt none, voluntary or full' })
    }
    const { since } = factsOf(commit)
    if (since !== undefined && guest.kernel !== since) {
      const what = `Linux ${guest.kernel} never had ${commit}`
      faults.push({ path, at: 'value', what, allowed: `with guest.kernel '${since}'` })
    }
    checkDriver(commit, driver, path, faults)
  })
}

function checkDriver(
  commit: KernelCommit,
  { kind, version }: DriverSpec,
  path: readonly (string | number)[],
  faults: Fault[],
): void {
  const { driver, versions } = factsOf(commit)
  if (driver === undefined) return
  const mine = kind === driver
  if (mine && (versions === undefined || versions.includes(version))) return
  const what = `the driver ${mine ? version : `'${kind}'`} never had ${commit}`
  const allowed = mine ? `with version ${versions?.join(' or ')}` : `with driver.kind ${driver}`
  faults.push({ path, at: 'value', what, allowed })
}
