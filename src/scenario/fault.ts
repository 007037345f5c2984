/**
 * One thing that is wrong with an input: where, what, what is allowed. Data only; app/Errors.ts
 * turns faults into the error that the command line prints.
 */
export type PathPart = string | number
export type Path = readonly PathPart[]

export interface Fault {
  readonly path: Path
  /** `key`: the key itself is at fault and its position is meant, not its value's. */
  readonly at: 'key' | 'value'
  readonly what: string
  readonly allowed?: string
  /** What a comparison looked at, if that is less than fault-needs.ts assumes for its path. */
  readonly needs?: readonly Path[]
}

export function formatPath(path: Path): string {
  return path.join('.')
}

/** A path as `--set` and `variants` write it. Keys that contain dots cannot be reached. */
export function parsePath(text: string): Path {
  return text.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}
