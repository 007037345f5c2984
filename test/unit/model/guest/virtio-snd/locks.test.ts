/** Lock classes that are taken while others are held, as a lockdep kernel reports them. */
import { describe, expect, it } from 'vitest'
import { KIND_NAMES, TraceRecord } from '../../../../../src/sim/trace.ts'
import { play, probeOf, soundWorld } from './sound-world.ts'

/** Direct edges: for each acquisition, from the innermost lock that its context holds. */
function edgesOf(world: ReturnType<typeof soundWorld>): Set<string> {
  const { symbols } = world.sim.trace
  const held = new Map<number, number[]>()
  const edges = new Set<string>()
  const classOf = (lock: number): string => symbols.entry('lock', lock).group ?? ''
  for (let i = 0; i < world.store.length; i++) {
    const r = world.store.at(i, new TraceRecord())
    const kind = KIND_NAMES[r.kind]
    if (kind !== 'lock_acquire' && kind !== 'lock_release') continue
    const stack = held.get(r.context) ?? []
    held.set(r.context, stack)
    if (kind === 'lock_release') {
      const at = stack.lastIndexOf(r.a)
      if (at >= 0) stack.splice(at, 1)
      continue
    }
    const inner = stack[stack.length - 1]
    if (inner !== undefined) edges.add(`${classOf(inner)} -> ${classOf(r.a)}`)
    stack.push(r.a)
  }
  return edges
}

describe.each(['v7', 'ack'] as const)('driver %s', (version) => {
  it('orders its locks as the captured kernel does', () => {
    const world = soundWorld(probeOf(version))
    world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 10))
    world.sim.run(1_000_000_000)
    const edges = edgesOf(world)
    const expected = [
      '&vp_dev->lock -> &snd->queues[i].lock',
      '&snd->queues[i].lock -> &vss->lock',
      '&group->mutex -> &snd->queues[i].lock',
      '(work_completion)(&vss->elapsed_period) -> &group->mutex',
    ]
    for (const edge of expected) expect(edges).toContain(edge)
    if (version === 'v7') expect(edges).toContain('&vss->lock -> &vss->msg_empty')
    for (const edge of edges) expect(edge).not.toMatch(/^(&vss->lock -> &snd|&snd.* -> &group)/)
  })
})
