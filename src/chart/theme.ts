/**
 * Colours and fonts of all charts, for light and dark surroundings. The hues are those of Okabe and
 * Ito, which people with any of the common colour deficiencies tell apart; position, shape or dash
 * always says the same once more. Every chart paints its own background.
 */
export type ThemeName = 'auto' | 'light' | 'dark'

interface Colours {
  readonly background: string
  readonly text: string
  readonly muted: string
  readonly grid: string
  readonly stripe: string
  readonly alarm: string
  readonly warning: string
  readonly window: string
  readonly badge: string
  readonly badgeText: string
  readonly lanes: Readonly<Record<string, string>>
}

const LIGHT: Colours = {
  background: '#ffffff',
  text: '#1b1f24',
  muted: '#57606a',
  grid: '#d5dae0',
  stripe: '#f4f6f8',
  alarm: '#b3261e',
  warning: '#8a5a00',
  window: '#57606a',
  badge: '#1b1f24',
  badgeText: '#ffffff',
  lanes: {
    client: '#0072b2',
    alsa: '#9c4f86',
    kworker: '#b07a00',
    irq: '#d55e00',
    queue: '#00805e',
    device: '#2f7fb8',
    task: '#6b7280',
    lock: '#7a6a00',
    vcpu: '#4a5a8c',
    sink: '#6b7280',
    neutral: '#6b7280',
  },
}

const DARK: Colours = {
  background: '#0f141a',
  text: '#e6edf3',
  muted: '#9aa7b4',
  grid: '#2b343e',
  stripe: '#161d25',
  alarm: '#ff7b6b',
  warning: '#f0c05a',
  window: '#9aa7b4',
  badge: '#e6edf3',
  badgeText: '#0f141a',
  lanes: {
    client: '#56a9e6',
    alsa: '#d890c0',
    kworker: '#e6b030',
    irq: '#ff8a3d',
    queue: '#2fc496',
    device: '#7cc4ee',
    task: '#9aa3af',
    lock: '#d8cc4e',
    vcpu: '#9fb0ea',
    sink: '#9aa3af',
    neutral: '#9aa3af',
  },
}

const SHARED = `
text{font-family:"Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif}
.grid,.arrow,.played,.wakeline,.link,.nominal,.hwptr,.applptr,.availline,
.limit,.xrunline,.silentline,
.stroke,.alarm,.warning{fill:none}
.grid{stroke-width:1}
.arrow{stroke-width:1.4;stroke-linejoin:round}
.applptr{stroke-width:2}
.hwptr{stroke-width:2;stroke-dasharray:6 3}
.availline{stroke-width:1.5}
.limit{stroke-width:1.5;stroke-dasharray:3 3}
.xrunline{stroke-width:1.5;stroke-dasharray:5 4}
.silentline{stroke-width:1.5;stroke-dasharray:1 3}
.alarm,.warning{stroke-width:2.4}
.stroke{stroke-width:1.5}
.fill.sink{fill-opacity:.55}
.pale{fill-opacity:.28}
.queued{fill-opacity:.14}
.fillband{fill-opacity:.75}
.availarea{fill-opacity:.2}
.asleep{fill-opacity:.1;stroke-width:1;stroke-dasharray:4 3}
.waited{fill-opacity:.22;stroke-width:1.2;stroke-dasharray:3 1.5}
.link{stroke-width:.7;stroke-opacity:.8}
.arrow.thin{stroke-width:.9;stroke-opacity:.75}
.empty{fill:none;stroke-width:1.2;stroke-dasharray:2 2}
.window{fill-opacity:.14;stroke-width:1}
.dot{stroke-width:1.5}
.played{stroke-width:1.6;stroke-dasharray:1.5 2.5}
.wakeline{stroke-width:1.2;stroke-dasharray:7 4}
.nominal{stroke-width:1.4;stroke-dasharray:8 3 2 3}
.part{fill-opacity:.85}
.plate{fill-opacity:.8}
.alarm.thin{stroke-width:1.6}
.heat0{fill-opacity:.06}.heat1{fill-opacity:.2}.heat2{fill-opacity:.34}.heat3{fill-opacity:.48}
.heat4{fill-opacity:.64}.heat5{fill-opacity:.82}.heat6{fill-opacity:1}`

function rules(c: Colours): string {
  const lanes = Object.entries(c.lanes).map(
    ([lane, colour]) =>
      `.fill.${lane},.pale.${lane},.part.${lane}{fill:${colour}}` +
      `.stroke.${lane},.empty.${lane}{stroke:${colour}}` +
      `.asleep.${lane}{fill:${colour};stroke:${colour}}`,
  )
  return [
    `.background{fill:${c.background}}`,
    `.text{fill:${c.text}}.muted{fill:${c.muted}}`,
    `.grid{stroke:${c.grid}}.stripe{fill:${c.stripe}}`,
    `.nominal{stroke:${c.muted}}.plate{fill:${c.background}}`,
    `.played{stroke:${c.lanes.alsa}}.wakeline{stroke:${c.muted}}`,
    `.link{stroke:${c.muted}}`,
    `.arrow{stroke:${c.text}}.dot{fill:${c.background};stroke:${c.text}}`,
    `.badge{fill:${c.badge}}.badgetext{fill:${c.badgeText}}`,
    `.alarm,.xrunline,.limit{stroke:${c.alarm}}.warning,.silentline{stroke:${c.warning}}`,
    `.alarmfill{fill:${c.alarm}}`,
    `.waited{fill:${c.alarm};stroke:${c.alarm}}`,
    `.window{fill:${c.window};stroke:${c.window}}`,
    `.applptr{stroke:${c.lanes.client}}.hwptr{stroke:${c.lanes.irq}}`,
    `.heat,.queued,.fillband{fill:${c.lanes.client}}`,
    `.availarea{fill:${c.lanes.queue}}.availline{stroke:${c.lanes.queue}}`,
    ...lanes,
  ].join('\n')
}

/** Class of a chart's root element: its rules do not reach a page that holds the chart. */
export const CHART_CLASS = 'pcmsim-chart'

/** The style sheet of a chart; `auto` follows what the viewer prefers. */
export function styleSheet(theme: ThemeName): string {
  const first = scoped(SHARED + rules(theme === 'dark' ? DARK : LIGHT))
  const dark = `@media (prefers-color-scheme:dark){\n${scoped(rules(DARK))}\n}\n`
  return `\n${first}\n${theme === 'auto' ? dark : ''}`
}

/** The rules, one a line, with every selector below the chart's root. */
function scoped(css: string): string {
  const parts = [...css.matchAll(/\s*([^{}]+)\{([^}]*)\}/g)]
  return parts
    .map(([, selectors = '', body]) => {
      const below = selectors.split(',').map((selector) => `.${CHART_CLASS} ${selector.trim()}`)
      return `${below.join(',')}{${body}}`
    })
    .join('\n')
}
