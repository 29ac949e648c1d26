"""The style sheet of every page: one typeface per job, color-blind-safe colors (after Okabe and Ito), light and dark.

A page adds its own rules after these. Pictures come `wide` and `narrow` where one form would be unreadable on a phone.
"""

from __future__ import annotations

_COLORS = "".join(f"svg .c-{i}{{fill:var(--c{i})}}.legend i.c-{i}{{background:var(--c{i})}}" for i in range(8))
CSS = (
    _COLORS
    + """
:root{--paper:#fbfaf7;--card:#fff;--ink:#1d2126;--soft:#5d646c;--rule:#dedad1;--grid:#ebe8e1;--band:#f3f1ec;
--accent:#0067a5;--warm:#c8500a;--good:#0b7a5c;--bad:#b3261e;
--c0:#0072b2;--c1:#e69f00;--c2:#009e73;--c3:#cc79a7;--c4:#56b4e9;--c5:#d55e00;--c6:#7a68b8;--c7:#9a9a9a}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1b1f24;--ink:#e9e6df;--soft:#a2a8af;--rule:#343a41;
--grid:#2a2f36;--band:#20252b;--accent:#6bb8ec;--warm:#ff9a56;--good:#4fd0a8;--bad:#ff8a80;--c0:#3d9bd8;--c1:#f0b030;
--c2:#2fbf93;--c3:#dd94bb;--c4:#7cc8f3;--c5:#f07c2c;--c6:#a394dd;--c7:#85898e}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1040px;margin:0 auto;padding:64px 32px 80px}
h1,h2,h3,h4{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,serif;font-weight:500;
text-wrap:balance}
h1{font-size:clamp(1.9rem,4.4vw,3rem);line-height:1.14;letter-spacing:-.012em;margin:.2em 0 .9em;max-width:22em}
h2{font-size:1.5rem;line-height:1.25;margin:0 0 .25em}
h3{font-size:1.2rem;margin:0 0 .7em}
section{margin-top:64px;padding-top:24px;border-top:1px solid var(--rule)}
.eyebrow{color:var(--soft);font-size:.8rem;letter-spacing:.09em;text-transform:uppercase;margin:0}
.lead{color:var(--soft);margin:0 0 24px;max-width:44em}
.absent{color:var(--soft);font-style:italic}
.tiles{list-style:none;padding:0;margin:0;display:grid;grid-template-columns:repeat(4,1fr);gap:1px;background:var(--rule);
border-block:1px solid var(--rule)}
.tiles li{background:var(--paper);padding:18px 18px 18px 0}
.tiles li+li{padding-left:18px}
.tiles b{display:block;font-size:1.55rem;font-weight:600;line-height:1.2;letter-spacing:-.01em}
.tiles span{color:var(--soft);font-size:.86rem;line-height:1.4;display:block;margin-top:4px}
.tiles .good b{color:var(--good)}.tiles .bad b{color:var(--bad)}
.legend{list-style:none;padding:0;margin:0 0 20px;display:flex;flex-wrap:wrap;gap:6px 26px;font-size:.86rem;
color:var(--soft)}
.legend b{color:var(--ink);font-weight:600}
.legend li{display:flex;align-items:center;gap:8px}
.legend .key{width:18px;height:18px;flex:none}
.legend i{width:12px;height:12px;border-radius:3px;display:inline-block;font-style:normal;line-height:12px;
text-align:center}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:20px}
figure{margin:0}
figure>svg{display:block;width:100%;height:auto;overflow:visible}
figure>svg.narrow{display:none}
.rail{display:block;width:100%;height:26px;overflow:visible}
.panel{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:18px 20px 14px}
.panel figcaption{display:grid;grid-template-columns:1fr auto;column-gap:12px;align-items:baseline;margin-bottom:12px}
.panel figcaption b{font-size:1.05rem;color:var(--ink)}
.panel figcaption span{grid-column:1/-1;grid-row:2;color:var(--soft);font-size:.82rem;line-height:1.35}
.panel em{font-style:normal;font-size:.86rem;font-weight:600}
.up{color:var(--good)}.down{color:var(--bad)}
figcaption{color:var(--soft);font-size:.86rem}
svg text{font-size:12px;fill:var(--soft)}
svg .label{fill:var(--ink);font-size:13px}svg .value{fill:var(--ink);font-size:12.5px}
svg .tick{font-size:11px}svg .about{font-size:12px;fill:var(--soft)}
svg .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.panel svg .halo{stroke:var(--card)}
.grid line,svg .grid{stroke:var(--grid);stroke-width:1}
svg .reference{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:3 4}
svg .curve{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
svg .band0{fill:var(--band)}svg .band1{fill:transparent}
svg .hatch{stroke:var(--soft);stroke-width:1.5;fill:none}
code,pre{font:12.5px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:8px 0 0;max-height:19em;overflow:auto}
details{border-bottom:1px solid var(--rule)}
summary{cursor:pointer;padding:12px 0;font-weight:600}
summary span{color:var(--soft);font-weight:400;margin-left:.6em;font-size:.88rem}
summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.scroll{overflow:auto;max-height:32em;margin:0 0 18px}
table{border-collapse:collapse;font-size:.84rem;width:100%}
th,td{text-align:left;padding:6px 16px 6px 0;border-top:1px solid var(--grid);vertical-align:top;white-space:nowrap}
td.wide{white-space:normal;overflow-wrap:anywhere;min-width:16em}
th{color:var(--soft);font-weight:500;border-top:0;position:sticky;top:0;background:var(--paper)}
td.n,th.n{text-align:right}
footer{margin-top:56px;color:var(--soft);font-size:.84rem}
@media (max-width:760px){main{padding:36px 18px 56px}.grid{grid-template-columns:minmax(0,1fr)}
.tiles{grid-template-columns:1fr 1fr}.tiles li,.tiles li+li{padding:14px}.panel{padding:14px 12px 12px}
figure>svg.wide{display:none}figure>svg.narrow{display:block;max-width:560px}}
@media print{body{background:#fff}.panel,figure{break-inside:avoid}}
"""
)
