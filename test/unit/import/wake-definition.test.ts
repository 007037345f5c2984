/** Wake latency is one thing in `result.json` and in `calibrate`: the same samples of one run. */
import { expect, it } from 'vitest'
import { foldStore } from '../../../src/analysis/fold.ts'
import { WakeLatencyFold } from '../../../src/analysis/wake-latency.ts'
import { simulatedEvents } from '../../../src/import/simulated-events.ts'
import { stagesOf } from '../../../src/import/stages.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'

const plays = '{client: aplay, period_size: 480, periods: 4'
const records = '{client: arecord, direction: capture, period_size: 480, periods: 4'
const fifo = 'options: {policy: fifo, priority: 10}'

it.each([
  // A worker calls period-elapsed with the stream's mutex held; the client is faster than it.
  ['a client that preempts the worker', `${plays}, ${fifo}}`],
  ['a client of the fair class', `${plays}}`],
  ['two clients, one of which preempts', `${plays}}, ${records}, ${fifo}}`],
])('%s', (_name, streams) => {
  const [spec] = loadScenario(`
version: 1
name: wakes
duration: 300ms
guest: {kernel: '6.12', preempt: full, cpus: 1, costs: tcg}
driver: {kind: virtio-snd, version: ack}
streams: [${streams}]
`)
  const { store } = runScenario(spec as NonNullable<typeof spec>)
  const fold = new WakeLatencyFold(store.symbols)
  foldStore(store, fold, 300_000_000)
  const own = [...fold.samplesByStream().values()].flatMap((one) => [...one.values()])
  const read = stagesOf(simulatedEvents(store), null).wake.map(({ ns }) => ns)
  expect(read.length).toBeGreaterThan(20)
  expect(own.toSorted((a, b) => a - b)).toEqual(read.toSorted((a, b) => a - b))
})
