/**
 * A run told in a line: what went over the wire, in order. `+` a message sent, `-` one returned,
 * `|` a run of the device's audio core, words for control messages and xruns.
 */

import type { TraceRecord } from '../../../../../src/sim/trace.ts'
import { CODES } from '../../../../../src/sim/trace-kinds.ts'
import type { soundWorld } from './sound-world.ts'

type World = ReturnType<typeof soundWorld>

export function codeWord(code: number): string {
  return CODES['virtsnd']?.[code] ?? `${code}`
}

/** Control messages in the order in which they were sent. */
export function controlOrder(world: World): string[] {
  return world.found('virtsnd_ctl_send').map((r) => codeWord(r.a))
}

export function story(world: World): string {
  const parts: [index: number, text: string][] = []
  const add = (records: readonly TraceRecord[], text: (r: TraceRecord) => string): void => {
    for (const r of records) parts.push([r.index, text(r)])
  }
  add(world.found('virtsnd_ctl_send'), (r) => ` ${codeWord(r.a)} `)
  add(world.found('virtsnd_msg_send'), () => '+')
  add(world.found('virtsnd_msg_complete'), () => '-')
  add(world.found('audio_run'), () => '|')
  add(world.found('snd_pcm_xrun'), () => ' XRUN ')
  parts.sort(([a], [b]) => a - b)
  return parts
    .map(([, text]) => text)
    .join('')
    .replaceAll(/ +/g, ' ')
    .trim()
}

/** Messages in flight when each control message was sent. */
export function inFlightAt(world: World): Record<string, number[]> {
  const at: Record<string, number[]> = {}
  let inFlight = 0
  for (const part of story(world).match(/[A-Z_]+|[+-]/g) ?? []) {
    if (part === '+') inFlight++
    else if (part === '-') inFlight--
    else {
      at[part] ??= []
      at[part].push(inFlight)
    }
  }
  return at
}

function queueOf(world: World, r: TraceRecord): string {
  return world.sim.trace.symbols.name('queue', r.a)
}

/** Messages that the device returned in each run of its audio core, and for each request. */
export function deviceBatches(world: World): number[] {
  const isControl = (r: TraceRecord): boolean => queueOf(world, r).endsWith('/control')
  const requests = world.found('virtqueue_pop').filter(isControl)
  const runs = [...world.found('audio_run'), ...requests].map((r) => r.index)
  runs.sort((a, b) => a - b)
  const batches = runs.map(() => 0)
  for (const r of world.found('virtqueue_push')) {
    if (!/tx|rx/.test(queueOf(world, r))) continue
    const run = runs.findLastIndex((index) => index < r.index)
    if (run >= 0) batches[run] = (batches[run] as number) + 1
  }
  return batches
}

export function logLines(world: World): string[] {
  const text = (r: TraceRecord): string => world.sim.trace.symbols.name('text', r.a)
  return world.found('printk').map(text)
}
