/** `pcmsim calibrate`: fit costs to captured traces, replay them, predict what was not fitted. */
import { join } from 'node:path'
import * as Effect from 'effect/Effect'
import { layoutCalibration } from '../chart/layout/calibration.ts'
import { sorted } from '../import/fit.ts'
import type { Cut } from '../import/part.ts'
import { STAGE_NAMES, STAGES } from '../import/stages.ts'
import { parseDuration } from '../scenario/quantity.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { type Calibration, calibrateRun, replayWith, together } from './CalibrateFit.ts'
import { readRuns } from './CalibrateInput.ts'
import { predictionTable } from './CalibratePrediction.ts'
import { calibrationJson, calibrationText, presetText } from './CalibrateText.ts'
import { exitCodes, InputError, OutputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { reasonOf } from './io-reason.ts'
import { parseOverrides } from './Load.ts'
import { sortedJson } from './ResultJson.ts'

export interface CalibrateOptions {
  readonly set: readonly string[]
  /** File of the fitted costs. */
  readonly out?: string
  /** File of the scenario that replays the run. */
  readonly scenario?: string
  /** Folder of the plots. */
  readonly charts?: string
  readonly halves?: boolean
  /** Length of the blocks of which every other one is fitted, as a duration. */
  readonly blocks?: string
  readonly table?: boolean
  readonly json?: boolean
}

export function calibrateCommand(
  paths: readonly string[],
  options: CalibrateOptions,
  version: string,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const overrides = yield* parseOverrides(options.set)
    const runs = yield* readRuns(paths)
    if (runs.length > 1 && (options.out !== undefined || options.scenario !== undefined)) {
      const line = `--out, --scenario: ${runs.length} runs, allowed: one run for one file`
      return yield* new InputError({ lines: [line] })
    }
    const cut = yield* cutOf(options)
    const done: Calibration[] = []
    for (const run of runs) {
      const found = yield* orFail(calibrateRun(run, cut))
      const changed = overrides.length === 0 ? null : yield* orFail(replayWith(found, overrides))
      done.push(found)
      if (options.json !== true && options.table !== true) {
        console.out(calibrationText(found, changed))
      }
    }
    if (options.table === true) console.out(predictionTable(done))
    if (options.json === true) console.out(`${sortedJson(done.map(calibrationJson))}\n`)
    for (const found of done) yield* write(found, options, version)
    return exitCodes.ok
  })
  return exitCodeOf(program, console)
}

/** Blocks are no shorter than a period of most streams, and a run has more than one. */
const BLOCK_NS = { least: 10_000_000, most: 3_600_000_000_000 }

const cutOf = Effect.fnUntraced(function* ({ blocks, halves, table }: CalibrateOptions) {
  if (blocks === undefined) {
    return { share: halves === true || table === true ? 0.5 : 1 } satisfies Cut
  }
  const ns = parseDuration(blocks)
  if (typeof ns === 'number' && ns >= BLOCK_NS.least && ns <= BLOCK_NS.most) {
    return { blockNs: ns } satisfies Cut
  }
  const line = `--blocks: '${blocks}', allowed: a duration from 10ms to 1h, such as 250ms`
  return yield* new InputError({ lines: [line] })
})

const orFail = Effect.fnUntraced(function* (found: Calibration | readonly string[]) {
  if ('base' in found) return found
  return yield* new InputError({ lines: found })
})

const write = Effect.fnUntraced(function* (
  found: Calibration,
  { out, scenario, charts }: CalibrateOptions,
  version: string,
) {
  if (out !== undefined) yield* writeTo(out, presetText(found, version))
  if (scenario !== undefined) yield* writeTo(scenario, `${found.scenario}\n`)
  if (charts === undefined) return
  const replayed = together(found.replays)
  const panels = STAGE_NAMES.flatMap((stage) => {
    const captured = sorted(found.captured[stage])
    const simulated = sorted(replayed[stage])
    return captured.length < 2 ? [] : [{ title: STAGES[stage], captured, simulated }]
  })
  const drawing = layoutCalibration(found.run.name, panels)
  const svg = yield* Effect.promise(async () => {
    const { svgText } = await import('./Charts.ts')
    return svgText(drawing)
  })
  yield* writeTo(join(charts, `${found.run.name}.svg`), svg)
})

const writeTo = Effect.fnUntraced(function* (path: string, text: string) {
  try {
    writeFileAtomically(path, text)
  } catch (error) {
    return yield* new OutputError({ path, reason: reasonOf(error) })
  }
})
