/**
 * Peers outside JavaScript: a bare C++ priority_queue loop, SystemC threads and SimPy processes,
 * where SystemC and SimPy are installed. What stands in cpp/ is built into the temporary folder.
 *
 * A peer that cannot be built is left out, with a line that says so.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Shape } from '../../src/app/bench-workload.ts'
import type { Contender } from './measure.ts'

// Seen from dist/bench/test/bench, where this runs.
const SOURCES = new URL('../../../../test/bench/cpp/', import.meta.url)
const SIMPY = new URL('../../../../test/bench/py/simpy_hold.py', import.meta.url)
/** The second is Debian's, for which its packages are. */
const PYTHONS = ['python3', '/usr/bin/python3']

export interface Peer {
  readonly name: string
  /** A contender of this peer for the hold workload. */
  hold(processes: number, shape: Shape, ops: number): Contender
}

/** Whether the compiler can include a header; false too when there is no compiler. */
function compilerFinds(header: string): boolean {
  const input = `#include <${header}>\n`
  return spawnSync('g++', ['-E', '-x', 'c++', '-', '-o', '/dev/null'], { input }).status === 0
}

function build(folder: string, source: string, libraries: readonly string[]): string {
  const program = join(folder, source)
  const path = fileURLToPath(new URL(`${source}.cpp`, SOURCES))
  const args = ['-O2', '-std=c++17', '-o', program, path, ...libraries]
  const run = spawnSync('g++', args, { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`bench: ${source}.cpp does not build: ${run.stderr}`)
  return program
}

function peer(name: string, program: readonly string[], sameWork: boolean): Peer {
  return {
    name,
    hold: (processes, shape, ops) => ({
      name,
      command: [...program, String(processes), shape, String(ops)],
      load: sameWork ? '' : name,
    }),
  }
}

function buildAll(folder: string): Peer[] {
  if (!compilerFinds('queue')) {
    console.log('skipped: C++ and SystemC, for want of g++')
    return []
  }
  const peers = [peer('C++ priority_queue', [build(folder, 'pq_hold', [])], true)]
  if (compilerFinds('systemc')) {
    const program = build(folder, 'systemc_hold', ['-lsystemc'])
    peers.push(peer('SystemC threads', [program], false))
  } else console.log('skipped: SystemC, for want of libsystemc-dev')
  peers.push(...simpy())
  return peers
}

/** SimPy by its version, of the first Python that has one. */
function simpy(): Peer[] {
  for (const python of PYTHONS) {
    const input = 'import simpy\nprint(simpy.__version__)\n'
    const run = spawnSync(python, ['-'], { input, encoding: 'utf8' })
    if (run.status !== 0) continue
    return [peer(`SimPy ${run.stdout.trim()}`, [python, fileURLToPath(SIMPY)], true)]
  }
  console.log('skipped: SimPy, for no python3 imports it')
  return []
}

/** Builds what can be built, hands it over, and cleans up. */
export function withPeers(use: (peers: readonly Peer[]) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'pcmsim-bench-'))
  try {
    use(buildAll(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
