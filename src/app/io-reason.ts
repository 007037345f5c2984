/** Why the operating system refused a file, in words. Free of Effect: worker threads use it. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Refused by a check of ours, which has the words already. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: string

  constructor(code: string, reason: string) {
    super(reason)
    this.code = code
  }
}

/** A file that could not be written; of the records of a long run, the folder for it. */
export class UnwritableError extends Refused {
  readonly path: string

  constructor(path: string, error: unknown, what = '') {
    super(codeOf(error), `${what}${reasonOf(error)}`)
    this.path = path
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Refused || (error instanceof Error && 'syscall' in error)
}

/** Does what writes to `path`; a fault of the system comes out as an UnwritableError. */
export function writing<V>(path: string, work: () => V, what?: string): V {
  try {
    return work()
  } catch (error) {
    if (error instanceof UnwritableError || !isRefusal(error)) throw error
    throw new UnwritableError(path, error, what)
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'is a folder',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of its path is a file, not a folder',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EDQUOT: 'the disk quota is exceeded',
  EMFILE: 'too many open files',
  ENXIO: 'there is no such device',
  EIO: 'the device failed',
}

export function reasonOf(error: unknown): string {
  if (error instanceof Refused) return error.message
  const code = codeOf(error)
  return reasons[code] ?? (code || 'unknown reason')
}
