/** The clients a scenario can name: each maps its stream to a client model's options. */
import type { SndPcm, SndPcmSubstream } from '../model/alsa/pcm.ts'
import type { Kernel } from '../model/linux/kernel.ts'
import type { Proc } from '../sim/process.ts'
import type { StreamSpec } from './spec.ts'

/** What the client's task does from its start to its end. */
export function clientBody(
  kernel: Kernel,
  pcm: SndPcm,
  substream: SndPcmSubstream,
  stream: StreamSpec,
): Proc {
  throw new Error(`${kernel.name} ${pcm} ${substream.name} ${stream.name}`)
}
