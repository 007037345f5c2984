/**
 * The outcomes of a search in a file, so that it can be continued: a line for what is searched,
 * then a line for each round, appended when the round is complete. What a kill leaves half written
 * at the end is not a line and is overwritten.
 */
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseJson } from '../base/json.ts'
import { ORACLES } from '../explore/failures.ts'
import type { Outcome, Trial } from '../explore/trial.ts'
import { folderRefusal } from './atomic-write.ts'
import { readBounded } from './bounded-read.ts'
import type { TrialServer } from './ExplorePool.ts'
import { codeOf, reasonOf, writing } from './io-reason.ts'

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
      const bytes = read(path)
      const end = bytes.lastIndexOf('\n') + 1
      const [first, ...lines] = bytes.toString('utf8', 0, end).split('\n').slice(0, -1)
      if (first === undefined) {
        if (bytes.length > 0) return `--resume ${path}: is not the file of a search`
        writeFileSync(path, `${header}\n`)
        return new ExploreState(path, [])
      }
      if (first !== header) return `--resume ${path}: is of another search or scenario`
      const rounds = lines.map(parseJson)
      const wrong = rounds.findIndex((round) => !isRound(round))
      if (wrong >= 0) return `--resume ${path}: is damaged: line ${wrong + 2} is no round`
      truncateSync(path, end)
      return new ExploreState(path, rounds as (readonly SavedOutcome[])[])
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
    writing(this.path, () => appendFileSync(this.path, `${JSON.stringify(lines)}\n`))
  }

  close(): void {
    this.rounds.length = 0
  }
}

/** Of a saved search, which is kept in memory whole. */
const bytesMax = 256 * 1_024 * 1_024

function read(path: string): Buffer {
  try {
    return readBounded(path, bytesMax, 'a saved search')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

type Json = Readonly<Record<string, unknown>>

function isRound(value: unknown): boolean {
  return Array.isArray(value) && value.every(isOutcome)
}

function isOutcome(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { schedule, failures, features, silence } = value
  if (typeof schedule !== 'string') return false
  if (!Number.isSafeInteger(silence) || !Array.isArray(features)) return false
  if (!features.every((one) => typeof one === 'string')) return false
  return Array.isArray(failures) && failures.every(isFailure)
}

function isFailure(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { oracle, key, text, timeNs, expect } = value
  if (typeof oracle !== 'string' || !Object.hasOwn(ORACLES, oracle)) return false
  if (typeof key !== 'string' || typeof text !== 'string' || !isRecord(expect)) return false
  return timeNs === null || Number.isSafeInteger(timeNs)
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
