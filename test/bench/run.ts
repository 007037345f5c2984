/**
 * The entry of `npm run bench:core`: prints tables of paired ratios, nothing else.
 *
 * usage: npm run bench:core -- [core] [light] [locks] [machine] [processes] [heaps] [peers]
 *   [rounds=<n>]
 * Without a name: core and light. All names: about half an hour at the usual 7 rounds.
 */

import type { Shape } from '../../src/app/bench-workload.ts'
import { firstLightFactor } from './first-light.ts'
import { queueNames } from './heap-cases.ts'
import { locksCost } from './locks.ts'
import { machineReport } from './machine.ts'
import { type Contender, compare, ownCase } from './measure.ts'
import { withPeers } from './peers.ts'
import { kindNames } from './representations.ts'

const OPS = 1_000_000
/** The card's code is larger: it takes longer until all of it is compiled. */
const CARD_OPS = 4_000_000
const SHAPES: readonly Shape[] = ['uniform', 'skewed']

/** The real core beside our own bare heap loop, the same work done by both. */
function core(rounds: number): void {
  const pair = (title: string, load: string, size: number, shape: string): void => {
    const both = ['bare', 'core'].map((name) => ownCase(name, load, name, size, shape, OPS))
    compare(title, both, rounds)
  }
  for (const shape of SHAPES) pair(`hold, 64 processes, ${shape} delays`, 'waits', 64, shape)
  pair('ping-pong', 'pingpong', 2, '-')
  pair('one FIFO mutex, 8 processes', 'mutex', 8, '-')
  pair('timers with cancel, 1024', 'timers', 1024, '-')
  compare('sound card, 64 streams, beside a hold of 64', cards(), rounds)
}

function cards(): Contender[] {
  const card = (name: string): Contender => ({
    ...ownCase(`sound card, ${name}`, 'card', name, 64, '-', CARD_OPS),
    load: 'card',
  })
  return [ownCase('bare', 'waits', 'bare', 64, 'uniform', OPS), card('plain'), card('full')]
}

function processes(rounds: number): void {
  for (const shape of SHAPES) {
    for (const size of [64, 100]) {
      const all = kindNames.map((kind) => ownCase(kind, 'hold', kind, size, shape, OPS))
      compare(`hold, ${size} processes, ${shape} delays`, all, rounds)
    }
  }
}

function heaps(rounds: number): void {
  const all = (load: string, size: number, shape: string): Contender[] =>
    queueNames.map((name) => ownCase(name, load, name, size, shape, OPS))
  for (const shape of SHAPES) {
    for (const size of [1e2, 1e4, 1e5]) {
      compare(`bare queue, ${size} entries, ${shape} delays`, all('queue', size, shape), rounds)
    }
  }
  compare('timers with lazy cancel, 1024 slots', all('cancel', 1024, '-'), rounds)
  for (const fan of [1, 8]) {
    const both = ['heap', 'ring'].map((name) => ownCase(name, 'wakeup', name, fan, '-', OPS))
    compare(`same-time wake-ups, 64 timers that wake ${fan} each`, both, rounds)
  }
}

function peers(rounds: number): void {
  withPeers((built) => {
    for (const size of [64, 100]) {
      for (const shape of SHAPES) {
        const others = built.map((peer) => peer.hold(size, shape, OPS))
        const own = ['bare', 'core'].map((name) => ownCase(name, 'waits', name, size, shape, OPS))
        compare(`hold, ${size} processes, ${shape} delays`, [...others, ...own], rounds)
      }
    }
    const [first] = built
    if (first === undefined) return
    const [, ...rest] = cards()
    const base = first.hold(64, 'uniform', OPS)
    compare('sound card, 64 streams, beside a C++ hold of 64', [base, ...rest], rounds)
  })
}

async function light(rounds: number): Promise<void> {
  console.log(`\nfirst-light, 60 s, warm, everything recorded: ${await firstLightFactor(rounds)}`)
}

function machine(): void {
  for (const line of machineReport()) console.log(line)
}

function locks(rounds: number): void {
  console.log(`\nlock validator, first-light: ${locksCost(rounds)}`)
}

type Section = (rounds: number) => void | Promise<void>
const sections: Record<string, Section> = { core, light, locks, machine, processes, heaps, peers }

async function main(words: readonly string[]): Promise<void> {
  const rounds = Number(words.find((word) => word.startsWith('rounds='))?.slice(7) ?? 7)
  const names = words.filter((word) => !word.includes('='))
  for (const name of names.length > 0 ? names : ['core', 'light']) {
    const section = sections[name]
    const known = Object.keys(sections).join(', ')
    if (section === undefined) throw new Error(`bench: no "${name}"; there are ${known}`)
    await section(rounds)
  }
}

await main(process.argv.slice(2))
