/** The good files that are made hostile: made once, by the program itself where it writes them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from './program.ts'
import { SHORT } from './readers.ts'

const xrun = 'streams.0.period_size=64'

/** Run in the folder that has `corpus`. */
export async function makeCorpus(root: string, program: Program): Promise<void> {
  mkdirSync('corpus', { recursive: true })
  const own = (path: string): Buffer => readFileSync(join(root, path))
  const keep = (kind: string, texts: readonly (string | Buffer)[]): void => {
    for (const [i, text] of texts.entries()) {
      const end = kind === 'trace' ? '.ndjson' : ''
      writeFileSync(`corpus/${kind}-${i}${end}`, text)
    }
  }
  const said = async (...words: readonly string[]): Promise<string> => {
    const { code, text } = await program(words)
    if (code > 1) throw new Error(`${words.join(' ')}: ${code}: ${text}`)
    return text
  }
  const scenarios = scenariosBelow(join(root, 'scenarios'))
  keep('scenario', scenarios)
  const short: Buffer[] = []
  for (const text of scenarios) {
    writeFileSync('in/a.yaml', text)
    const { code } = await program(['export', 'in/a.yaml', '--format', 'proc', ...SHORT.split(' ')])
    if (code === 0) short.push(text)
  }
  keep('short', short)
  const traced = async (filter: string, ...words: readonly string[]): Promise<Buffer> => {
    const path = join(root, 'scenarios', words[0] ?? '')
    await said(
      'run',
      path,
      ...words.slice(1),
      '--set',
      'expect={}',
      '--out',
      'made',
      '--no-charts',
      '--accesses',
      '--filter',
      filter,
    )
    const found = tracesBelow('made').map((file) => readFileSync(file))
    rmSync('made', { recursive: true })
    return found[0] as Buffer
  }
  const light = 'first-light.yaml'
  keep('trace', [
    await traced('', light, '--set', 'duration=10ms'),
    await traced('', light, '--set', 'duration=4ms', '--set', 'driver.version=v7'),
    await traced('', light, '--set', 'duration=6ms', '--set', xrun),
    await traced(
      'v6-atomic',
      'virtio-snd/H02-abba-if-nonatomic-is-dropped.yaml',
      '--set',
      'duration=4ms',
    ),
    await traced('', 'xen/X03-write-latency.yaml', '--set', 'duration=4ms'),
  ])
  const tiny = own(join('scenarios', light))
    .toString()
    .replace('duration: 5100ms', 'duration: 60ms')
  writeFileSync('corpus/tiny.yaml', tiny.replace(/\nexpect:[\s\S]*?\n(?=\w|$)/, '\n'))
  for (const vary of [['streams.0.periods=2,4'], ['streams.0.periods=2,4', 'seed=1,2']]) {
    const axes = vary.flatMap((axis) => ['--vary', axis])
    await said('sweep', 'corpus/tiny.yaml', ...axes, '--out', `made-${vary.length}`)
  }
  keep(
    'sweep',
    [1, 2].map((n) => readFileSync(`made-${n}/first-light/sweep/results.jsonl`)),
  )
  const search = ['--runs', '8', '--no-shrink', '--resume', 'corpus/search-0', '--out', 'made']
  await said('explore', 'corpus/tiny.yaml', ...search)
  for (const folder of ['made', 'made-1', 'made-2'])
    rmSync(folder, { recursive: true, force: true })
  keep(
    'cases',
    [0, 40, 80].map((at) => linesOf(own('test/data/lockdep-cases.jsonl'), at, 30)),
  )
  keep('locks', [await said('locks', 'corpus/trace-0.ndjson', '--json')])
  keep(
    'ftrace',
    [0, 1].map((nth) => linesOf(own('test/data/import/play.ftrace.txt'), 0, 300 - 100 * nth)),
  )
  const captured = ['ftrace', 'qemu'].map((kind) => own(`test/data/import/play.${kind}.txt`))
  keep(
    'import',
    captured.map((text) => linesOf(text, 0, 130)),
  )
  keep('qemu', [linesOf(own('test/data/import/play.qemu.txt'), 0, 120)])
  keep('suite', [
    own('bench/small.yaml').toString().replaceAll('../scenarios', `${root}/scenarios`),
  ])
  keep('baseline', [shortBaseline(own('bench/baselines/small.json').toString())])
  keep('conf', confs)
  keep('hw-params', [await procFile(said, 'hw_params')])
  keep('sw-params', [await procFile(said, 'sw_params')])
  keep('proc', [await procFile(said, 'status')])
  keep('dmesg', [await said('export', 'corpus/trace-3.ndjson', '--format', 'dmesg'), log])
  keepCapture(root, keep)
}

function scenariosBelow(folder: string): readonly Buffer[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => readFileSync(join(folder, name)))
}

function tracesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('trace.ndjson'))
    .toSorted()
    .map((name) => join(folder, name))
}

function linesOf(text: Buffer, from: number, count: number): string {
  return `${text
    .toString()
    .split('\n')
    .slice(from, from + count)
    .join('\n')}\n`
}

/** Three cases of it: a mutation is more likely to meet something. */
function shortBaseline(text: string): string {
  const { cases, ...rest } = JSON.parse(text) as { cases: Record<string, object> }
  return JSON.stringify({ ...rest, cases: Object.fromEntries(Object.entries(cases).slice(-3)) })
}

/** One file of a substream out of `export --format proc`, which prints all of them. */
async function procFile(
  said: (...words: readonly string[]) => Promise<string>,
  name: string,
): Promise<string> {
  const all = await said('export', 'corpus/trace-0.ndjson', '--format', 'proc', '--at', '9ms')
  return (
    all
      .split('==> ')
      .find((one) => one.includes(`/${name} <==`))
      ?.split('\n')
      .slice(1)
      .join('\n') ?? ''
  )
}

const confs = [
  'pcm.time1 {\n\tdescription "8 kHz [S16]"\n\talt_formats [ S32 S8 ]\n}\n',
  'pcm.test.time1 {\n\tformat S16_LE\n\trate 48000\n\tchannels 2\n\tperiod_size 480\n' +
    '\tbuffer_size 4800\n\tplayback "ask"\n}\npcm.test.time2 {\n\tskip 0\n\tduration 1\n}\n',
  'card.sim {\n\tid "sim"\n\tmatch { name "virtio" }\n\tpcm.0.0.PLAYBACK {\n\t\ttest.time1 {\n' +
    '\t\t\trate 44100\n\t\t}\n\t}\n}\n',
]

const log =
  '[  12.345678] ALSA: PCM: [Q] Lost interrupts?: (stream=0, delta=480, new_hw_ptr=1920)\n' +
  '[  12.400000] virtio_snd virtio2: control message (0x0105) timeout\n' +
  '[  13.000000] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:283\n'

/** A captured run; each of its two texts is made hostile beside the other as it was. */
function keepCapture(root: string, keep: (kind: string, texts: readonly Buffer[]) => void): void {
  const folder = join(root, 'test/data/import/stall_480x4')
  mkdirSync('in/run', { recursive: true })
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name))
    writeFileSync(join('in/run', name), bytes)
    if (name.endsWith('.json')) keep(name.replace('.json', ''), [bytes])
  }
}
