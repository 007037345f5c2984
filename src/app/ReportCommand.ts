/** `pcmsim report`: one HTML page of one scenario or of a saved trace. */
import * as Effect from 'effect/Effect'
import { exitCodes } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { resultFolder } from './Jobs.ts'
import { recordingOf } from './OneRecording.ts'
import { writeWhole } from './WriteFile.ts'

export interface ReportCommandOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  /** File to write; default: beside the results of a run. */
  readonly out?: string
  readonly theme?: 'auto' | 'light' | 'dark'
  readonly watch?: boolean
  readonly quiet?: boolean
}

export function reportCommand(
  path: string,
  options: ReportCommandOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const { store, result, summary, place } = yield* judged(path, options)
    const out = options.out ?? place
    const html = yield* Effect.promise(async () => {
      const { htmlReport } = await import('./HtmlReport.ts')
      const { theme = 'auto', watch = false } = options
      return htmlReport(store, result, { theme, summary, watch })
    })
    yield* writeWhole(out, html)
    if (options.quiet !== true) console.out(`${out}\n`)
    const held = result.expectations.every((one) => one.pass)
    return held ? exitCodes.ok : exitCodes.expectationFailed
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

/** A run with its verdicts, what it is about, and where its page goes. */
const judged = Effect.fnUntraced(function* (path: string, options: ReportCommandOptions) {
  const { store, result, spec } = yield* recordingOf(path, options)
  if (spec === null) {
    return { store, result, summary: null, place: path.replace(/[^/]*$/, 'report.html') }
  }
  const place = `${resultFolder('out', spec, result.seed)}/report.html`
  return { store, result, summary: spec.summary, place }
})
