/**
 * The first sentence of `explain` names the true cause of the hazards of virtio-snd and of the Xen
 * front end. The table was written from the summaries of the scenarios and the domain notes.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/analysis/explain/explain.ts'
import type { Asked } from '../../../src/analysis/explain/subject.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'

const folder = fileURLToPath(new URL('../../../scenarios/', import.meta.url))

interface Hazard {
  readonly file: string
  readonly variant: string
  /** What is asked for; none: the first failure. */
  readonly asked?: Asked
  /** What the sentence must say, each of them. */
  readonly says: readonly RegExp[]
}

const hazards: readonly Hazard[] = [
  {
    // H1: the tx interrupt calls period_elapsed under the queue lock; the stream lock is a mutex.
    file: 'virtio-snd/H01-sleeping-lock-in-hardirq',
    variant: 'v6',
    says: [/snd_pcm_period_elapsed/, /hard interrupt/, /mutex/, /&snd->queues\[2\]\.lock/],
  },
  {
    // H2: ABBA of stream lock and tx queue lock, task against interrupt.
    file: 'virtio-snd/H02-abba-if-nonatomic-is-dropped',
    variant: 'v6-atomic',
    says: [/deadlock/, /aplay|client|music/, /&snd->queues\[2\]\.lock/, /group->lock/, /interrupt/],
  },
  {
    // H5: the interrupt spins on the lock that the context it interrupted holds.
    file: 'virtio-snd/H05-irqsave-advice-half-applied',
    variant: 'v6-plain',
    says: [/deadlock/, /&snd->queues\[2\]\.lock/, /interrupt/],
  },
  {
    // H6: the work waits for the stream mutex, which the client holds while START is unanswered.
    file: 'virtio-snd/H06-start-waits-under-the-stream-lock',
    variant: 'ack',
    says: [/group->mutex/, /START/, /aplay/, /answer/],
  },
  {
    // H8: hw_free frees messages that the device still has.
    file: 'virtio-snd/H08-naive-free',
    variant: 'v5-free',
    asked: { kind: 'memory', number: 1 },
    says: [/freed/, /device/, /virtsnd_pcm_(msg|hw)_free/, /RELEASE/],
  },
  {
    // H11: cancel_work_sync() in remove, called by the work itself.
    file: 'virtio-snd/H11-reset-work-against-remove',
    variant: 'v5-cancel',
    says: [/deadlock/, /reset_work/, /itself/],
  },
  {
    // H12: offered again before the application refilled it.
    file: 'virtio-snd/H12-stale-audio',
    variant: 'v7',
    says: [/again/, /before .*(written|refilled)/, /driver/],
  },
  {
    // H13: the flag of the XRUN event is cleared by the next completion.
    file: 'virtio-snd/H13-xrun-event-lost',
    variant: 'v7',
    says: [/XRUN/, /event/, /completion/],
  },
  {
    // H14: only whole periods are sent.
    file: 'virtio-snd/H14-partial-last-period',
    variant: 'ack',
    says: [/100 frames|part of a period/, /never/, /period/],
  },
  {
    // H17: a FIFO task keeps the kworker from the processor.
    file: 'virtio-snd/H17-work-starved',
    variant: 'ack',
    says: [/elapsed_period/, /hog/],
  },
  {
    // H16: the merged driver has no INFO_RESUME.
    file: 'virtio-snd/H16-resume-skew',
    variant: 'v7-at-the-ring-s-end',
    says: [/resume\(\) = -ENOSYS/, /does not offer/, /prepare/],
  },
  {
    // H18: lock-holder preemption.
    file: 'virtio-snd/H18-exit-in-the-critical-section',
    variant: 'ack',
    asked: { kind: 'late', number: 1 },
    says: [/&snd->queues\[2\]\.lock/, /aplay/, /vCPU/, /thief|stolen|taken/],
  },
  {
    // H20: ENOSPC at the start.
    file: 'virtio-snd/H20-no-room-in-the-ring',
    variant: 'v7',
    says: [/START|start/, /ENOSPC/],
  },
  {
    // H23: every message of the ring completes in one interrupt.
    file: 'virtio-snd/H23-whole-ring-in-one-batch',
    variant: 'ack-256x4',
    says: [/4 periods|whole ring/, /position/, /same|back/],
  },
  {
    // X2: the event thread waits for STOP.
    file: 'xen/X02-slow-stop',
    variant: 'slow-ge',
    asked: { kind: 'late', number: 1 },
    says: [/STOP/, /answer|back end/],
  },
  {
    // X9: silence is written under the stream mutex before the client is woken.
    file: 'xen/X09-silence-under-the-lock',
    variant: 'with-ge',
    asked: { kind: 'late', number: 1 },
    says: [/WRITE/, /answer|back end/],
  },
  {
    // X7: a dead back end, nobody answers the question of the refinement.
    file: 'xen/X07-timeout-storm',
    variant: 'dead-shipped',
    says: [/HW_PARAM_QUERY/, /answer/, /3\.0+ s|ETIMEDOUT/],
  },
]

describe('the first sentence names the true cause', () => {
  it.each(hazards)('$file $variant', ({ file, variant, asked, says }) => {
    const text = readFileSync(`${folder}${file}.yaml`, 'utf8')
    const loaded = loadScenario(text, { name: `${file}.yaml` })
    const spec = loaded.find((one) => one.variant === variant)
    if (spec === undefined) throw new Error(`no variant ${variant}`)
    const { store, result } = runScenario(spec, spec.seed)
    const explained = explain(store, result, asked ?? null)
    for (const pattern of says) expect(explained?.sentence).toMatch(pattern)
  })
})
