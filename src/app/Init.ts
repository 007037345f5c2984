/**
 * `pcmsim init`: a new scenario with comments, which runs and passes as it is, and the modeline by
 * which editors complete and check it. An existing file is left alone unless it may be replaced.
 */
import { existsSync } from 'node:fs'
import { basename, dirname, extname } from 'node:path'
import * as Effect from 'effect/Effect'
import {
  type DriverName,
  driverKinds,
  driverVersionNames,
  isVersion,
} from '../scenario/driver-kinds.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { modeline } from './modeline.ts'
import { writeWhole } from './WriteFile.ts'

export interface InitOptions {
  readonly driver: DriverName
  /** An existing file may be replaced. */
  readonly force: boolean
}

export function initCommand(
  path: string | undefined,
  options: InitOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    if (path === undefined || path === '-') {
      console.out(scenarioTemplate('my-scenario', options.driver, modeline('.')))
      return exitCodes.ok
    }
    if (!/\.ya?ml$/.test(path)) {
      const line = `${path}: is not named as a scenario, allowed: *.yaml, *.yml`
      return yield* new InputError({ lines: [line] })
    }
    if (existsSync(path) && !options.force) {
      const line = `${path}: exists, allowed: another name, or --force to replace it`
      return yield* new InputError({ lines: [line] })
    }
    const text = scenarioTemplate(nameOf(path), options.driver, modeline(dirname(path)))
    yield* writeWhole(path, text)
    console.out(`wrote ${path}. Next:\n  pcmsim check ${path}\n  pcmsim run ${path}\n`)
    return exitCodes.ok
  })
  return exitCodeOf(program, console)
}

/** A name as scenarios may have it, from the file's. */
function nameOf(path: string): string {
  const stem = basename(path, extname(path)).replaceAll(/[^A-Za-z0-9._-]/g, '-')
  return stem.replace(/^[^A-Za-z0-9]+/, '').slice(0, 100) || 'my-scenario'
}

function driverLine(name: DriverName): string {
  const others = driverVersionNames.filter((one) => one !== name).join(', ')
  const [value, comment] = isVersion(name)
    ? [`{kind: virtio-snd, version: ${name}}`, `also ${others}: pcmsim list drivers`]
    : [`{kind: ${name}}`, driverKinds[name].text]
  return `${value.padEnd(34)}# ${comment}`
}

const qemuLines = `# Which sound device the host offers: qemu, vhost-user, crosvm, semu, generic.
device:
  kind: qemu
  backend: none                 # none, wav, alsa, pipewire, pulse
  timer_period: 10ms            # audiodev's timer-period
`

/** The PC speaker has one rate and one channel, which need no line. */
const rateLines = `    rate: 48000
    format: S16_LE
    channels: 2
`

const xenLines = `# The back end in the driver domain.
device: {kind: xen}
`

function deviceLines(name: DriverName): string {
  const { bus } = driverKinds[isVersion(name) ? 'virtio-snd' : name]
  if (bus === null) return ''
  return bus === 'xen' ? xenLines : qemuLines
}

/** What more an ordinary run comes to; a scenario states it so that a change is noticed. */
const expectLines: Readonly<Partial<Record<DriverName, string>>> = {
  ack: '  silent_failures: 0\n  locks: {predicted: 0, actual: 0}\n',
  aloop: '  silent_failures: 0\n',
  ideal: '  silent_failures: 0\n',
}

function scenarioTemplate(name: string, driver: DriverName, first: string): string {
  return `${first}
# docs/scenario.md has every key. Times need a unit, sizes are frames; the rest has defaults.
version: 1
name: ${name}
summary: What goes wrong, in a sentence.
source: []                      # where that is described: commits, threads, papers
tags: []
duration: 2s                    # virtual time
seed: 1

guest:
  kernel: '6.1'                 # ALSA core: '6.1' or '6.12'
  cpus: 2
  # preempt: voluntary          # none, voluntary, full, rt
  # tasks: [{name: hog, nice: 10, busy: true}]
host:
  cpus: 2
  # tasks: [{name: compile, nice: 10, busy: true}]

driver: ${driverLine(driver)}
${deviceLines(driver)}
streams:
  - name: music
    client: aplay               # pcmsim list clients
${driver === 'pcsp' ? '' : rateLines}    period_size: 1024
    periods: 4
    # stalls: [{at: 1s, for: 60ms}]        # the client is away

# What is done to the machine: pcmsim list faults.
faults: []
#  - {kind: vm-pause, at: 1s, for: 50ms}

# The verdicts that make the scenario pass; an unmet one is exit code 1.
expect:
  outcome: completed
  xruns: 0
${expectLines[driver] ?? ''}
# The same with overrides, each with its own verdict; then the file runs its variants only.
# variants:
#   - name: short
#     set: {streams.0.period_size: 256}
#     expect: {xruns: 0}
`
}
