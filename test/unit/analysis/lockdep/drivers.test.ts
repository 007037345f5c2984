/** What the validator says of whole runs: domain/lockdep.md §8 and §9. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'

const read = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')

function locksOf(...set: string[]) {
  const text = read('scenarios/first-light.yaml')
  const [spec] = loadScenario(text, { name: 'first-light', set })
  if (spec === undefined) throw new Error('no scenario')
  return runScenario(spec).result.locks
}

/** Of a real guest, and the domain's order: a map that 6.1 touches at every sync_stop. */
const known = new Set<string>([
  ...(JSON.parse(read('test/data/lockdep-edges.json')) as { edges: string[] }).edges,
  '&pcm->open_mutex -> (work_completion)(&vss->elapsed_period)',
  '&runtime->buffer_mutex -> (work_completion)(&vss->elapsed_period)',
])
const ofSound = /vss|queues|group|runtime|pcm|vp_dev|controls|\(wq_completion\)events/
const generic = /x->wait|pool->lock|dev->mutex/

describe.each(['v7', 'ack'])('first-light on %s', (version) => {
  const { edges, predicted } = locksOf(`driver.version=${version}`)

  it('has no report', () => {
    expect(predicted).toEqual([])
  })
  it('has the order of a real guest and nothing more', () => {
    const names = edges.map(({ before, after }) => `${before} -> ${after}`)
    const sound = names.filter((name) => ofSound.test(name) && !generic.test(name))
    expect(sound.filter((name) => !known.has(name))).toEqual([])
    expect(sound).toEqual(
      expect.arrayContaining([
        '&snd->queues[i].lock -> &vss->lock',
        '&group->mutex -> &snd->queues[i].lock',
        '&vp_dev->lock -> &snd->queues[i].lock',
        'snd_pcm_link_rwsem -> &runtime->buffer_mutex',
      ]),
    )
  })
})

describe.each(['v5', 'v6'])('%s as posted', (version) => {
  const { predicted } = locksOf(`driver.version=${version}`)

  it('takes a mutex in its interrupt first, then closes the cycle', () => {
    expect(predicted[0]).toMatchObject({ kind: 'wait-context', classes: ['&group->mutex'] })
    const circular = predicted.find((one) => one.kind === 'circular')
    expect(circular?.classes).toEqual(['&snd->queues[i].lock', '&group->mutex'])
  })
  it('takes one queue lock inside another when it stops in the interrupt', () => {
    expect(predicted.find((one) => one.kind === 'recursive')?.classes).toEqual([
      '&snd->queues[i].lock',
    ])
  })
})

it('a half-applied irqsave is inconsistent', () => {
  const { predicted } = locksOf('driver.version=v6', 'driver.options.irqsave=false')
  const kinds = predicted.map((one) => one.kind)
  expect(kinds).toContain('inconsistent')
})
