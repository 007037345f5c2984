/**
 * The end of a process that was killed: it never gets back to user mode, and its open files are
 * closed on the way out. Kernel: kernel/signal.c, get_signal(); kernel/exit.c, do_exit(),
 * exit_files(), 6.12.
 */
import { Slot } from '../../base/slot.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { SndCtlFile, snd_ctl_release } from '../alsa/control.ts'
import { snd_pcm_munmap_data } from '../alsa/pcm_mmap.ts'
import { type SndPcmFile, snd_pcm_release } from '../alsa/pcm_native.ts'
import { clear_signal } from '../linux/sched.ts'
import type { Task } from '../machine/task.ts'

/** Kernel: task->files. In the order of opening. */
type OpenFile = SndPcmFile | SndCtlFile

const openFiles = new Slot<Task, Set<OpenFile>>(() => new Set())

const leaderOf = (task: Task): Task => task.leader ?? task

export function fileOpened(task: Task, file: OpenFile): void {
  openFiles.of(leaderOf(task)).add(file)
}

/** Kernel: fput() of the last reference: what was mapped goes with the file. */
export function* closeFile(task: Task, file: OpenFile): Proc<number> {
  openFiles.of(leaderOf(task)).delete(file)
  if (file instanceof SndCtlFile) return yield* snd_ctl_release(file)
  if (file.substream.mmap_count > 0) snd_pcm_munmap_data(file.substream)
  return yield* snd_pcm_release(file)
}

/** Does not return: the rest of the program is never run. Kernel: do_group_exit(). */
export function* do_exit(task: Task): Proc {
  // The signal is taken: what sleeps interruptibly from here on is not woken by it.
  clear_signal(task)
  task.killed = false
  task.begin(exit_files(task))
  yield Req.POINT
}

/** The last thread of a process closes what it has open. */
function* exit_files(task: Task): Proc {
  const leader = leaderOf(task)
  task.exited = true
  if (!leader.exited || leader.threads.some((one) => !one.exited)) return
  for (const file of [...openFiles.of(leader)]) yield* closeFile(task, file)
}
