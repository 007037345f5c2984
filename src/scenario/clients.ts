/**
 * The clients a scenario can name: a new one is a file of model/user, a line here, and its keys and
 * defaults in client-options.ts and client-defaults.ts.
 */
import type { SndPcm, SndPcmSubstream } from '../model/alsa/pcm.ts'
import { snd_pcm_format_value } from '../model/alsa/pcm_format.ts'
import type { Task } from '../model/machine/task.ts'
import { Aplay } from '../model/user/aplay.ts'
import { Arecord } from '../model/user/arecord.ts'
import { Duplex } from '../model/user/duplex.ts'
import { Jack } from '../model/user/jack.ts'
import { MmapWriter } from '../model/user/mmap-writer.ts'
import type { PcmClient } from '../model/user/pcm-client.ts'
import { Pipewire } from '../model/user/pipewire.ts'
import { PollClient } from '../model/user/poll-client.ts'
import { Pulse } from '../model/user/pulse.ts'
import { Scripted } from '../model/user/scripted.ts'
import type { ClientKind, StreamSpec } from './spec.ts'

export type OnOpen = (substream: SndPcmSubstream) => void

type Options = ReturnType<typeof optionsOf>

const clients: Readonly<Record<ClientKind, (pcm: SndPcm, options: Options) => PcmClient>> = {
  aplay: (pcm, options) => new Aplay(pcm, options),
  arecord: (pcm, options) => new Arecord(pcm, options),
  poll: (pcm, options) => new PollClient(pcm, options),
  jack: (pcm, options) => new Jack(pcm, options),
  pulse: (pcm, options) => new Pulse(pcm, options),
  pipewire: (pcm, options) => new Pipewire(pcm, options),
  mmap: (pcm, options) => new MmapWriter(pcm, options),
  duplex: (pcm, options) => new Duplex(pcm, options),
  scripted: (pcm, options) => new Scripted(pcm, options),
}

/** Creates the client's process. */
export function startClient(pcm: SndPcm, stream: StreamSpec, onOpen: OnOpen): Task {
  return clients[stream.client](pcm, optionsOf(stream, onOpen)).start()
}

/** What every client takes, and the options of its own kind. */
function optionsOf(stream: StreamSpec, onOpen: OnOpen) {
  const { start_threshold, stop_threshold, silence_size, silence_threshold } = stream
  const { direction, rate, channels, period_size, buffer_size, frames, stalls, onXrun } = stream
  return {
    script: [],
    ...stream.options,
    name: stream.shares === null ? stream.client : `${stream.client}-${stream.name}`,
    direction,
    format: snd_pcm_format_value(stream.format),
    rate,
    channels,
    period_size,
    buffer_size,
    start_threshold,
    stop_threshold,
    ...(stream.client === 'jack' ? { nperiods: stream.periodsAsked } : {}),
    ...(ownAvailMin(stream) ? {} : { avail_min: stream.avail_min }),
    silence_threshold,
    silence_size,
    frames,
    startAtNs: stream.startAtNs,
    stalls,
    onXrun,
    onOpen,
  }
}

/** These reckon it from the sizes that they get. */
function ownAvailMin({ client, usualAvailMin }: StreamSpec): boolean {
  return usualAvailMin && (client === 'jack' || client === 'pulse')
}
