/** Why the operating system refused a file, in words. Free of Effect: worker threads use it. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'is a folder',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no such file',
}

export function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return reasons[code] ?? (code || 'unknown reason')
}
