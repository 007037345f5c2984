/**
 * The first sentence of `explain` names the true cause of the hazards of virtio-snd and of the Xen
 * front end. The table was written from the summaries of the scenarios and the domain notes.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/analysis/explain/explain.ts'
import type { Asked } from '../../../src/analysis/explain/subject.ts'
import { loadScenario, runScenario, type ScenarioRun } from '../../../src/index.ts'

const folder = fileURLToPath(new URL('../../../scenarios/', import.meta.url))

interface Hazard {
  readonly file: string
  readonly variant: string
  /** What is asked for; none: the first failure. */
  readonly asked?: Asked
  /** What the sentence must say, each of them. */
  readonly says: readonly RegExp[]
  /** What would be false there. */
  readonly saysNot?: RegExp
}

const hazards: readonly Hazard[] = [
  {
    // The timer function waits for its lock on a vCPU without time while close frees the cable.
    file: 'reports/timer-not-synced',
    variant: 'before',
    says: [
      /use-after-free/,
      /loopback_jiffies_timer_function/,
      /free_cable/,
      /without waiting/,
      /3\.0 ms/,
    ],
  },
  {
    // A burst that ends within a period: the rest of it is what the ring held.
    file: 'reports/burst-end-click',
    variant: 'v7-unpadded',
    asked: { kind: 'silent', number: 1 },
    says: [/old data/, /drains/, /480 was written to 200 only/, /queued it whole/],
  },
  {
    // The same burst filled up: nothing but the period that v7 offers again at every end.
    file: 'reports/burst-end-click',
    variant: 'fix-padded-v7',
    asked: { kind: 'silent', number: 1 },
    says: [/old data/, /drains/, /queued a completed period again/],
    saysNot: /only/,
  },
  {
    // H1: the tx interrupt calls period_elapsed under the queue lock; the stream lock is a mutex.
    file: 'virtio-snd/H01-sleeping-lock-in-hardirq',
    variant: 'v6',
    says: [
      /snd_pcm_period_elapsed/,
      /hard interrupt/,
      /nonatomic.*mutex/,
      /two spinlocks .*&snd->queues\[2\]\.lock/,
    ],
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
  // X1 (domain/xen-sndif.md 6): the driver asks for more than a period, and exactly one came.
  {
    file: 'xen/X01-lost-boundary',
    variant: 'p2-shipped',
    says: [/out_frames to 480/, /not above .*period.* 480/, /no call of snd_pcm_period_elapsed/],
  },
  {
    // B = 2P: at the second report the position is where it was: taken for a whole ring.
    file: 'xen/X01-lost-boundary',
    variant: 'p2-shipped',
    asked: { kind: 'xrun', number: 1 },
    says: [/false-wrap/, /not above .*period.* 480/, /whole ring/],
  },
  {
    // The same where HZ says that too little time has passed: nobody is woken, a stall.
    file: 'xen/X01-lost-boundary',
    variant: 'p2-shipped-hz100',
    says: [/stood still/, /not above .*period.* 480/, /whole ring/, /no movement|nobody was woken/],
  },
  {
    // B >= 4P: works, each call a period late for the first of its two.
    file: 'xen/X01-lost-boundary',
    variant: 'p4-shipped',
    asked: { kind: 'late', number: 1 },
    says: [/2 periods/, /not above .*period.* 480/],
  },
  {
    // Events every half period: the second has exactly a period, the third is heard.
    file: 'xen/X01-lost-boundary',
    variant: 'half-shipped',
    asked: { kind: 'late', number: 1 },
    says: [/not above .*period.* 480/],
  },
  {
    // Here it is the back end that reports two periods in one event.
    file: 'xen/X01-lost-boundary',
    variant: 'two-at-once-ge',
    asked: { kind: 'late', number: 1 },
    says: [/2 periods/, /back end/, /960 frames/],
    saysNot: /not above/,
  },
  // X4: the core starts at 0 after prepare, the driver's pointer does not.
  {
    file: 'xen/X04-recovery-without-reset',
    variant: 'keeps-ge',
    asked: { kind: 'silent', number: 2 },
    // S, 15840 frames, is eleven whole rings: here the pointer is at 0 by chance, the back end not.
    says: [/prepare/, /driver's position/, /not (been )?reset/, /back end .*frame 3/],
    saysNot: /ahead of its rate/,
  },
  {
    file: 'xen/X04-recovery-without-reset',
    variant: 'p8-keeps-ge',
    asked: { kind: 'silent', number: 3 },
    says: [/prepare/, /driver's position/, /not (been )?reset/, /jump/],
  },
  {
    // A back end that begins at 0 again: the position goes backwards, modulo 2^64 for the driver.
    file: 'xen/X04-recovery-without-reset',
    variant: 'on-start-ge',
    asked: { kind: 'silent', number: 2 },
    says: [/prepare/, /driver's position/, /back end/, /backwards|went back/, /2\^64/],
  },
  {
    // The xrun before it is another matter: the client slept.
    file: 'xen/X04-recovery-without-reset',
    variant: 'keeps-ge',
    says: [/xrun/, /slept/],
    saysNot: /prepare/,
  },
  // X5: the state is looked at before the lock is asked for; close came between.
  {
    file: 'xen/X05-close-race',
    variant: 'talks-on-ge',
    says: [/use-after-free/, /vsnd-evt-ring/, /connected/, /ring_io_lock/, /close\(\)/, /runtime/],
  },
  {
    file: 'xen/X05-close-race',
    variant: 'talks-on-ge',
    asked: { kind: 'memory', number: 2 },
    says: [/vsnd-evt-ring/, /before .*lock/, /connected/, /close\(\)/, /runtime/],
  },
]

/** Several sentences may be asked of one run. */
const runs = new Map<string, ScenarioRun>()

function runOf(file: string, variant: string): ScenarioRun {
  const key = `${file}/${variant}`
  const known = runs.get(key)
  if (known !== undefined) return known
  const text = readFileSync(`${folder}${file}.yaml`, 'utf8')
  const loaded = loadScenario(text, { name: `${file}.yaml` })
  const spec = loaded.find((one) => one.variant === variant)
  if (spec === undefined) throw new Error(`no variant ${variant}`)
  const made = runScenario(spec, spec.seed)
  runs.set(key, made)
  return made
}

describe('the first sentence names the true cause', () => {
  it.each(hazards)('$file $variant', ({ file, variant, asked, says, saysNot }) => {
    const { store, result } = runOf(file, variant)
    const explained = explain(store, result, asked ?? null)
    for (const pattern of says) expect(explained?.sentence).toMatch(pattern)
    if (saysNot !== undefined) expect(explained?.sentence).not.toMatch(saysNot)
  })
})
