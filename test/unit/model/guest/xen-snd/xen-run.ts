/** Runs of the Xen front end for its tests: a scenario of some lines, and what it left behind. */

import { loadScenario, runScenario } from '../../../../../src/index.ts'
import { T, TraceRecord } from '../../../../../src/sim/trace.ts'
import type { RecordName } from '../../../../../src/sim/trace-kinds.ts'

export interface Row {
  readonly timeNs: number
  readonly context: string
  readonly args: readonly number[]
}

/** Where nothing costs time, the protocol's arithmetic is all that is left. */
export const FREE = 'guest: {costs: ideal, hz: 250}\nhost: {costs: ideal}\n'

export function xenRun(lines: string, seed = 1) {
  const text = `version: 1\nname: xen\n${lines}`
  const [spec] = loadScenario(text, { name: 'a.yaml' })
  if (spec === undefined) throw new Error('no scenario')
  const { result, store } = runScenario(spec, seed)
  const rows = (kind: RecordName): Row[] => {
    const found: Row[] = []
    const r = new TraceRecord()
    for (let i = 0; i < store.length; i++) {
      store.at(i, r)
      if (r.kind !== T[kind]) continue
      const context = store.symbols.name('ctx', r.context)
      found.push({ timeNs: r.timeNs, context, args: [r.a, r.b, r.c, r.d, r.e, r.f] })
    }
    return found
  }
  const log = result.log.map((line) => line.text)
  return { result, rows, log, store }
}

export type XenRun = ReturnType<typeof xenRun>
