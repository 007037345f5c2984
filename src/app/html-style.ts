/** Style sheet of the report page: screen in light and dark, and paper. */
const DARK =
  '--back:#0f141a;--text:#e6edf3;--muted:#9aa7b4;--line:#2b343e;--soft:#161d25;' +
  '--bad:#ff7b6b;--good:#2fc496;--link:#56a9e6'

export const pageStyle = `
:root{--back:#ffffff;--text:#1b1f24;--muted:#57606a;--line:#d5dae0;--soft:#f4f6f8;--bad:#b3261e;
--good:#00704f;--link:#0072b2;color-scheme:light}
:root[data-theme=dark]{${DARK};color-scheme:dark}
@media (prefers-color-scheme:dark){:root:not([data-theme]){${DARK};color-scheme:dark}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1260px;padding:18px 24px 60px;background:var(--back);color:var(--text);
font:14px/1.5 "Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif}
h1{font-size:22px;margin:0 0 6px}
h2{font-size:16px;margin:18px 0 6px}
.summary{max-width:80ch;margin:4px 0}
.muted{color:var(--muted)}
header .muted{font-size:12px;overflow-wrap:anywhere}
.verdict{padding:1px 10px;border-radius:4px;border:2px solid;margin-right:4px}
.verdict.good{color:var(--good)}.verdict.bad{color:var(--bad)}
ul{padding-left:20px;margin:4px 0}
li.bad::marker{content:"✕ ";color:var(--bad)}
li.note::marker{content:"• ";color:var(--muted)}
li{margin:3px 0;padding-left:4px}
nav{position:sticky;top:0;background:var(--back);border-bottom:1px solid var(--line);padding:8px 0;
display:none;gap:8px;align-items:center;flex-wrap:wrap;z-index:2;margin-top:14px}
.scripted nav{display:flex}
.hint{font-size:12px;margin-left:auto}
button{font:inherit;font-size:13px;color:var(--text);background:var(--soft);
border:1px solid var(--line);border-radius:4px;padding:2px 9px;cursor:pointer}
button:hover{border-color:var(--muted)}
button:focus-visible,summary:focus-visible,select:focus-visible{outline:2px solid var(--link)}
li button{font-size:12px;padding:0 7px;display:none}
.scripted li button{display:inline-block}
select{font:inherit;font-size:13px}
figure{margin:18px 0;scroll-margin-top:52px;
border:1px solid var(--line);border-radius:6px;overflow:hidden}
figure svg{display:block;width:100%;height:auto}
.scripted figure svg{cursor:crosshair;touch-action:pan-y;user-select:none}
.page-cursor{stroke:var(--text);stroke-width:1;stroke-dasharray:2 2;fill:none;pointer-events:none}
#tooltip{position:fixed;z-index:3;background:var(--text);color:var(--back);padding:6px 9px;
border-radius:4px;font:12px/1.45 ui-monospace,"DejaVu Sans Mono",monospace;white-space:pre;
pointer-events:none;max-width:60ch;overflow:hidden}
#tooltip[hidden]{display:none}
details{margin:12px 0}
summary{cursor:pointer;font-weight:bold}
table{border-collapse:collapse;margin:6px 0;font-size:13px;display:block;overflow-x:auto;
max-height:420px;overflow-y:auto}
th{position:sticky;top:0;background:var(--back);text-align:left}
th,td{padding:2px 10px 2px 0;border-bottom:1px solid var(--line);vertical-align:top}
td.number{font-variant-numeric:tabular-nums;text-align:right}
th .sort{border:0;background:none;padding:2px 0;font-weight:bold}
th[aria-sort=ascending] .sort::after{content:" ▲"}
th[aria-sort=descending] .sort::after{content:" ▼"}
pre{background:var(--soft);padding:10px;overflow:auto;max-height:420px;font-size:12px}
@media print{
body{max-width:none;padding:0;font-size:11px}
.scripted nav,nav,#tooltip,li button,.scripted li button{display:none}
figure{break-inside:avoid;border:0}
table{max-height:none;overflow:visible;display:table}
th{position:static}
pre{max-height:none;white-space:pre-wrap}
}
`
