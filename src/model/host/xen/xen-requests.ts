/**
 * What the back end does about each request. Sizes of the protocol are bytes, of the stream frames.
 *
 * Source: include/xen/interface/io/sndif.h; statuses for what it does not say are ours.
 */
import type { GuestBuffer } from '../../machine/guest-buffer.ts'
import type { XenbusGuestPort } from '../../xen/seam.ts'
import {
  XENSND_OP_CLOSE,
  XENSND_OP_HW_PARAM_QUERY,
  XENSND_OP_OPEN,
  XENSND_OP_READ,
  XENSND_OP_TRIGGER,
  XENSND_OP_TRIGGER_PAUSE,
  XENSND_OP_TRIGGER_RESUME,
  XENSND_OP_TRIGGER_START,
  XENSND_OP_TRIGGER_STOP,
  XENSND_OP_WRITE,
  XENSND_PCM_FORMATS,
  type XensndOpenReq,
  type XensndQueryHwParam,
  type XensndReq,
} from '../../xen/sndif.ts'
import type { QueryShrink } from './options.ts'
import type { XenStream } from './xen-stream.ts'

const EIO = 5
const EINVAL = 22
const EOPNOTSUPP = 95

/** Bytes of a sample of each format that the back end plays, by the protocol's number. */
const SAMPLE_BYTES = new Map([
  [XENSND_PCM_FORMATS.indexOf('U8'), 1],
  [XENSND_PCM_FORMATS.indexOf('S16_LE'), 2],
])

/**
 * Serves one request; with `deaf`, STOP and CLOSE are answered and nothing ends. Return: 0 or
 * -errno, which goes into the response.
 */
export function serveRequest(
  bus: XenbusGuestPort,
  stream: XenStream,
  req: XensndReq,
  deaf: boolean,
): number {
  const { operation, trigger: type } = req
  const ends = operation === XENSND_OP_CLOSE || type === XENSND_OP_TRIGGER_STOP
  if (deaf && ends) return 0
  switch (operation) {
    case XENSND_OP_OPEN:
      return open(bus, stream, req)
    case XENSND_OP_CLOSE:
      closeStream(bus, stream)
      return 0
    case XENSND_OP_READ:
    case XENSND_OP_WRITE:
      return transfer(stream, req)
    case XENSND_OP_TRIGGER:
      return trigger(stream, type ?? -1)
    case XENSND_OP_HW_PARAM_QUERY:
      return 0
    default:
      return -EOPNOTSUPP
  }
}

/** Maps the buffer. A stream that is open already is closed first. */
function open(bus: XenbusGuestPort, stream: XenStream, req: XensndReq): number {
  const { pcm_format, pcm_channels, pcm_rate, ...rest } = req.open as XensndOpenReq
  const frameBytes = (SAMPLE_BYTES.get(pcm_format) ?? 0) * pcm_channels
  if (frameBytes === 0) return -EINVAL
  closeStream(bus, stream)
  const shared = bus.grants.map(rest.gref_directory)
  if (shared === null) return -EINVAL
  stream.opened({
    rate: pcm_rate,
    frameBytes,
    buffer_size: Math.floor(rest.buffer_sz / frameBytes),
    period_size: Math.floor(rest.period_sz / frameBytes),
    shared: shared as GuestBuffer,
    gref: rest.gref_directory,
    traceStream: req.traceStream,
  })
  return 0
}

export function closeStream(bus: XenbusGuestPort, stream: XenStream): void {
  if (stream.open === null) return
  bus.grants.unmap(stream.open.gref)
  stream.closed()
}

function transfer(stream: XenStream, { operation, rw }: XensndReq): number {
  const { open } = stream
  if (open === null || rw === undefined) return -EIO
  const { frameBytes, buffer_size } = open
  const offset = Math.floor(rw.offset / frameBytes)
  const frames = Math.floor(rw.length / frameBytes)
  if (offset + frames > buffer_size) return -EINVAL
  if (operation === XENSND_OP_WRITE) stream.written(offset, frames)
  else stream.read(offset, frames)
  return 0
}

function trigger(stream: XenStream, type: number): number {
  if (stream.open === null) return -EIO
  switch (type) {
    case XENSND_OP_TRIGGER_START:
    case XENSND_OP_TRIGGER_RESUME:
      stream.start(type === XENSND_OP_TRIGGER_START)
      return 0
    case XENSND_OP_TRIGGER_STOP:
    case XENSND_OP_TRIGGER_PAUSE:
      stream.stop()
      return 0
    default:
      return -EINVAL
  }
}

/** What is left of a query; from some query on perhaps less than was said before. */
export function answerQuery(
  asked: XensndQueryHwParam,
  shrink: QueryShrink | null,
  number: number,
): XensndQueryHwParam {
  let formats = 0
  for (const sndif of SAMPLE_BYTES.keys()) formats |= 1 << sndif
  const shrunk = shrink !== null && number > shrink.after
  const { buffer } = asked
  const max = shrunk && shrink.buffer_max < buffer.max ? shrink.buffer_max : buffer.max
  return { ...asked, formats: asked.formats & formats, buffer: { min: buffer.min, max } }
}
