/** The look of the page: light and dark, on a phone, on paper. Layer below: none. */

const LIGHT =
  '--ground: #ffffff; --ink: #1b1e23; --soft: #5a6270; --line: #d5d9e0; --raised: #f4f6f9; --accent: #2f5bd0;'
const DARK =
  '--ground: #14171c; --ink: #e8eaee; --soft: #a3abb8; --line: #363c47; --raised: #1e222a; --accent: #8fb0ff;'

export const STYLE = `
:root { color-scheme: light; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; ${DARK} } }
:root[data-theme=light] { color-scheme: light; ${LIGHT} }
:root[data-theme=dark] { color-scheme: dark; ${DARK} }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
header { margin: 0 0 1rem; }
nav, figure { margin: 0 0 2.5rem; }
h1 { font-size: 1.5rem; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 0 0 0.5rem; }
a { color: var(--accent); }
nav ul, header ul { margin: 0.5rem 0; padding-left: 1.25rem; }
nav ul { columns: 18rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; background: var(--ground); padding: 0.5rem; }
.soft { color: var(--soft); font-size: 0.9rem; }
figcaption { overflow-wrap: anywhere; margin: 0.25rem 0 0.75rem; max-width: 60rem; }
svg { max-width: 100%; height: auto; --plot-background: var(--raised); }
svg, svg text { font-family: Arimo, 'Liberation Sans', Helvetica, Arial, sans-serif; }
figure:fullscreen { background: var(--ground); padding: 2vh 2vw; overflow: auto; }
figure:fullscreen .picture svg { width: auto; max-height: 78vh; }
figure:fullscreen figcaption { font-size: 1.2rem; }
.narrow { display: none; }
.tools { display: flex; flex-wrap: wrap; gap: 0.4rem; margin: 0.5rem 0; }
button { font: inherit; font-size: 0.85rem; padding: 0.25rem 0.7rem; color: var(--ink); background: var(--raised);
  border: 1px solid var(--line); border-radius: 0.4rem; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.live .picture > div { position: relative; }
.live svg.plot { cursor: grab; touch-action: pan-y; }
.live svg.plot > * { pointer-events: none; }
.held { position: absolute; inset: auto 0 0; opacity: 0; z-index: 1; }
summary { cursor: pointer; font-size: 0.9rem; }
.scroll { overflow-x: auto; max-height: 30rem; border: 1px solid var(--line); margin: 0.5rem 0; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.4rem 0.6rem; }
th, td { padding: 0.2rem 0.6rem; text-align: left; border-top: 1px solid var(--line); vertical-align: top; }
thead th { position: sticky; top: 0; background: var(--raised); }
td.number { text-align: right; }
@media (max-width: 640px) { .wide { display: none; } .narrow { display: block; } }
@media print {
  :root, :root[data-theme] { color-scheme: light; ${LIGHT} }
  body { max-width: none; padding: 0; }
  .tools, .skip, nav { display: none; }
  .wide { display: block; } .narrow { display: none; }
  .picture, h2, figcaption { break-inside: avoid; break-after: avoid; }
  .scroll { max-height: none; overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
