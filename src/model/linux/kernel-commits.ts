/**
 * Commits that both modelled kernels contain and that can be taken out of them, as `git revert`
 * would. Data only, because the decoder loads it. What each of them changes is asked for where it
 * matters, `k.reverted.has(...)`.
 */

interface CommitFacts {
  /** What the kernel does without it. */
  readonly without: string
  /** The versions of virtio-snd that have it; absent: it is not that driver's. */
  readonly drivers?: readonly string[]
}

export const kernelCommits = {
  '3c7df2e27346': {
    without:
      'virtio-snd: work items are initialised after the answer to PCM_INFO, not before the request',
    drivers: ['v7', 'ack'],
  },
} as const satisfies Readonly<Record<string, CommitFacts>>

export type KernelCommit = keyof typeof kernelCommits

export const kernelCommitIds = Object.keys(kernelCommits) as readonly KernelCommit[]

/** The same table with what only some entries have. */
export const factsOf = (commit: KernelCommit): CommitFacts => kernelCommits[commit]
