/**
 * The control queue of QEMU's sound device: requests are answered in order, each with its own push
 * and notification. There is no check of a stream's state: any request is taken at any time.
 *
 * Source: QEMU 10.0 hw/audio/virtio-snd.c: virtio_snd_handle_ctrl(), process_cmd().
 */
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import {
  hasBit,
  maskOfIndices,
  VIRTIO_SND_D_OUTPUT,
  VIRTIO_SND_PCM_FORMATS,
  VIRTIO_SND_PCM_RATES,
  VIRTIO_SND_PCM_WIDTHS,
  VIRTIO_SND_R_PCM_INFO,
  VIRTIO_SND_R_PCM_PREPARE,
  VIRTIO_SND_R_PCM_RELEASE,
  VIRTIO_SND_R_PCM_SET_PARAMS,
  VIRTIO_SND_R_PCM_START,
  VIRTIO_SND_R_PCM_STOP,
  VIRTIO_SND_S_BAD_MSG,
  VIRTIO_SND_S_NOT_SUPP,
  VIRTIO_SND_S_OK,
  type VirtioSndControl,
  type VirtioSndPcmInfo,
} from '../../virtio/virtio_snd.ts'
import {
  type DeviceVirtqueue,
  virtqueue_chain,
  virtqueue_pop,
} from '../../virtio/virtqueue_device.ts'
import type { AudioState } from './audio.ts'
import type { PcmStream, StreamOwner, StreamParams } from './virtio-sound-stream.ts'

const FORMATS = ['S8', 'U8', 'S16_LE', 'U16_LE', 'S32_LE', 'U32_LE', 'FLOAT_LE']
const FORMAT_MASK = maskOfIndices(VIRTIO_SND_PCM_FORMATS, FORMATS)
/** 5512 to 384000: the first fourteen. */
const RATE_MASK = 2 ** 14 - 1

/** What the control queue acts on. */
export interface ControlTarget extends StreamOwner {
  readonly audio: AudioState
  readonly streams: readonly PcmStream[]
  readonly params: readonly StreamParams[]
}

/** Takes and answers every request there is. */
export function* handleCtrl(device: ControlTarget, vq: DeviceVirtqueue): Proc {
  const { host } = device
  for (let head = virtqueue_pop(vq); head >= 0; head = virtqueue_pop(vq)) {
    host.emit(T.virtqueue_pop, vq.id, head)
    // Mapped with the pop: the driver may reset the queue while this thread works.
    const request = virtqueue_chain(vq, head) as VirtioSndControl
    if (!host.tryCharge(host.costs.audio_buffer_overhead)) yield Req.CHARGE
    request.status = yield* process(device, request)
    const len = request.status === VIRTIO_SND_S_OK ? request.in_bytes : 4
    yield* device.complete(vq, head, len)
  }
}

/** Status of one request. */
function* process(device: ControlTarget, request: VirtioSndControl): Proc<number> {
  if (request.code === VIRTIO_SND_R_PCM_INFO) return pcmInfo(device, request)
  // JACK_INFO and CHMAP_INFO too, whatever the properties say there is.
  if (!isPcmRequest(request.code)) return VIRTIO_SND_S_NOT_SUPP
  const stream = device.streams[request.stream_id]
  // Of RELEASE, QEMU calls virtio_error() too; no driver names a stream that it was not told of.
  if (stream === undefined) return VIRTIO_SND_S_BAD_MSG
  stream.trace = request.traceStream
  switch (request.code) {
    case VIRTIO_SND_R_PCM_SET_PARAMS:
      return setParams(device, request)
    case VIRTIO_SND_R_PCM_PREPARE:
      prepareStream(device, stream)
      return VIRTIO_SND_S_OK
    case VIRTIO_SND_R_PCM_START:
      yield* stream.setActive(true)
      return VIRTIO_SND_S_OK
    case VIRTIO_SND_R_PCM_STOP:
      yield* stream.setActive(false)
      return VIRTIO_SND_S_OK
    case VIRTIO_SND_R_PCM_RELEASE:
      yield* stream.flush()
      return VIRTIO_SND_S_OK
    default:
      return VIRTIO_SND_S_NOT_SUPP
  }
}

function isPcmRequest(code: number): boolean {
  return code >= VIRTIO_SND_R_PCM_SET_PARAMS && code <= VIRTIO_SND_R_PCM_STOP
}

function pcmInfo(device: ControlTarget, request: VirtioSndControl): number {
  const { stream_id: start, count } = request
  if (start + count > device.streams.length) return VIRTIO_SND_S_BAD_MSG
  const wanted = device.streams.slice(start, start + count)
  request.info = wanted.map((stream) => infoOf(device, stream))
  return VIRTIO_SND_S_OK
}

function infoOf(device: ControlTarget, stream: PcmStream): VirtioSndPcmInfo {
  return {
    hda_fn_nid: 0,
    features: 0,
    formats: FORMAT_MASK,
    rates: RATE_MASK,
    direction: stream.direction,
    channels_min: 1,
    channels_max: (device.params[stream.id] as StreamParams).channels,
  }
}

/** QEMU: virtio_snd_set_pcm_params(). The stream itself changes only at PREPARE. */
function setParams(device: ControlTarget, request: VirtioSndControl): number {
  const { channels, format, rate } = request
  if (channels < 1 || channels > 2) return VIRTIO_SND_S_NOT_SUPP
  if (!hasBit(FORMAT_MASK, format) || !hasBit(RATE_MASK, rate)) return VIRTIO_SND_S_NOT_SUPP
  const params = device.params[request.stream_id] as StreamParams
  params.bufferBytes = request.buffer_bytes
  params.periodBytes = request.period_bytes
  params.channels = channels
  params.format = format
  params.rate = rate
  return VIRTIO_SND_S_OK
}

/** QEMU: virtio_snd_pcm_prepare(): opens a voice, or keeps the one that fits. */
export function prepareStream(device: ControlTarget, stream: PcmStream): void {
  const params = device.params[stream.id] as StreamParams
  const width = VIRTIO_SND_PCM_WIDTHS[params.format] as number
  const { audio } = device
  stream.frameBytes = (width / 8) * params.channels
  stream.rate = VIRTIO_SND_PCM_RATES[params.rate] as number
  stream.periodBytes = params.periodBytes
  stream.expected = -1
  const { rate, frameBytes, trace } = stream
  if (stream.direction === VIRTIO_SND_D_OUTPUT) {
    stream.voiceOut = audio.openOut(stream.voiceOut, stream, rate, frameBytes, trace)
  } else stream.voiceIn = audio.openIn(stream.voiceIn, stream, rate, frameBytes, trace)
}
