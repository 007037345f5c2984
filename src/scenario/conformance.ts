/**
 * Runs the kernel's PCM self-test on the card of a scenario: its machine, driver and device, and
 * the test as the only client. Pure: text in, text out.
 *
 * Kernel: tools/testing/selftests/alsa/pcm-test.c, v6.12. Differs: one card, so no threads; which
 * card a configuration is for is not asked of sysfs.
 */
import { NS_PER_SEC } from '../base/units.ts'
import type { SndPcm } from '../model/alsa/pcm.ts'
import { spawnClient } from '../model/user/client.ts'
import { type PcmTimeResult, pcmTimeTest } from '../model/user/pcm-selftest.ts'
import type { Proc } from '../sim/process.ts'
import { type ConfCompound, readAlsaConf } from './alsa-conf.ts'
import { confCompound, WrongConf } from './alsa-conf-get.ts'
import { buildWorld, type World } from './build.ts'
import { driverKinds } from './driver-kinds.ts'
import { Ktap, type KtapCounts, ktapCase, ktapHead } from './ktap.ts'
import {
  type CardShape,
  planSelftest,
  type SelftestPlan,
  STANDARD_CONF,
  streamNames,
} from './selftest-plan.ts'
import type { ScenarioSpec } from './spec.ts'

export interface ConfText {
  readonly name: string
  readonly text: string
}

export type Conformance =
  | { readonly text: string; readonly counts: KtapCounts; readonly fault: null }
  | { readonly text: null; readonly counts: null; readonly fault: string }

/** Simulated time in which every case has come to its end, or one never will. */
const TIME_MAX_NS = 3600 * NS_PER_SEC

interface Confs {
  readonly standard: ConfCompound
  readonly card: ConfCompound | null
  readonly notes: readonly string[]
}

/** `confs`: a file with `pcm` replaces the standard cases, one with `card` is the card's own. */
export function runConformance(
  spec: ScenarioSpec,
  seed: number,
  confs: readonly ConfText[],
): Conformance {
  try {
    const read = readConfs(confs)
    const machine: ScenarioSpec = { ...spec, streams: [], expect: [] }
    let ktap: Ktap | null = null
    const onCard = (pcm: SndPcm, world: World): void => {
      const plan = planSelftest(read.standard, read.card, shapeOf(pcm, spec))
      const noted = { ...plan, notes: [...plan.notes, ...read.notes] }
      ktap = startTests(world, pcm, noted)
    }
    const world = buildWorld(machine, seed, { onCard })
    world.sim.run(TIME_MAX_NS)
    const done = (ktap as Ktap | null) ?? noCard()
    return { text: done.text, counts: done.counts, fault: null }
  } catch (error) {
    if (error instanceof WrongConf) return { text: null, counts: null, fault: error.message }
    throw error
  }
}

/** No card: nothing is planned. */
function noCard(): Ktap {
  const ktap = new Ktap()
  ktap.plan(0)
  ktap.totals(0)
  return ktap
}

function readConfs(confs: readonly ConfText[]): Confs {
  let standard = parse({ name: 'pcm-test.conf', text: STANDARD_CONF })
  let card: ConfCompound | null = null
  const notes: string[] = []
  for (const conf of confs) {
    const tree = parse(conf)
    const pcm = confCompound(tree, 'pcm')
    const cards = confCompound(tree, 'card')
    if (pcm === null && cards === null) {
      throw new WrongConf(`${conf.name}: neither a pcm nor a card compound`)
    }
    if (pcm !== null) standard = tree
    const [id] = cards === null ? [] : cards.entries.keys()
    if (id !== undefined) {
      card = confCompound(cards, id)
      notes.push(`using hw card config ${conf.name} for card 0`)
    }
  }
  return { standard, card, notes }
}

function parse(conf: ConfText): ConfCompound {
  const read = readAlsaConf(conf.name, conf.text)
  if (read.fault !== null) throw new WrongConf(read.fault)
  return read.tree
}

function shapeOf(pcm: SndPcm, spec: ScenarioSpec): CardShape {
  const { card: name } = driverKinds[spec.driver.kind]
  const devices = pcm.card.pcms.map(({ playback, capture }) => {
    return { PLAYBACK: playback.length, CAPTURE: capture.length }
  })
  return { name, longname: `${name} at pcmsim/${spec.name}`, devices }
}

/** The test's process; the KTAP text is whole when it has ended. */
function startTests(world: World, pcm: SndPcm, plan: SelftestPlan): Ktap {
  const ktap = ktapHead(plan)
  const body = () => runTests(world, pcm, plan, ktap)
  spawnClient(world.kernel, 'pcm-test', body, { stream: 0, atNs: 0 }, {})
  return ktap
}

function* runTests(world: World, pcm: SndPcm, plan: SelftestPlan, ktap: Ktap): Proc {
  for (const test of plan.tests) {
    const { device, stream, subdevice } = test.place
    const direction = streamNames.indexOf(stream)
    const tested = pcm.card.pcms[device] as SndPcm
    const result: PcmTimeResult = yield* pcmTimeTest(tested, direction, subdevice, test.params)
    ktapCase(ktap, test, result)
  }
  ktap.totals(plan.results)
  world.sim.stop()
}
