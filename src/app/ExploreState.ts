/**
 * The outcomes of a search in a file, so that it can be continued: a line for what is searched,
 * then a line for each round, appended when the round is complete. What a kill leaves half written
 * at the end is not a line and is overwritten.
 */
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Outcome, Trial } from '../explore/trial.ts'
import { folderRefusal } from './atomic-write.ts'
import type { TrialServer } from './ExplorePool.ts'
import { codeOf, reasonOf } from './io-reason.ts'

type SavedOutcome = Omit<Outcome, 'points'>

export class ExploreState {
  private readonly path: string
  private readonly rounds: (readonly SavedOutcome[])[]
  private at = 0
  private readonly seen = new Set<string>()

  private constructor(path: string, rounds: (readonly SavedOutcome[])[]) {
    this.path = path
    this.rounds = rounds
  }

  /**
   * `about` is what the search depends on. Returns what is wrong with the file, if something is.
   */
  static open(path: string, about: object): ExploreState | string {
    const header = JSON.stringify({ pcmsim: 'explore', version: 1, ...about })
    try {
      const refusal = folderRefusal(dirname(path))
      if (refusal !== undefined) return `--resume: ${refusal}`
      const text = read(path)
      const end = text.lastIndexOf('\n') + 1
      const [first, ...lines] = text.slice(0, end).split('\n').slice(0, -1)
      if (first === undefined) {
        if (text !== '') return `--resume ${path}: is not the file of a search`
        writeFileSync(path, `${header}\n`)
        return new ExploreState(path, [])
      }
      if (first !== header) return `--resume ${path}: is of another search or scenario`
      truncateSync(path, Buffer.byteLength(text.slice(0, end)))
      return new ExploreState(
        path,
        lines.map((line) => JSON.parse(line)),
      )
    } catch (error) {
      if (error instanceof SyntaxError) return `--resume ${path}: is damaged: ${error.message}`
      return `--resume ${path}: ${reasonOf(error)}`
    }
  }

  /** Trials of the next saved round, if there is one. */
  get roundSize(): number | undefined {
    return this.rounds[this.at]?.length
  }

  /** The saved outcomes of the next round, or null; points are found again by running. */
  async next(trials: readonly Trial[], server: TrialServer): Promise<readonly Outcome[] | null> {
    const round = this.rounds[this.at]
    if (round === undefined || round.length !== trials.length) return null
    this.at++
    const listed = trials.filter((trial) => trial.list)
    const again = listed.length > 0 ? await server.run(listed) : []
    return round.map((outcome, at) => {
      for (const feature of outcome.features) this.seen.add(feature)
      const list = listed.indexOf(trials[at] as Trial)
      return { ...outcome, points: again[list]?.points ?? null }
    })
  }

  /** Features are written when they are new: only that matters to who reads them. */
  save(outcomes: readonly Outcome[]): void {
    const lines = outcomes.map(({ points: _, features, ...rest }): SavedOutcome => {
      const news = features.filter((feature) => !this.seen.has(feature))
      for (const feature of news) this.seen.add(feature)
      return { ...rest, features: news }
    })
    this.at++
    this.rounds.push(lines)
    appendFileSync(this.path, `${JSON.stringify(lines)}\n`)
  }

  close(): void {
    this.rounds.length = 0
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}
