/** The records of a simulated run as the events that a capture has. Times are ns of the run. */
import { T, TraceRecord } from '../sim/trace.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import type { GuestEvent, GuestKind, HostEvent, HostKind, Imported, Side } from './guest-event.ts'

const RELEASE = 4

export function simulatedEvents(store: TraceStore): Imported {
  const reader = new Reader(store)
  const r = new TraceRecord()
  for (let i = 0; i < store.length; i++) reader.record(store.at(i, r))
  const counts = { lines: store.length, malformed: 0, skipped: 0, lost: 0 }
  const { guest, host } = reader
  return { guest, host, tasks: new Map(), timerPeriodNs: 0, counts }
}

class Reader {
  readonly guest: GuestEvent[] = []
  readonly host: HostEvent[] = []
  private readonly store: TraceStore
  private releasing = false

  constructor(store: TraceStore) {
    this.store = store
  }

  record(r: TraceRecord): void {
    const { symbols } = this.store
    switch (r.kind) {
      case T.irq_handler_entry:
        this.add(r, 'irq_entry', r.a)
        break
      case T.irq_handler_exit:
        this.add(r, 'irq_exit', 0)
        break
      case T.workqueue_queue_work:
        this.add(r, 'queue_work', 0, '', symbols.name('work', r.a))
        break
      case T.workqueue_execute_start:
        this.add(r, 'work_start', 0, '', symbols.name('work', r.a))
        break
      case T.workqueue_execute_end:
        this.add(r, 'work_end', 0, '', symbols.name('work', r.a))
        break
      case T.snd_pcm_period_elapsed:
        this.add(r, 'elapsed', 0, this.side(r.a))
        break
      case T.sched_waking:
        this.add(r, 'waking', r.a)
        break
      case T.sched_switch:
        this.add(r, 'switch', r.b)
        break
      case T.snd_pcm_applptr:
        this.add(r, 'applptr', r.c, this.side(r.a))
        break
      case T.snd_pcm_trigger:
        this.add(r, 'trigger', r.b, this.side(r.a))
        break
      case T.syscall_enter:
        this.add(r, 'call', r.b)
        break
      case T.syscall_exit:
        this.add(r, 'return', r.b)
        break
      default:
        this.device(r)
    }
  }

  private device(r: TraceRecord): void {
    if (r.kind === T.virtsnd_ctl_send) this.releasing = r.a === RELEASE
    if (r.kind === T.virtsnd_ctl_send) this.outside(r, 'control', '')
    else if (r.kind === T.virtsnd_ctl_done) this.releasing = false
    else if (r.kind === T.virtqueue_push) this.queue(r, 'fill')
    else if (r.kind === T.virtio_notify && r.b === 1) this.queue(r, 'notify')
  }

  private queue(r: TraceRecord, kind: 'fill' | 'notify'): void {
    const name = this.store.symbols.name('queue', r.a)
    const side = name.endsWith('/tx') ? 'p' : name.endsWith('/rx') ? 'c' : ''
    if (side !== '' && !this.releasing) this.outside(r, kind, side)
  }

  private side(stream: number): Side {
    return this.store.symbols.entries('stream')[stream]?.group === 'capture' ? 'c' : 'p'
  }

  private outside({ timeNs }: TraceRecord, kind: HostKind, side: Side): void {
    this.host.push({ timeNs, kind, side, code: 0 })
  }

  private add(r: TraceRecord, kind: GuestKind, arg: number, side: Side = '', text = ''): void {
    const { timeNs, context: task } = r
    const no = { period: 0, buffer: 0, old: 0, traced: false }
    this.guest.push({ timeNs, kind, task, arg, side, text, ...no })
  }
}
