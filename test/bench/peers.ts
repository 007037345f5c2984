/**
 * Peers outside JavaScript: a bare C++ priority_queue loop, and SystemC threads where SystemC is
 * installed. Their sources stand in cpp/ and are built into the temporary folder of the system.
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

function peer(name: string, program: string, sameWork: boolean): Peer {
  return {
    name,
    hold: (processes, shape, ops) => ({
      name,
      command: [program, String(processes), shape, String(ops)],
      load: sameWork ? '' : name,
    }),
  }
}

function buildAll(folder: string): Peer[] {
  if (!compilerFinds('queue')) {
    console.log('skipped: C++ and SystemC, for want of g++')
    return []
  }
  const peers = [peer('C++ priority_queue', build(folder, 'pq_hold', []), true)]
  if (compilerFinds('systemc')) {
    peers.push(peer('SystemC threads', build(folder, 'systemc_hold', ['-lsystemc']), false))
  } else console.log('skipped: SystemC, for want of libsystemc-dev')
  return peers
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
