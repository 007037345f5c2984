/** What single changes of a scenario came to, as outputs show it. */
export interface Trial {
  /** What was changed, in words. */
  readonly change: string
  readonly prevented: boolean
  /** What the run with the change came to. */
  readonly outcome: string
  /** A command that does the same; empty: the change cannot be written in a scenario. */
  readonly command: string
}

export interface Tried {
  /** What they were to prevent. */
  readonly what: string
  readonly runs: number
  /** The smallest change first. */
  readonly prevents: readonly Trial[]
  readonly others: readonly Trial[]
}
