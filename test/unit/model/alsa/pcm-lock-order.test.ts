/** The order in which the core takes its locks: domain/alsa-core.md §3, domain/lockdep.md §8. */
import { expect, test } from 'vitest'
import { foldStore } from '../../../../src/analysis/fold.ts'
import { LockdepFold } from '../../../../src/analysis/lockdep/trace-fold.ts'
import { UserFrames } from '../../../../src/model/alsa/pcm_copy.ts'
import { snd_card_disconnect } from '../../../../src/model/alsa/pcm_disconnect.ts'
import { snd_pcm_link } from '../../../../src/model/alsa/pcm_link.ts'
import { snd_pcm_prepare } from '../../../../src/model/alsa/pcm_prepare.ts'
import { snd_pcm_start_lock_irq } from '../../../../src/model/alsa/pcm_start_stop.ts'
import {
  sys_close,
  sys_drain,
  sys_drop,
  sys_prepare,
  sys_writei,
} from '../../../../src/model/user/syscall.ts'
import { T } from '../../../../src/sim/trace.ts'
import { inTask, must, openStream, recordsOf, type World, world } from './stream.ts'

/** Edges among the classes of the PCM core, as `before -> after`; the card's are left out. */
function edgesOf(w: World): string[] {
  const { edges } = foldStore(w.store, new LockdepFold(w.sim.trace.symbols), w.sim.now)
  const names = edges.map(({ before, after }) => `${before} -> ${after}`)
  const ofPcm = names.filter((name) => /pcm|runtime|group|register/.test(name))
  return ofPcm.filter((name) => !/&card/.test(name)).sort()
}

function* wholeLife(w: World) {
  const file = yield* openStream(w)
  w.fake.runClock(file.substream)
  const user = new UserFrames(w.k, file.substream.id)
  for (let i = 0; i < 8; i++) must(yield* sys_writei(file, user, 480))
  must(yield* sys_drop(file))
  must(yield* sys_prepare(file))
  must(yield* sys_writei(file, user, 480))
  must(yield* sys_drain(file))
  must(yield* sys_close(file))
}

for (const nonatomic of [true, false]) {
  const stream = nonatomic ? '&group->mutex' : '&group->lock'
  test(`one stream from open to close (nonatomic ${nonatomic})`, () => {
    const w = world({ cpus: 2, card: { nonatomic, withSyncStop: true, withAck: true } })
    inTask(w, () => wholeLife(w))
    expect(edgesOf(w)).toEqual(
      [
        `${stream} -> &runtime->sleep`,
        `${stream} -> &runtime->tsleep`,
        `${stream} -> &timer->lock`,
        `&pcm->open_mutex -> &timer->lock`,
        `&pcm->open_mutex -> ${stream}`,
        `&pcm->open_mutex -> &pcm->open_wait`,
        `&runtime->buffer_mutex -> ${stream}`,
        `snd_pcm_link_rwsem -> &runtime->buffer_mutex`,
      ].sort(),
    )
    expect(recordsOf(w.store, T.bug)).toEqual([])
  })

  test(`linked streams and a disconnection (nonatomic ${nonatomic})`, () => {
    const w = world({ cpus: 2, card: { nonatomic, capture: true, withSyncStop: true } })
    inTask(w, function* () {
      const playback = yield* openStream(w, 'setup')
      const capture = yield* openStream(w, 'setup', { capture: true })
      must(yield* snd_pcm_link(playback.substream, capture.substream))
      must(yield* snd_pcm_prepare(playback.substream, 0))
      playback.substream.runtime.control.appl_ptr = 480
      must(yield* snd_pcm_start_lock_irq(capture.substream))
      yield* snd_card_disconnect(w.fake.card)
      must(yield* sys_close(capture))
      must(yield* sys_close(playback))
    })
    const edges = edgesOf(w)
    expect(edges).toContain(`${stream} -> ${stream}/1`)
    expect(edges).toContain('&runtime->buffer_mutex -> &runtime->buffer_mutex/1')
    expect(edges).toContain('register_mutex -> &pcm->open_mutex')
    expect(edges).toContain(`&pcm->open_mutex -> snd_pcm_link_rwsem`)
    const reversed = edges.filter((edge) =>
      edges.includes(edge.split(' -> ').reverse().join(' -> ')),
    )
    expect(reversed).toEqual([])
    expect(recordsOf(w.store, T.bug)).toEqual([])
  })
}
