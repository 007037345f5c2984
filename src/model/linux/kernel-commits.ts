/**
 * Commits that the modelled kernels contain and that can be taken out of them, as `git revert`
 * would. Data only, because the decoder loads it. What each of them changes is asked for where it
 * matters, `k.reverted.has(...)`.
 */

interface CommitFacts {
  /** What the kernel does without it. */
  readonly without: string
  /** Commits that stand on it, and have to be reverted with it. */
  readonly onTop?: readonly string[]
  /** The modelled kernel that is the first with it; absent: all have it. */
  readonly since?: '6.12'
  /** Kind of the driver that it is a commit of; absent: it is not a driver's. */
  readonly driver?: string
  /** The versions of that driver that have it; absent: all. */
  readonly versions?: readonly string[]
}

export const kernelCommits = {
  f57f3df03a8e: {
    without:
      'PCM core: as up to 5.0 a stream lock takes a lock of all links for reading first, ' +
      'snd_pcm_link_rwsem if nonatomic; link and unlink try for it every millisecond',
  },
  '67ec1072b053': {
    without:
      'PCM core: link and unlink queue for snd_pcm_link_rwsem, and later readers behind them',
    onTop: ['f57f3df03a8e'],
  },
  bc55cfd5718c: {
    without:
      'PCM core: reads and writes hold buffer_mutex but while they sleep, and hw_params, ' +
      'hw_free, prepare and reset wait for it; there is no buffer_accessing and no -EBUSY',
  },
  dca947d4d26d: {
    without: 'PCM core: nothing keeps hw_params and hw_free from the buffer of a read or write',
    onTop: ['bc55cfd5718c'],
  },
  '3c3201f8c7bb': {
    without: 'PCM core: prepare and reset take no buffer_mutex',
    onTop: ['bc55cfd5718c'],
  },
  '92ee3c60ec9f': {
    without: 'PCM core: no buffer_mutex, and hw_params and hw_free run beside each other',
    onTop: ['dca947d4d26d', '3c3201f8c7bb', 'bc55cfd5718c'],
  },
  '3c7df2e27346': {
    without:
      'virtio-snd: work items are initialised after the answer to PCM_INFO, not before the request',
    driver: 'virtio-snd',
    versions: ['v7', 'ack'],
  },
  '67a01afaf3d3': {
    without: 'snd-aloop: close and prepare do not wait for a timer function that runs',
    driver: 'aloop',
  },
  '96c7d478efad': {
    without:
      "snd-pcsp: the timer's function tells the period itself, with the chip's lock held, and " +
      'takes the stream lock under it',
    driver: 'pcsp',
  },
  '256a9978eb2b': {
    without: 'soundwire: one lock class for bus_lock of all buses, and one for their msg_lock',
    since: '6.12',
    driver: 'soundwire',
  },
  a4857d1afdd1: {
    without:
      'soundwire: the buses of a stream stay in the order of adding, and their locks are taken ' +
      'in that order',
    since: '6.12',
    driver: 'soundwire',
  },
} as const satisfies Readonly<Record<string, CommitFacts>>

export type KernelCommit = keyof typeof kernelCommits

export const kernelCommitIds = Object.keys(kernelCommits) as readonly KernelCommit[]

/** The same table with what only some entries have. */
export const factsOf = (commit: KernelCommit): CommitFacts => kernelCommits[commit]
