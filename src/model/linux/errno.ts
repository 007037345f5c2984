/** Error numbers (include/uapi/asm-generic/errno*.h); code returns them negated. */
export const EPERM = 1
export const ENOENT = 2
export const EINTR = 4
export const EIO = 5
export const ENXIO = 6
export const EAGAIN = 11
export const ENOMEM = 12
export const EFAULT = 14
export const EBUSY = 16
export const ENODEV = 19
export const EINVAL = 22
export const ENOTTY = 25
export const ENOSPC = 28
export const EPIPE = 32
export const ENOSYS = 38
export const EBADFD = 77
export const ESTRPIPE = 86
export const EOPNOTSUPP = 95
export const ETIMEDOUT = 110
export const EALREADY = 114
export const ERESTARTSYS = 512

const NAMES: Readonly<Record<number, string>> = {
  [EPERM]: 'EPERM',
  [ENOENT]: 'ENOENT',
  [EINTR]: 'EINTR',
  [EIO]: 'EIO',
  [ENXIO]: 'ENXIO',
  [EAGAIN]: 'EAGAIN',
  [ENOMEM]: 'ENOMEM',
  [EFAULT]: 'EFAULT',
  [EBUSY]: 'EBUSY',
  [ENODEV]: 'ENODEV',
  [EINVAL]: 'EINVAL',
  [ENOTTY]: 'ENOTTY',
  [ENOSPC]: 'ENOSPC',
  [EPIPE]: 'EPIPE',
  [ENOSYS]: 'ENOSYS',
  [EBADFD]: 'EBADFD',
  [ESTRPIPE]: 'ESTRPIPE',
  [EOPNOTSUPP]: 'EOPNOTSUPP',
  [ETIMEDOUT]: 'ETIMEDOUT',
  [EALREADY]: 'EALREADY',
  [ERESTARTSYS]: 'ERESTARTSYS',
}

/** `-32` becomes `-EPIPE`; zero and positive numbers stay numbers. */
export function errnoName(ret: number): string {
  if (ret >= 0) return String(ret)
  const name = NAMES[-ret]
  return name === undefined ? String(ret) : `-${name}`
}
