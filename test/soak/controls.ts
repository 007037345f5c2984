/**
 * The negative control: the merged drivers in ordinary use, sane settings. Nothing may be reported,
 * whatever the seed.
 */
import { readFileSync } from 'node:fs'
import { loadScenario, runScenario } from '../../src/index.ts'

/** From the root of the repository, where npm starts; the compiled file lies elsewhere. */
const FILE = 'scenarios/virtio-snd/control-ordinary-use.yaml'

/** Unmet verdicts and reports of every variant with every seed; `duration` as in a scenario. */
export function controlRuns(text: string, duration: string, seeds: readonly number[]) {
  const specs = loadScenario(text, { set: [`duration=${duration}`] })
  let simulatedNs = 0
  const found = specs.flatMap((spec) =>
    seeds.flatMap((seed) => {
      const { result, store } = runScenario(spec, seed)
      store.release()
      simulatedNs += result.virtualTimeNs
      return result.expectations
        .filter((one) => !one.pass)
        .map((one) => `${spec.variant}, seed ${seed}: ${one.name} was ${one.actual}`)
    }),
  )
  return { found, simulatedNs }
}

export function controlText(): string {
  return readFileSync(FILE, 'utf8')
}
