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
    checkDriver(commit, driver, path, faults)
  })
}

function checkDriver(
  commit: KernelCommit,
  { kind, version }: DriverSpec,
  path: readonly (string | number)[],
  faults: Fault[],
): void {
  const { drivers } = factsOf(commit)
  if (drivers === undefined) return
  const mine = kind === 'virtio-snd'
  if (mine && drivers.includes(version)) return
  const what = `the driver ${mine ? version : `'${kind}'`} never had ${commit}`
  faults.push({ path, at: 'value', what, allowed: `with version ${drivers.join(' or ')}` })
}
