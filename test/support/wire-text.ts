/**
 * What driver and device said to each other about a stream, without times: control messages with
 * their answers and the number of I/O messages that the device had then, I/O messages sent and
 * completed. Completions that send the same message again at once are counted after the first few.
 */

import { T, TraceRecord } from '../../src/sim/trace.ts'
import { CODES } from '../../src/sim/trace-kinds.ts'
import type { TraceStore } from '../../src/sim/trace-store.ts'

/** Requeueing completions written out before they are left out. */
const listed = 4

const wanted: readonly number[] = [
  T.virtsnd_ctl_send,
  T.virtsnd_ctl_done,
  T.virtsnd_msg_send,
  T.virtsnd_msg_complete,
  T.snd_pcm_state,
]

export function wireText(store: TraceStore): string {
  return `${withoutRepeats(wireLines(store)).join('\n')}\n`
}

function wireLines(store: TraceStore): readonly string[] {
  const lines: string[] = []
  let inFlight = 0
  const sentBytes: number[] = []
  const record = new TraceRecord()
  for (let i = 0; i < store.length; i++) {
    const r = store.at(i, record)
    if (!wanted.includes(r.kind)) continue
    if (r.kind === T.virtsnd_msg_send) {
      inFlight++
      sentBytes[r.b] = r.c
      const completion = `  tx ${r.b} completes, played`
      if (lines.at(-1) === completion) lines[lines.length - 1] = `${completion}, is sent again`
      else lines.push(`  tx ${r.b} sent, ${r.c} bytes`)
    } else if (r.kind === T.virtsnd_msg_complete) {
      inFlight--
      lines.push(`  tx ${r.b} completes, ${howFar(r.d, sentBytes[r.b])}`)
    } else if (r.kind === T.snd_pcm_state) lines.push(`state ${word('state', r.c)}`)
    else if (r.kind === T.virtsnd_ctl_send) {
      lines.push(`control ${word('virtsnd', r.a)}, ${inFlight} in flight`)
    } else lines.push(`control ${word('virtsnd', r.a)} answered ${word('virtsnd', r.d)}`)
  }
  return lines
}

/** latency_bytes of QEMU: what the mixer has not taken of the message. */
function howFar(latencyBytes: number, sentBytes: number | undefined): string {
  if (latencyBytes === 0) return 'played'
  return latencyBytes === sentBytes ? 'untouched' : 'played in part'
}

function withoutRepeats(lines: readonly string[]): readonly string[] {
  let run = 0
  return lines.flatMap((line) => {
    run = line.endsWith('is sent again') ? run + 1 : 0
    if (run <= listed) return [line]
    return run === listed + 1 ? ['  ... and so on'] : []
  })
}

function word(list: string, code: number): string {
  return CODES[list]?.[code] ?? String(code)
}
