/**
 * A Slurm of one node in a folder of its own: munge, controller and node daemon, started and ended
 * here. Needs root and Debian's slurm-wlm; null where that is not.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

export interface Slurm {
  readonly env: NodeJS.ProcessEnv
  stop(): void
}

const CPUS = 4

export function hasSlurm(): boolean {
  const found = spawnSync('sh', ['-c', 'command -v slurmctld slurmd munged sbatch'])
  return found.status === 0 && process.getuid?.() === 0
}

export async function startSlurm(folder: string): Promise<Slurm> {
  for (const name of ['state', 'spool', 'run', 'log', 'munge']) {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o755 })
  }
  const at = (name: string): string => join(folder, name)
  const key = Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 37 + 11) % 256))
  writeFileSync(at('munge/key'), key, { mode: 0o400 })
  const node = hostname().split('.')[0] ?? 'localhost'
  const conf = [
    'ClusterName=pcmsim',
    `SlurmctldHost=${node}(127.0.0.1)`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${at('munge/socket')}`,
    'CredType=cred/munge',
    'SlurmctldPort=26817',
    'SlurmdPort=26818',
    `StateSaveLocation=${at('state')}`,
    `SlurmdSpoolDir=${at('spool')}`,
    `SlurmctldPidFile=${at('run/slurmctld.pid')}`,
    `SlurmdPidFile=${at('run/slurmd.pid')}`,
    `SlurmctldLogFile=${at('log/slurmctld.log')}`,
    `SlurmdLogFile=${at('log/slurmd.log')}`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000',
    'MpiDefault=none',
    'SlurmdParameters=config_overrides',
    'ReturnToService=2',
    'KillWait=1',
    `NodeName=${node} NodeAddr=127.0.0.1 CPUs=${CPUS} State=UNKNOWN`,
    `PartitionName=all Nodes=${node} Default=YES MaxTime=INFINITE State=UP`,
  ]
  writeFileSync(at('slurm.conf'), `${conf.join('\n')}\n`)
  writeFileSync(at('cgroup.conf'), 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n')
  const env = { ...process.env, SLURM_CONF: at('slurm.conf') }
  const log = openSync(at('log/daemons.log'), 'a')
  const stdio = ['ignore', log, log] as const
  const start = (program: string, args: readonly string[]): ChildProcess =>
    spawn(program, args, { env, stdio: [...stdio] })
  const mungeFiles = [
    'key-file=key',
    'socket=socket',
    'pid-file=pid',
    'log-file=log',
    'seed-file=seed',
  ]
  const mungeArgs = mungeFiles.map((pair) => {
    const [option, name] = pair.split('=')
    return `--${option}=${at(`munge/${name}`)}`
  })
  const daemons = [start('munged', ['--foreground', '--force', ...mungeArgs])]
  await sleep(1_000)
  daemons.push(start('slurmctld', ['-D', '-c', '-i']), start('slurmd', ['-D', '-N', node]))
  // Jobs outlive the daemons: of a test that failed some may still run.
  const stop = (): void => {
    spawnSync('scancel', ['--full', '--signal=KILL', '--user=root'], { env })
    for (const daemon of daemons.toReversed()) daemon.kill('SIGTERM')
  }
  for (let tries = 0; tries < 120; tries++) {
    await sleep(500)
    const { stdout } = spawnSync('sinfo', ['-h', '-o', '%T'], { env, encoding: 'utf8' })
    if (/idle/.test(stdout)) return { env, stop }
  }
  stop()
  const said = execFileSync('tail', ['-n', '20', at('log/daemons.log'), at('log/slurmd.log')])
  throw new Error(`Slurm did not start: ${said.toString()}`)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
