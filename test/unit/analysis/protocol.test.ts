/** Who kept the specification, on hand-made records. */
import { describe, expect, it } from 'vitest'
import { ProtocolFold } from '../../../src/analysis/protocol.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { CODES } from '../../../src/sim/trace-kinds.ts'

const CONTROL = 0
const RX = 1
const word = (name: string): number => (CODES['virtsnd'] as readonly string[]).indexOf(name)

class Story {
  private readonly symbols = new Symbols()
  private readonly fold = new ProtocolFold(this.symbols)
  private timeNs = 0
  private msg = 0

  constructor() {
    for (const name of ['ctl', 'rx']) this.symbols.define('queue', { name })
    this.symbols.define('stream', { name: 'mic', kind: 'capture', group: 'capture' })
  }

  at(kind: number, ...[a = 0, b = 0, c = 0, d = 0]: readonly number[]): this {
    this.timeNs++
    this.fold.record(Object.assign(new TraceRecord(), { timeNs: this.timeNs, kind, a, b, c, d }))
    return this
  }

  send(request: string): this {
    return this.at(T.virtqueue_add, CONTROL, 5, 12).at(
      T.virtsnd_ctl_send,
      word(request),
      0,
      ++this.msg,
    )
  }

  answer(request: string, status = 'OK'): this {
    const done = [word(request), 0, this.msg, word(status)]
    return this.at(T.virtqueue_push, CONTROL, 5, 4).at(T.virtsnd_ctl_done, ...done)
  }

  ask(...requests: readonly string[]): this {
    for (const one of requests) this.send(one).answer(one)
    return this
  }

  message(head: number): this {
    return this.at(T.virtqueue_add, RX, head, 1932).at(T.virtsnd_msg_send, 0, head, 1920)
  }

  get found(): readonly string[] {
    return this.fold.finish().map((one) => one.text)
  }
}

const RUNNING = ['SET_PARAMS', 'PREPARE', 'START']

describe('the order of requests', () => {
  it('is kept by a whole life, twice', () => {
    const life = [...RUNNING, 'STOP', 'RELEASE']
    expect(new Story().ask(...life, ...life.slice(1), 'SET_PARAMS').found).toEqual([])
  })
  it('PREPARE after STOP is the driver’s fault', () => {
    expect(new Story().ask(...RUNNING, 'STOP', 'PREPARE').found).toEqual([
      'driver: PREPARE after STOP (virtio 5.14.6.6.1)',
    ])
  })
  it('a refused request has not happened', () => {
    const story = new Story().ask('SET_PARAMS', 'PREPARE').send('START').answer('START', 'IO_ERR')
    expect(story.ask('STOP').found).toEqual(['driver: STOP after PREPARE (virtio 5.14.6.6.1)'])
  })
  it('begins anew after a reset', () => {
    expect(
      new Story()
        .ask(...RUNNING)
        .at(T.virtio_reset)
        .ask(...RUNNING).found,
    ).toEqual([])
  })
})

describe('the device', () => {
  it('answers RELEASE before the messages went back', () => {
    const story = new Story()
      .ask(...RUNNING, 'STOP')
      .message(1)
      .message(2)
      .ask('RELEASE')
    expect(story.found).toEqual([
      'device: RELEASE answered with 2 I/O messages pending (virtio 5.14.6.6.5.1)',
    ])
  })
  it('may refuse a RELEASE while messages are pending', () => {
    const story = new Story()
      .ask(...RUNNING, 'STOP')
      .message(1)
      .send('RELEASE')
    expect(story.answer('RELEASE', 'IO_ERR').found).toEqual([])
  })
  it('returns an input buffer that is not full', () => {
    const story = new Story()
      .ask(...RUNNING)
      .message(1)
      .at(T.virtqueue_push, RX, 1, 8 + 960)
    expect(story.found).toEqual([
      'device: an input buffer of 1920 bytes goes back with 960 (virtio 5.14.6.8.2.1)',
    ])
  })
  it('may return it as it is once the stream has stopped', () => {
    const story = new Story()
      .message(1)
      .ask(...RUNNING, 'STOP')
      .at(T.virtqueue_push, RX, 1, 8)
    expect(story.found).toEqual([])
  })
  it('returns what it does not have', () => {
    const story = new Story().message(1).at(T.virtio_reset).at(T.virtqueue_push, RX, 1, 1928)
    expect(story.found).toEqual([
      'device: returns descriptor 1 of rx, which it does not have (virtio 2.7.8)',
    ])
  })
})
