/**
 * A setting as fragments for the programs that are to be configured. Syntax after the programs' own
 * documentation, cited at each; nothing here was simulated, the setting was. Times are ns.
 */
import type { Frames, Ns } from '../base/units.ts'

/** What was found safe. */
export interface SafeSetting {
  readonly rate: number
  readonly channels: number
  /** Of the client's ring; of PipeWire its quantum. */
  readonly period_size: Frames
  readonly periods: number
  /** PipeWire's; null: the client is none. */
  readonly headroom: Frames | null
  readonly device: string
  readonly driver: string
  /** QEMU's audio timer and host back end; null: the device is not QEMU's. */
  readonly qemu: { readonly timerPeriodNs: Ns; readonly backend: string } | null
}

export interface Fragment {
  /** Program, and where the fragment goes. */
  readonly title: string
  readonly text: string
}

export function fragmentsOf(setting: SafeSetting): readonly Fragment[] {
  const qemu = setting.qemu === null ? [] : [qemuOptions(setting), libvirtXml(setting)]
  const module = setting.driver === 'virtio-snd' ? [moduleParameters(setting)] : []
  const client = setting.headroom === null ? [alsaClient(setting), asoundrc(setting)] : []
  const quantum = setting.headroom === null ? [] : [pipewireQuantum(setting)]
  return [...client, ...quantum, wireplumber(setting), ...module, ...qemu]
}

/** alsa-utils aplay(1): --period-size and --buffer-size count frames. */
function alsaClient({ rate, channels, period_size, periods }: SafeSetting): Fragment {
  const sizes = `--period-size=${period_size} --buffer-size=${period_size * periods}`
  const text = `aplay -D hw:0,0 -f S16_LE -r ${rate} -c ${channels} ${sizes} FILE`
  return { title: 'ALSA client', text }
}

/**
 * alsa-lib, PCM plugins: `plug` over a `dmix` whose slave states period_size and buffer_size. A
 * `hw` plugin has no such keys: there the client asks.
 */
function asoundrc({ rate, channels, period_size, periods }: SafeSetting): Fragment {
  const lines = [
    'pcm.safe {',
    '    type plug',
    '    slave.pcm {',
    '        type dmix',
    '        ipc_key 5678293',
    '        slave {',
    '            pcm "hw:0,0"',
    `            rate ${rate}`,
    `            channels ${channels}`,
    `            period_size ${period_size}`,
    `            buffer_size ${period_size * periods}`,
    '        }',
    '    }',
    '}',
  ]
  return { title: 'alsa-lib, ~/.asoundrc (programs that share the card)', text: lines.join('\n') }
}

/** pipewire.conf(5), context.properties; a drop-in file. */
function pipewireQuantum({ rate, period_size }: SafeSetting): Fragment {
  const lines = [
    'context.properties = {',
    `  default.clock.rate        = ${rate}`,
    `  default.clock.quantum     = ${period_size}`,
    `  default.clock.min-quantum = ${period_size}`,
    '}',
  ]
  return {
    title: 'PipeWire in the guest, ~/.config/pipewire/pipewire.conf.d/50-quantum.conf',
    text: lines.join('\n'),
  }
}

/**
 * WirePlumber 0.5, monitor.alsa.rules (daemon/configuration/alsa.html), after its own
 * wireplumber.conf.d/alsa-vm.conf, which sets the same keys for every virtual machine.
 */
function wireplumber({ period_size, periods, headroom }: SafeSetting): Fragment {
  const properties =
    headroom === null
      ? [`api.alsa.period-size = ${period_size}`, `api.alsa.period-num  = ${periods}`]
      : [`api.alsa.period-size = ${period_size}`, `api.alsa.headroom    = ${headroom}`]
  const lines = [
    ...(headroom === null ? ['# Ring only: recommend --client pipewire runs its timing too.'] : []),
    'monitor.alsa.rules = [',
    '  {',
    '    matches = [ { node.name = "~alsa_output.pci.*" } ]',
    '    actions = {',
    '      update-props = {',
    ...properties.map((one) => `        ${one}`),
    '      }',
    '    }',
    '  }',
    ']',
  ]
  return {
    title: 'WirePlumber in the guest, ~/.config/wireplumber/wireplumber.conf.d/90-pcmsim.conf',
    text: lines.join('\n'),
  }
}

const NS_PER_MS = 1e6

/** sound/virtio/virtio_pcm.c, module_param: ms and counts; defaults 160, 2, 16, 10, 80. */
function moduleParameters({ rate, period_size, periods, headroom }: SafeSetting): Fragment {
  const periodMs = (period_size * 1000) / rate
  const ringMs = headroom === null ? periodMs * periods : periodMs + (headroom * 1000) / rate
  const values = {
    pcm_buffer_ms: Math.max(160, Math.ceil(ringMs)),
    pcm_periods_min: Math.min(2, periods),
    pcm_periods_max: Math.max(16, periods),
    pcm_period_ms_min: Math.max(1, Math.min(10, Math.floor(periodMs))),
    pcm_period_ms_max: Math.max(80, Math.ceil(periodMs)),
  }
  const text = Object.entries(values).map(([name, value]) => `${name}=${value}`)
  return {
    title: 'Guest kernel, /etc/modprobe.d/virtio_snd.conf',
    text: `options virtio_snd ${text.join(' ')}`,
  }
}

/** QEMU's invocation, -audiodev (qapi/audio.json: timer-period in us) and docs virtio-snd. */
function qemuOptions({ qemu }: SafeSetting): Fragment {
  const { timerPeriodNs, backend } = qemu ?? { timerPeriodNs: 0, backend: 'none' }
  const period = Math.round((timerPeriodNs / NS_PER_MS) * 1000)
  const lines = [
    `-audiodev ${QEMU_DRIVERS[backend] ?? backend},id=snd0,timer-period=${period} \\`,
    '-device virtio-sound-pci,audiodev=snd0,streams=2',
  ]
  return { title: 'QEMU', text: lines.join('\n') }
}

/** Back ends as QEMU and libvirt call them. */
const QEMU_DRIVERS: Readonly<Record<string, string>> = { pulse: 'pa' }
const LIBVIRT_TYPES: Readonly<Record<string, string>> = { pulse: 'pulseaudio' }

/**
 * libvirt, docs/formatdomain.rst "Sound devices" (model virtio and streams: 10.4.0) and "Audio
 * backends" (pipewire: 9.10.0); timerPeriod, in us, after src/conf/schemas/domaincommon.rng.
 */
function libvirtXml({ qemu }: SafeSetting): Fragment {
  const { timerPeriodNs, backend } = qemu ?? { timerPeriodNs: 0, backend: 'none' }
  const type = LIBVIRT_TYPES[backend] ?? backend
  const period = Math.round((timerPeriodNs / NS_PER_MS) * 1000)
  const lines = [
    "<sound model='virtio' streams='2'>",
    "  <audio id='1'/>",
    '</sound>',
    `<audio id='1' type='${type}' timerPeriod='${period}'/>`,
  ]
  return { title: 'libvirt, in <devices>', text: lines.join('\n') }
}
