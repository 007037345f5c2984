/** The clients a scenario can name: each maps its stream to a client model's options. */
import type { SndPcm } from '../model/alsa/pcm.ts'
import { LONG_MAX } from '../model/alsa/pcm_constants.ts'
import { Aplay } from '../model/user/aplay.ts'
import { snd_pcm_format_value } from '../model/alsa/pcm_format.ts'
import type { StreamSpec } from './spec.ts'

/** Creates the client's process. */
export function startClient(pcm: SndPcm, stream: StreamSpec): void {
  const { start_threshold, stop_threshold, avail_min, silence_size, silence_threshold } = stream
  const client = new Aplay(pcm, {
    name: stream.client,
    format: snd_pcm_format_value(stream.format),
    rate: stream.rate,
    channels: stream.channels,
    period_size: stream.period_size,
    buffer_size: stream.buffer_size,
    start_threshold,
    stop_threshold: stop_threshold === 'boundary' ? boundary(stream.buffer_size) : stop_threshold,
    avail_min,
    silence_threshold,
    silence_size: silence_size === 'boundary' ? boundary(stream.buffer_size) : silence_size,
    frames: stream.frames,
    startAtNs: stream.startAtNs,
    stalls: stream.stalls,
    onXrun: stream.onXrun,
  })
  client.start()
}

/** Kernel: snd_pcm_hw_params(): the buffer size doubled while the double stays below LONG_MAX. */
function boundary(buffer_size: number): number {
  let at = buffer_size
  while (at * 2 <= LONG_MAX - buffer_size) at *= 2
  return at
}
