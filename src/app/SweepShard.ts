/**
 * Which part of a sweep this process has, from what distributes work: the environment variables of
 * Slurm arrays, Kubernetes indexed jobs, GNU parallel and continuous integration. With the number
 * of shards stated the engine only says which one this is, so that some of them can be sent again.
 */
import type { Shard } from '../explore/sweep/grid.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface FoundShard {
  readonly shard: Shard
  /** Who says so. */
  readonly by: string
}

interface Engine {
  readonly name: string
  /** Number of this job, and the number that the first one has. */
  readonly index: string
  readonly first: number
  /** Number of jobs; absent where the engine does not say. */
  readonly count?: string
}

const engines: readonly Engine[] = [
  { name: 'Kubernetes indexed job', index: 'JOB_COMPLETION_INDEX', first: 0 },
  { name: 'CI node', index: 'CI_NODE_INDEX', first: 1, count: 'CI_NODE_TOTAL' },
  { name: 'CircleCI', index: 'CIRCLE_NODE_INDEX', first: 0, count: 'CIRCLE_NODE_TOTAL' },
  {
    name: 'Buildkite',
    index: 'BUILDKITE_PARALLEL_JOB',
    first: 0,
    count: 'BUILDKITE_PARALLEL_JOB_COUNT',
  },
  { name: 'GNU parallel', index: 'PARALLEL_SEQ', first: 1 },
]

/** The shard; null: nothing says that the work is divided; a text: what does not fit. */
export function shardOf(env: Environment, shards: number | undefined): FoundShard | null | string {
  const slurm = env.SLURM_ARRAY_TASK_ID
  if (slurm !== undefined) return slurmShard(env, Number(slurm), shards)
  for (const engine of engines) {
    const index = env[engine.index]
    const count = shards ?? numberOf(engine.count === undefined ? undefined : env[engine.count])
    if (index === undefined || count === undefined) continue
    const nth = Number(index) - engine.first + 1
    return fitting({ nth, of: count }, engine.name, `${engine.index}=${index}`)
  }
  if (shards === undefined) return null
  return `--shards ${shards}: nothing says which of them this is, allowed: --shard I/N`
}

/** `SLURM_ARRAY_TASK_COUNT` counts the tasks of this submission, whatever their numbers. */
function slurmShard(env: Environment, id: number, shards: number | undefined) {
  const said = `SLURM_ARRAY_TASK_ID=${id}`
  if (shards !== undefined) return fitting({ nth: id, of: shards }, 'Slurm array', said)
  const [count = 1, min = 1, max, step = 1] = [
    env.SLURM_ARRAY_TASK_COUNT,
    env.SLURM_ARRAY_TASK_MIN,
    env.SLURM_ARRAY_TASK_MAX,
    env.SLURM_ARRAY_TASK_STEP,
  ].map(numberOf)
  if (max !== undefined && max !== min + (count - 1) * step) {
    return `${said}: the array has gaps, allowed: --shards N with tasks from 1 to N`
  }
  return fitting({ nth: (id - min) / step + 1, of: count }, 'Slurm array', said)
}

function fitting(shard: Shard, by: string, said: string): FoundShard | string {
  const { nth, of } = shard
  if (Number.isInteger(nth) && nth >= 1 && nth <= of) return { shard, by }
  return `${said}: is not one of ${of} (${by}), allowed: --shards with as many as there are jobs`
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
