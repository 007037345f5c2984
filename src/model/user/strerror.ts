/** Errors in words, as snd_strerror() of the library says them. */
import * as E from '../linux/errno.ts'

const WORDS: Readonly<Record<number, string>> = {
  [E.EPERM]: 'Operation not permitted',
  [E.EINTR]: 'Interrupted system call',
  [E.EIO]: 'Input/output error',
  [E.ENXIO]: 'No such device or address',
  [E.EAGAIN]: 'Resource temporarily unavailable',
  [E.ENOMEM]: 'Cannot allocate memory',
  [E.EBUSY]: 'Device or resource busy',
  [E.ENODEV]: 'No such device',
  [E.EINVAL]: 'Invalid argument',
  [E.EPIPE]: 'Broken pipe',
  [E.ENOSYS]: 'Function not implemented',
  [E.EBADFD]: 'File descriptor in bad state',
  [E.ESTRPIPE]: 'Streams pipe error',
  [E.ETIMEDOUT]: 'Connection timed out',
}

export function snd_strerror(err: number): string {
  return WORDS[-err] ?? `Unknown error ${-err}`
}
