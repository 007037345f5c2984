/**
 * What people paste when sound misbehaves: /proc/asound files of a substream and the kernel log, in
 * the layouts of sound/core/pcm.c (snd_pcm_substream_proc_*_read, v6.12) and of dmesg, journalctl
 * and syslog. Comes out as features, plain words that two snapshots of one trouble have in common,
 * each with the line that it is from. Sizes are frames.
 */

import { CODES } from '../sim/trace-kinds.ts'

export interface Source {
  /** As messages name it. */
  readonly name: string
  readonly text: string
}

export interface Feature {
  readonly feature: string
  readonly file: string
  /** From 1. */
  readonly line: number
  /** The line itself, cut. */
  readonly said: string
}

/** Bytes of one file, and lines that are looked at. */
export const SNAPSHOT_BYTES_MAX = 4 << 20
const LINES_MAX = 100_000
const SAID_MAX = 120
const FEATURES_MAX = 2_000

/** Lines without their ends; a NUL, as in a file cut off by a crash, ends nothing. */
function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\n|\r/, LINES_MAX)
}

type Value = { readonly text: string; readonly file: string; readonly line: number }

const NUMBERS = [
  'owner_pid',
  'delay',
  'avail',
  'avail_max',
  'hw_ptr',
  'appl_ptr',
  'channels',
  'period_size',
  'buffer_size',
  'avail_min',
  'start_threshold',
  'stop_threshold',
  'boundary',
]
const WORDS = ['state', 'trigger_time', 'tstamp', 'access', 'format', 'subformat', 'rate']
const KEYS: readonly string[] = [...NUMBERS, ...WORDS]
const STATES = CODES.state as readonly string[]

/** Features of the /proc files of one substream; or what is wrong, as `file:line:col: ...`. */
export function procFeatures(sources: readonly Source[]): readonly Feature[] | string[] {
  const values = new Map<string, Value>()
  const faults: string[] = []
  for (const source of sources) {
    const own = valuesOf(source, faults)
    if (own.size === 0 && faults.length === 0) {
      const allowed = 'status, hw_params or sw_params of /proc/asound/card*/pcm*/sub*'
      faults.push(`${source.name}:1:1: nothing of a substream here, allowed: ${allowed}`)
    }
    for (const [key, value] of own) if (!values.has(key)) values.set(key, value)
  }
  return faults.length > 0 ? faults : featuresOf(values)
}

/** Of several substreams in one file (`==> path <==`, as `head` prints) the first that is open. */
function valuesOf({ name, text }: Source, faults: string[]): ReadonlyMap<string, Value> {
  const sections: Map<string, Value>[] = [new Map()]
  let folder = ''
  linesOf(text).forEach((raw, i) => {
    const line = i + 1
    const heading = /^==> (.*)\/\w+ <==$/.exec(raw.trim())
    if (heading !== null) {
      if (heading[1] !== folder && (sections.at(-1)?.size ?? 0) > 0) sections.push(new Map())
      folder = heading[1] ?? ''
      return
    }
    const values = sections.at(-1) as Map<string, Value>
    const bare = /^(closed|no setup)\s*$/.exec(raw.trim())
    if (bare !== null) values.set('bare', { text: bare[1] as string, file: name, line })
    const pair = /^\s*([a-z_]+)\s*:\s*(\S.*?)\s*$/.exec(raw)
    const [, key = '', value = ''] = pair ?? []
    if (!KEYS.includes(key) || values.has(key)) return
    if (value === '?') return
    const fault = faultOf(key, value)
    if (fault === '') values.set(key, { text: value, file: name, line })
    else faults.push(`${name}:${line}:${raw.indexOf(value) + 1}: ${key}: ${fault}`)
  })
  const open = sections.find((one) => one.size > 0 && !isClosed(one))
  return open ?? sections.find((one) => one.size > 0) ?? new Map()
}

function isClosed(values: ReadonlyMap<string, Value>): boolean {
  return values.size === 1 && values.get('bare')?.text === 'closed'
}

function faultOf(key: string, value: string): string {
  const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value
  if (key === 'state' && !STATES.includes(value)) {
    return `'${shown}' is no state, allowed: ${STATES.join(', ')}`
  }
  if (NUMBERS.includes(key) && !/^-?\d{1,19}$/.test(value)) {
    return `'${shown}' is not a number, allowed: a whole number`
  }
  return ''
}

/** What the values mean beside each other: the sizes of a ring matter less than its fill. */
function featuresOf(values: ReadonlyMap<string, Value>): readonly Feature[] {
  const features: Feature[] = []
  const add = (feature: string, of: string): void => {
    const value = values.get(of)
    if (value === undefined) return
    const { file, line, text } = value
    features.push({ feature, file, line, said: `${of}: ${text}`.slice(0, SAID_MAX) })
  }
  const number = (key: string): number => Number(values.get(key)?.text ?? Number.NaN)
  const text = (key: string): string => values.get(key)?.text ?? ''
  add(`proc ${text('bare')}`, 'bare')
  add(`proc state ${text('state')}`, 'state')
  for (const key of ['access', 'format', 'channels', 'period_size', 'buffer_size']) {
    add(`size ${key} ${text(key)}`, key)
  }
  add(`size rate ${Number.parseInt(text('rate'), 10)}`, 'rate')
  const [period, buffer] = [number('period_size'), number('buffer_size')]
  const [hw, appl, avail] = [number('hw_ptr'), number('appl_ptr'), number('avail')]
  if (hw === 0) add('proc hw_ptr has not moved', 'hw_ptr')
  if (hw > 0 && hw === appl) add('proc appl_ptr is at hw_ptr', 'appl_ptr')
  if (period > 0 && hw > 0) {
    add(`proc hw_ptr is ${hw % period === 0 ? 'at' : 'between'} period boundaries`, 'hw_ptr')
  }
  if (buffer > 0) {
    add(`proc avail is ${fill(avail, period, buffer)}`, 'avail')
    add(`proc avail_max was ${fill(number('avail_max'), period, buffer)}`, 'avail_max')
    add(`size periods ${Math.round(buffer / period)}`, 'buffer_size')
    const stop = number('stop_threshold')
    add(`size stop_threshold ${stop > buffer ? 'off' : stop < buffer ? 'early' : 'ring'}`, SW)
    const start = number('start_threshold')
    add(`size start_threshold ${start > buffer ? 'never' : start < buffer ? 'early' : 'ring'}`, ST)
  }
  if (text('state') === 'RUNNING' && number('delay') === 0) add('proc RUNNING, delay 0', 'delay')
  return features
}

const SW = 'stop_threshold'
const ST = 'start_threshold'

function fill(avail: number, period: number, buffer: number): string {
  if (avail < 0) return 'negative'
  if (avail === 0) return 'nothing'
  if (avail > buffer) return 'more than the ring'
  if (avail === buffer) return 'the whole ring'
  return avail < period ? 'less than a period' : 'a period or more'
}

/** Words for the sorts of trouble that a kernel log tells of; also where the lines differ. */
const TROUBLES: readonly (readonly [RegExp, string])[] = [
  [/possible circular locking dependency/, 'circular locking'],
  [/possible recursive locking/, 'recursive locking'],
  [/inconsistent lock state/, 'inconsistent lock state'],
  [/Invalid wait context/i, 'invalid wait context'],
  [/possible irq lock inversion/, 'irq lock inversion'],
  [/(?:HARD|SOFT)IRQ-unsafe lock order detected/, 'irq-unsafe lock order'],
  [/sleeping function called from invalid context/, 'sleep in atomic context'],
  [/scheduling while atomic/, 'scheduling while atomic'],
  [/NULL pointer dereference|use-after-free|general protection fault/i, 'bad memory access'],
  [/blocked for more than \d+ seconds/, 'hung task'],
  [/soft lockup|hard LOCKUP|rcu.*stall/i, 'lockup'],
  [/nobody cared/, 'interrupt that nobody cared for'],
  [/XRUN: pcm|snd_pcm_xrun|\bunderrun\b/i, 'xrun'],
  [/Lost interrupts\?/, 'Lost interrupts?'],
  [/Unexpected hw_ptr|hw_ptr skipping|Unexpected hw_pointer/i, 'unexpected hw_ptr'],
  [/BUG: invalid position|invalid position:/i, 'invalid position'],
]

/** Features of a kernel log: sorts of trouble, classes of locks, functions, and the lines. */
export function logFeatures(source: Source): readonly Feature[] | string[] {
  const found = new Map<string, Feature>()
  linesOf(source.text).forEach((raw, i) => {
    const bare = withoutStamp(raw)
    for (const feature of featuresOfLine(bare)) {
      if (found.has(feature) || found.size >= FEATURES_MAX) continue
      const said = bare.slice(0, SAID_MAX)
      found.set(feature, { feature, file: source.name, line: i + 1, said })
    }
  })
  return [...found.values()]
}

/** `[   12.345678] `, `[T123]`, `<4>`, `Nov 21 10:00:00 host kernel: ` and ISO times go. */
function withoutStamp(line: string): string {
  return line
    .slice(0, 2_000)
    .replace(/^<\d{1,3}>/, '')
    .replace(/^(?:[A-Z][a-z]{2} [ \d]\d|\d{4}-\d\d-\d\dT)[^[]{0,80}? kernel: ?/, '')
    .replace(/^\[\s{0,12}\d{1,9}[.,]\d{1,9}\] ?/, '')
    .replace(/^\[[^\]]{0,40}:\d\d[^\]]{0,12}\] ?/, '')
    .replace(/^\[\s{0,8}[TC]\d{1,9}\] ?/, '')
    .trimEnd()
}

function featuresOfLine(line: string): readonly string[] {
  if (line === '') return []
  const troubles = TROUBLES.filter(([pattern]) => pattern.test(line))
  const locks = [...line.matchAll(/\((&[\w.>[\]-]{1,60})\)\{/g)].map(([, name]) => `lock ${name}`)
  const names = line.matchAll(/\b(?:virtsnd|snd_pcm|xen_snd|evtchnl|virtqueue|vring)_\w{1,60}/g)
  const functions = [...names].map(([name]) => `function ${name}`)
  const shape = shapeOf(line)
  const ours = /virtio_snd|virtio-snd|xen.?snd|vsnd|snd_|ALSA|sound|PCM|pcmC/i.test(line)
  const whole = ours || troubles.length > 0 ? [`line ${shape}`] : []
  return [...troubles.map(([, word]) => `log ${word}`), ...locks, ...functions, ...whole]
}

/** The line without what differs from machine to machine. */
function shapeOf(line: string): string {
  return line
    .replace(/\b(?:0x)?[0-9a-f]{8,16}\b/g, 'H')
    .replace(/\bpid: \d+, name: \S+/, 'pid: N, name: *')
    .replace(/\d+/g, 'N')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, SAID_MAX)
}
