/**
 * Jacks, channel maps and control elements: what the driver asks in which order, in which context
 * and under which locks it is told of changes, and what goes wrong while the device is slow.
 *
 * Expectations: sound/virtio/virtio_card.c, virtio_jack.c, virtio_chmap.c, virtio_kctl.c,
 * sound/core/control.c of 6.12; include/uapi/linux/virtio_snd.h for the sizes.
 */
import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../../../src/index.ts'
import { T, TraceRecord } from '../../../../../src/sim/trace.ts'
import { CODES, type RecordName } from '../../../../../src/sim/trace-kinds.ts'
import { faultsOf, specOf } from '../../../../support/scenario-text.ts'

const DEVICE = `{kind: generic,
  jacks: [{device: headphone, connected: false}, {device: digital-out, hdmi: true}, {device: mic}],
  chmaps: [{direction: playback, positions: [FL, FR]}, {direction: playback, positions: [MONO]}],
  controls: [
    {name: Volume, count: 2, max: 87, value: [40, 41], access: [read, write, tlv_read]},
    {name: Output, type: enumerated, items: [Speaker, Headphones, HDMI], max: 2}]}`

interface Given {
  readonly version?: string
  readonly kernel?: string
  readonly device?: string
  readonly faults?: string
  readonly scripts?: readonly string[]
  readonly music?: boolean
}

function textOf(given: Given): string {
  const { version = 'ack', kernel = '6.12', device = DEVICE, faults = '', scripts = [''] } = given
  const clients = scripts.map(
    (script, i) =>
      `{name: c${i}, client: scripted, period_size: 480, periods: 4,
        options: {script: [${script}]}}`,
  )
  const music = given.music === true ? ['{name: music, period_size: 480, periods: 4}'] : []
  return `version: 1
name: controls
duration: 400ms
guest: {kernel: '${kernel}', cpus: 2}
driver: {kind: virtio-snd, version: ${version}, options: {msg_timeout: 100ms}}
device: ${device}
streams: [${[...clients, ...music].join(', ')}]
faults: [${faults}]
`
}

function played(given: Given) {
  const { store, result } = runScenario(specOf(textOf(given)), 1)
  const all = (name: RecordName): readonly TraceRecord[] => {
    const found: TraceRecord[] = []
    store.replay({
      record: (r) => {
        if (r.kind === T[name]) found.push(Object.assign(new TraceRecord(), r))
      },
    })
    return found
  }
  const text = (id: number) => store.symbols.name('text', id)
  const requests = () => all('virtsnd_ctl_send').map((r) => CODES['virtsnd']?.[r.a])
  const said = () => all('client_log').map((r) => text(r.b))
  const logged = () => all('printk').map((r) => text(r.a))
  const edges = () => result.locks.edges.map(({ before, after }) => `${before} -> ${after}`)
  return { all, requests, said, logged, edges, result, store }
}

/** The first words of calls and what they returned, without the last. */
const calls = (...list: string[]): string => list.map((one) => `{call: ${one}}`).join(', ')

describe('probe', () => {
  it('asks for jacks, streams, maps, controls, and the names of each enumerated one', () => {
    const all = ['JACK_INFO', 'PCM_INFO', 'CHMAP_INFO', 'CTL_INFO', 'CTL_ENUM_ITEMS']
    expect(played({}).requests().slice(0, 5)).toEqual(all)
  })
  it.each(['v5', 'v6', 'v7'])('%s knows nothing of controls', (version) => {
    expect(played({ version }).requests()).toEqual(['JACK_INFO', 'PCM_INFO', 'CHMAP_INFO'])
  })
  it('of a device without any asks for streams only', () => {
    expect(played({ device: '{kind: generic}' }).requests()).toEqual(['PCM_INFO'])
  })
  it('brings a query of 16 bytes and room for the status and 24, 32, 24, 96 bytes an item', () => {
    const { all, store } = played({})
    const control = (r: TraceRecord) => store.symbols.name('queue', r.a).endsWith('control')
    const bytes = all('virtqueue_add')
      .filter(control)
      .map((r) => r.c)
    // The enumerated control: a header of 8, the status, three names of 64.
    const items = [3 * 24, 2 * 32, 2 * 24, 2 * 96].map((answer) => 16 + 4 + answer)
    expect(bytes).toEqual([...items, 8 + 4 + 3 * 64])
  })
  it('fails on QEMU with its property jacks or chmaps: the device answers NOT_SUPP', () => {
    for (const key of ['jacks: [{}]', 'chmaps: [{direction: playback, positions: [FL, FR]}]']) {
      const { logged, result } = played({ device: `{kind: qemu, ${key}}` })
      expect(logged()).toEqual(['virtio-snd: probe failed with error -95'])
      expect(result.memory).toEqual([])
    }
  })
  it('times out on a silent device, which may still write where the answers were to go', () => {
    const faults = '{kind: control-missing, request: JACK_INFO, at: 0ns}'
    const { logged, result } = played({ faults })
    expect(logged().join('\n')).toContain('control message (0x00000001) timeout')
    expect(logged().join('\n')).toContain('probe failed with error -110')
    const [fault] = result.memory
    expect(fault?.kind).toBe('freed-while-device-owns')
    expect(fault?.what).toContain('struct virtio_snd_jack_info[]')
  })
})

describe('elements', () => {
  it('of jacks have the names that the pins give, and a number where one is taken', () => {
    const jacks = ['line-out', 'mic', 'mic', 'telephony'].map((one) => `{device: ${one}}`)
    const device = `{kind: generic, jacks: [${jacks.join(', ')}]}`
    const named = ['Line Out Jack', 'Mic Jack', 'Mic Jack,1', 'Misc Jack']
    const reads = named.map((name) => `ctl_read, element: '${name}'`)
    const { said } = played({ device, scripts: [calls('ctl_open', ...reads)] })
    expect(said().slice(1, 5)).toEqual(named.map((name) => `ctl_read(${name}) = 0: 1`))
  })
  it('of jacks: HDMI is told from S/PDIF by the location', () => {
    const { said } = played({ scripts: [calls('ctl_open', "ctl_read, element: 'HDMI Out Jack'")] })
    expect(said()[1]).toBe('ctl_read(HDMI Out Jack) = 0: 1')
  })
  it('of maps answer for the channels of the open stream, zeros before', () => {
    const map = 'ctl_read, element: Playback Channel Map'
    const { said } = played({ scripts: [calls('ctl_open', map, 'open', 'hw_params', map)] })
    const answers = said().filter((line) => line.startsWith('ctl_read'))
    // SNDRV_CHMAP_FL is 3, FR 4.
    expect(answers.map((line) => line.split(': ')[1])).toEqual(['0 0', '3 4'])
  })
  it('are read and written on the device; what may not be done answers as ALSA does', () => {
    const { said, requests } = played({
      scripts: [
        calls(
          'ctl_open',
          'ctl_info, element: Output',
          'ctl_read, element: Volume',
          'ctl_write, element: Volume, value: [7, 8]',
          'ctl_read, element: Volume',
          'ctl_tlv_read, element: Volume',
          'ctl_tlv_write, element: Volume',
          'ctl_tlv_command, element: Volume',
          'ctl_write, element: Mic Jack, value: [1]',
          'ctl_read, element: Nothing',
        ),
      ],
    })
    expect(said().slice(1, 10)).toEqual([
      'ctl_info(Output) = 0: 1 x enumerated Speaker|Headphones|HDMI',
      'ctl_read(Volume) = 0: 40 41',
      'ctl_write(Volume) = 0',
      'ctl_read(Volume) = 0: 7 8',
      'ctl_tlv_read(Volume) = 0',
      'ctl_tlv_write(Volume) = -ENXIO',
      'ctl_tlv_command(Volume) = -ENXIO',
      'ctl_write(Mic Jack) = -EPERM',
      'ctl_read(Nothing) = -ENOENT',
    ])
    // Information is known since probe, jacks are the core's: neither asks the device.
    const asked = ['CTL_READ', 'CTL_WRITE', 'CTL_READ', 'CTL_TLV_READ']
    expect(requests().slice(5)).toEqual(asked)
  })
  it('that are written tell nobody: put() returns 0, it is for the device to send an event', () => {
    const { said } = played({
      scripts: [
        calls(
          'ctl_open',
          'ctl_subscribe',
          'ctl_write, element: Volume, value: [7, 8]',
          'ctl_events, nonblock: true',
        ),
      ],
    })
    expect(said()).toContain('ctl_events() = -EAGAIN')
  })
})

describe('events', () => {
  const waiting = calls('ctl_open', 'ctl_subscribe', 'ctl_events', 'ctl_events, nonblock: true')
  it('of a jack reach subscribers, once for each change', () => {
    const faults = [
      '{kind: jack-event, at: 50ms, connected: true}',
      '{kind: jack-event, at: 60ms, connected: true}',
    ].join(', ')
    const { said, all } = played({ faults, scripts: [waiting] })
    expect(said().slice(2, 4)).toEqual([
      'ctl_events() = 1: Headphone Jack value',
      'ctl_events() = -EAGAIN',
    ])
    expect(all('driver_event')).toHaveLength(2)
  })
  it('of a control say what has changed; news of one element are joined', () => {
    const faults = [
      '{kind: control-event, at: 50ms, value: [1, 2]}',
      '{kind: control-event, at: 60ms, mask: [info, tlv]}',
    ].join(', ')
    const late = calls('ctl_open', 'ctl_subscribe', 'sleep, for: 100ms', 'ctl_events')
    const { said } = played({ faults, scripts: [late] })
    expect(said()[3]).toBe('ctl_events() = 1: Volume value+info+tlv')
  })
  it('are dispatched in the interrupt, under the queue lock, down to the waiting program', () => {
    const faults = '{kind: jack-event, at: 50ms, connected: true}'
    const { edges, all, store, result } = played({ faults, scripts: [waiting] })
    const [event] = all('driver_event')
    expect(store.symbols.entry('ctx', event?.context ?? 0).kind).toBe('hardirq')
    const chain = [
      '&snd->queues[i].lock -> &card->controls_rwlock',
      '&card->controls_rwlock -> &ctl->read_lock',
      '&ctl->read_lock -> &ctl->change_sleep',
    ]
    expect(edges()).toEqual(expect.arrayContaining(chain))
    expect(result.locks.predicted).toEqual([])
  })
  it('take the lock by the name that 6.1 has for it', () => {
    const faults = '{kind: jack-event, at: 50ms, connected: true}'
    const { edges } = played({ faults, kernel: '6.1', version: 'v7', scripts: [waiting] })
    expect(edges()).toContain('&snd->queues[i].lock -> &card->ctl_files_rwlock')
  })
  it('of a control are not sent to a driver that has not accepted CTLS', () => {
    const faults = '{kind: control-event, at: 50ms}'
    const { all } = played({ faults, version: 'v7', scripts: [waiting] })
    expect(all('device_event')).toEqual([])
    expect(played({ faults, scripts: [waiting] }).all('device_event')).toHaveLength(1)
  })
  it('are lost when there is no memory for one', () => {
    const faults = [
      '{kind: jack-event, at: 50ms, connected: true}',
      '{kind: alloc-failure, gfp: GFP_ATOMIC, at: 40ms}',
    ].join(', ')
    const script = calls(
      'ctl_open',
      'ctl_subscribe',
      'ctl_poll, for: 100ms',
      "ctl_read, element: 'Headphone Jack'",
    )
    const { said } = played({ faults, scripts: [script] })
    expect(said().slice(2, 4)).toEqual(['ctl_poll() = 0', 'ctl_read(Headphone Jack) = 0: 1'])
  })
  it('after a new probe the jack is as the device has it', () => {
    const faults = '{kind: jack-event, at: 50ms, connected: true}, {kind: needs-reset, at: 100ms}'
    const { all, store } = played({ faults, version: 'v5', scripts: ['{call: sleep, for: 10ms}'] })
    const jack = (r: TraceRecord) => CODES['virtsnd']?.[r.a] === 'JACK_INFO'
    expect(all('virtsnd_ctl_send').filter(jack)).toHaveLength(2)
    store.release()
  })
})

describe('a slow device', () => {
  const slow = (request: string) =>
    `{kind: control-slow, request: ${request}, by: 60ms, at: 0ns, count: 100}`
  const reader = (element: string) =>
    `{call: ctl_open}, {call: ctl_read, element: ${element}, at: 20ms}`
  /** How long a call of a program took, in ms. */
  function took(run: ReturnType<typeof played>, call: string, nth = 0): number {
    const number = (CODES['call'] ?? []).indexOf(call)
    const enter = run.all('syscall_enter').filter((r) => r.b === number)[nth]
    const exit = run
      .all('syscall_exit')
      .find((r) => r.b === number && r.context === enter?.context && r.timeNs >= enter.timeNs)
    return ((exit?.timeNs ?? 0) - (enter?.timeNs ?? 0)) / 1e6
  }
  it('holds up every control of the card while one is written, jacks too', () => {
    const writer = calls('ctl_open', 'ctl_write, at: 10ms, element: Volume, value: [7, 8]')
    const scripts = [writer, reader('Mic Jack')]
    const run = played({ faults: slow('CTL_WRITE'), scripts })
    expect(took(run, 'ctl_write')).toBeGreaterThan(60)
    expect(took(run, 'ctl_read')).toBeGreaterThan(49)
    expect(took(run, 'ctl_read')).toBeLessThan(52)
  })
  it('holds up no other reader while one is read', () => {
    const scripts = [
      reader('Volume'),
      '{call: ctl_open}, {call: ctl_read, element: Mic Jack, at: 25ms}',
    ]
    const run = played({ faults: slow('CTL_READ'), scripts })
    expect(took(run, 'ctl_read', 0)).toBeGreaterThan(60)
    expect(took(run, 'ctl_read', 1)).toBeLessThan(1)
  })
  it('holds up no stream', () => {
    const writer = calls('ctl_open', 'ctl_write, at: 10ms, element: Volume, value: [7, 8]')
    const run = played({ faults: slow('CTL_WRITE'), scripts: [writer], music: true })
    expect(run.result.streams['music']?.xruns).toEqual([])
    expect(run.result.streams['music']?.errors).toEqual([])
  })
  it('may still write into TLV data that was freed when the wait ran out', () => {
    const faults = '{kind: control-missing, request: CTL_TLV_READ, at: 0ns}'
    const script = calls('ctl_open', 'ctl_tlv_read, element: Volume')
    const { result, said } = played({ faults, scripts: [script] })
    expect(said()[1]).toBe('ctl_tlv_read(Volume) = -ETIMEDOUT')
    expect(result.memory.map(({ kind }) => kind)).toEqual(['freed-while-device-owns'])
    expect(result.memory[0]?.what).toContain('TLV data')
  })
})

describe('a card that goes', () => {
  it('wakes who waits for events, ends a request under way, and leaves nothing behind', () => {
    const faults = [
      '{kind: hot-remove, at: 50ms}',
      '{kind: control-missing, request: CTL_WRITE, at: 0ns}',
    ].join(', ')
    const scripts = [
      calls('ctl_open', 'ctl_subscribe', 'ctl_events'),
      calls(
        'ctl_open',
        'ctl_write, at: 45ms, element: Volume, value: [1, 1]',
        'ctl_close',
        'ctl_open',
      ),
    ]
    const { said, result } = played({ faults, scripts })
    const ends = said().filter((line) => line.includes(' = -'))
    expect(ends.toSorted()).toEqual([
      'ctl_events() = -ENODEV',
      'ctl_open() = -ENODEV',
      'ctl_write(Volume) = -EIO',
    ])
    expect(result.outcome).toBe('completed')
    // cancel_all() gives the message up before the reset has taken it from the device.
    expect(result.memory.map(({ kind }) => kind)).toEqual(['freed-while-device-owns'])
    expect(result.memory[0]?.what).toContain('struct virtio_snd_msg')
  })
})

describe('what a scenario may not say', () => {
  const faultsOfDevice = (device: string, faults = '') => faultsOf(textOf({ device, faults }))
  it.each([
    ['{kind: qemu, controls: [{name: V}]}', "the device 'qemu' does not take this"],
    [
      '{kind: generic, controls: [{name: V, count: 65, type: integer64}]}',
      '65 values of type integer64',
    ],
    ['{kind: generic, controls: [{name: V, value: [1, 2]}]}', '2 values'],
    ['{kind: generic, controls: [{name: V, type: enumerated}]}', '0 items of type enumerated'],
    ["{kind: generic, controls: [{name: ''}]}", '0 characters'],
    ['{kind: generic, chmaps: [{direction: playback, positions: []}]}', '0 positions'],
  ])('%s', (device, what) => {
    expect(faultsOfDevice(device).join('\n')).toContain(what)
  })
  it('events of jacks and controls that the device does not have', () => {
    const faults =
      '{kind: jack-event, at: 1ms, connected: true, id: 3}, {kind: control-event, at: 1ms, id: 2}'
    const found = faultsOfDevice(DEVICE, faults).join('\n')
    expect(found).toContain('the device has 3 jacks, not 3')
    expect(found).toContain('the device has 2 controls, not 2')
  })
})
