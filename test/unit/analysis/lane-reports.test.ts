/** Which lane carries the mark of a report of sleeping in atomic context. */
import { expect, it } from 'vitest'
import { FoldSet } from '../../../src/analysis/fold.ts'
import { LaneFold } from '../../../src/analysis/lane-fold.ts'
import { StreamTable } from '../../../src/analysis/streams.ts'
import { code, RecordScript } from '../../support/record-script.ts'

/** Lanes with a mark, where a handler is told this and then takes a lock. */
function marked(text: string): readonly string[] {
  const script = new RecordScript()
  const { symbols } = script
  const lock = symbols.define('lock', { name: 'group->mutex', kind: 'mutex' })
  const other = symbols.define('lock', { name: 'other', kind: 'mutex' })
  const said = symbols.text(text)
  script.add(100, 'aplay', 'lock_acquire', other).add(200, 'aplay', 'lock_release', other)
  script.add(300, 'irq', 'bug', code('bug', 'sleep-in-atomic'), said)
  script.add(310, 'aplay', 'lock_acquire', other).add(320, 'aplay', 'lock_release', other)
  script.add(400, 'irq', 'lock_acquire', lock).add(500, 'irq', 'lock_release', lock)
  script.add(600, 'irq', 'lock_acquire', other).add(700, 'irq', 'lock_release', other)
  const set = new FoldSet()
  const streams = set.add(new StreamTable(symbols))
  const fold = set.add(new LaneFold(symbols, streams, { fromNs: 0, toNs: 1_000 }))
  script.store.replay(set)
  return fold.finish().lanes.flatMap(({ name, marks }) => marks.report.map((at) => `${name} ${at}`))
}

it('is the one of the lock that the context then takes', () => {
  const where = 'BUG: sleeping function called from invalid context at '
  expect(marked(`${where}kernel/locking/mutex.c:580\nin_atomic(): 1`)).toEqual(['group->mutex 400'])
  expect(marked(`${where}include/linux/sched/mm.h:274\nin_atomic(): 1`)).toEqual([])
})
