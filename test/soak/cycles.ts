/**
 * One machine for a long time: a stream that is opened and closed, or started and stopped, again
 * and again, with the memory and lock folds listening. Everything that a run reports is counted.
 */
import { LockdepFold } from '../../src/analysis/lockdep/trace-fold.ts'
import { LogFold } from '../../src/analysis/log.ts'
import { MemoryFold } from '../../src/analysis/memory.ts'
import { loadScenario } from '../../src/index.ts'
import type { SndPcm } from '../../src/model/alsa/pcm.ts'
import { snd_pcm_drop } from '../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_release } from '../../src/model/alsa/pcm_native.ts'
import { snd_pcm_prepare } from '../../src/model/alsa/pcm_prepare.ts'
import { buildWorld, type World } from '../../src/scenario/build.ts'
import type { Proc } from '../../src/sim/process.ts'
import { ChunkPool } from '../../src/sim/trace-columns.ts'
import { TraceStore } from '../../src/sim/trace-store.ts'
import { must, openStream, transfer } from '../unit/model/guest/virtio-snd/sound-world.ts'
import { HeapWatch } from './memory.ts'

export type CycleKind = 'open-close' | 'start-stop'
const SETUP = { period: 480, periods: 4 }
const SAMPLES = 20
const FORGET_EVERY = 50
const SIMULATED_MAX_NS = 3_600_000_000_000

export interface CycleReport {
  readonly cycles: number
  readonly outcome: string
  readonly simulatedNs: number
  readonly heap: HeapWatch
  readonly memory: readonly string[]
  readonly locks: readonly string[]
  readonly incidents: readonly string[]
}

/** A machine whose own client never comes. */
function scenario(version: string): string {
  return `version: 1
name: cycles
duration: 1h
driver: {kind: virtio-snd, version: ${version}}
streams: [{start_at: 59min}]
`
}

export function cycleSoak(kind: CycleKind, version: string, cycles: number): CycleReport {
  const [spec] = loadScenario(scenario(version))
  if (spec === undefined) throw new Error('no scenario')
  const pool = new ChunkPool()
  const heap = new HeapWatch()
  let done = 0
  const distance = Math.ceil(cycles / SAMPLES)
  const after = (recorder: Recorder): void => {
    done++
    if (done % FORGET_EVERY === 0) recorder.forget()
    if (done % distance === 0) heap.sample()
  }
  const body = kind === 'open-close' ? openClose : startStop
  const onCard = (pcm: SndPcm, world: World): void => {
    const recorder = new Recorder(world, pool)
    world.kernel.spawn('cycler', 'client', function* () {
      yield* body(pcm, cycles, () => after(recorder))
      world.sim.stop()
    })
  }
  const world = buildWorld(spec, 1, { pool, onCard, stepsMax: Number.POSITIVE_INFINITY })
  const { symbols } = world.sim.trace
  const memory = new MemoryFold(symbols)
  const locks = new LockdepFold(symbols)
  const log = new LogFold(symbols)
  for (const fold of [memory, locks, log]) world.sim.trace.addSink(fold, fold.kinds)
  const outcome = world.sim.run(SIMULATED_MAX_NS)
  return {
    cycles: done,
    outcome,
    simulatedNs: world.sim.now,
    heap,
    memory: memory.finish().map((one) => `${one.kind}: ${one.what}`),
    locks: locks.finish().reports.map((one) => one.kind),
    incidents: log.finish().incidents.map((one) => `${one.kind}: ${one.text}`),
  }
}

/** The recording grows with the run by its nature: it is thrown away now and then. */
class Recorder {
  private readonly world: World
  private readonly pool: ChunkPool
  private store: TraceStore

  constructor(world: World, pool: ChunkPool) {
    this.world = world
    this.pool = pool
    this.store = world.store
  }

  forget(): void {
    const { trace } = this.world.sim
    const old = this.store
    this.store = new TraceStore(trace.symbols, this.pool)
    trace.setRecorder(this.store)
    old.release()
  }
}

function* openClose(pcm: SndPcm, cycles: number, after: () => void): Proc {
  for (let i = 0; i < cycles; i++) {
    const file = yield* openStream(pcm, SETUP)
    must('write', yield* transfer(file.substream, SETUP.period, SETUP.periods))
    yield* snd_pcm_release(file)
    after()
  }
}

function* startStop(pcm: SndPcm, cycles: number, after: () => void): Proc {
  const file = yield* openStream(pcm, SETUP)
  for (let i = 0; i < cycles; i++) {
    must('write', yield* transfer(file.substream, SETUP.period, SETUP.periods))
    must('drop', yield* snd_pcm_drop(file.substream))
    must('prepare', yield* snd_pcm_prepare(file.substream, 0))
    after()
  }
  yield* snd_pcm_release(file)
}
