/**
 * Lock order of the sound path against what lockdep recorded in a kernel with PROVE_LOCKING, over
 * open, play, capture, link, drain, drop, pause, xrun and close: the same runs, replayed.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { replay } from './capture/replay.ts'
import { stored } from './capture/stored.ts'

interface Captured {
  readonly usage: Readonly<Record<string, string>>
  readonly edges: readonly string[]
}

const captured = JSON.parse(readFileSync('test/data/captured-lock-edges.json', 'utf8')) as Captured

/**
 * Not modelled: registration of devices (minors, OSS, sequencer), the control interface, the list
 * of a card's open files, and the count of a card's memory.
 */
const LEFT_OUT = new Set([
  'register_mutex',
  'register_mutex#2',
  'sound_mutex',
  '&card->controls_rwsem',
  'snd_ctl_layer_rwsem',
  '&card->files_lock',
  '&card->memory_mutex',
])

const runs = [
  'play_480x4',
  'cap_480x4',
  'link_480x4',
  'pause_480x4',
  'xrun_480x4',
  'drop_mid_480x4',
]

describe('lock edges of the sound path', () => {
  const edges = new Set<string>()
  const usage = new Map<string, string>()
  for (const name of runs) {
    const { locks } = replay(stored(name)).run.result
    for (const { before, after } of locks.edges) edges.add(`${before} -> ${after}`)
    for (const one of locks.classes) usage.set(one.name, one.usage)
    it(`${name}: no report`, () => expect(locks.predicted).toEqual([]))
  }

  it('are the captured ones', () => {
    const sound = (edge: string): boolean =>
      edge.split(' -> ').every((name) => name in captured.usage && !LEFT_OUT.has(name))
    expect([...edges].filter(sound).toSorted()).toEqual(captured.edges.filter(sound).toSorted())
  })

  it('and the interrupt reaches the driver through the lock of the PCI device', () => {
    expect(edges).toContain('&vp_dev->lock -> &snd->queues[i].lock')
    expect(edges).toContain('&snd->queues[i].lock -> &vss->lock')
    expect(edges).toContain('&vss->lock -> &pool->lock')
  })

  it('mutexes and queue locks are used in the captured contexts', () => {
    // Softirq marks of locks that are taken in hard interrupts depend on what interrupts what.
    const hard = (marks: string): string => marks.slice(0, 2)
    for (const name of ['&group->mutex', '&runtime->buffer_mutex', '&snd->queues[i].lock']) {
      expect([name, hard(usage.get(name) ?? '')]).toEqual([name, hard(captured.usage[name] ?? '')])
    }
  })
})
