"""What the case's page adds to the style sheet of every page: fans, rails in lists, years in cells."""

from __future__ import annotations

_LINES = "".join(f".case svg .s-{i}{{stroke:var(--c{i})}}" for i in range(8))
CSS = (
    _LINES
    + """
.case .grid{align-items:start}.case .deck{max-width:46em;margin-top:0}
.case .deck dt{font-weight:600;margin-top:14px}.case .deck dd{margin:2px 0 0;color:var(--soft)}
.case .missed{border-left:4px solid var(--bad);padding:2px 0 2px 22px;margin:0 0 40px}.case .missed h2{color:var(--bad)}
.case .charter{border-top:3px solid var(--ink);margin-top:80px}.case .charter>section{margin-top:44px;padding-top:22px}
.case .charter>section:first-of-type{border-top:0;padding-top:0;margin-top:20px}
.case .items{list-style:none;margin:0;padding:0}
.case .items li{display:grid;grid-template-columns:minmax(0,var(--name,15em)) minmax(0,1fr) 9.5em;gap:2px 14px;align-items:center}
.case .items li>b{font-weight:500;font-size:.88rem;line-height:1.3}
.case .items li>b small{display:block;color:var(--soft);font-weight:400;font-size:.92em}
.case .items li>span{font-size:.82rem;color:var(--soft);line-height:1.3}
.case .items li>span strong{color:var(--ink);font-weight:600}
.case .items.long li{border-top:1px solid var(--grid);padding:4px 0}
.case .items.long li.axis{border-top:0}
.case .panel .items li{grid-template-columns:7.2em minmax(0,1fr) 6.6em;gap:0 10px}
.case .panel .items li>b{font-size:.84rem}.case .panel .items li>span{font-size:.8rem}
.case .panel p{font-size:.84rem;color:var(--soft);margin:8px 0 0}
.case svg .p90{stroke:var(--accent);stroke-width:2;opacity:.55}
.case svg .p50{stroke:var(--accent);stroke-width:8;opacity:.45}
.case svg .middle{fill:var(--accent);stroke:var(--card);stroke-width:1.5}
.case svg .own .middle,.case svg .bar.own{fill:var(--warm)}.case svg .own .p90,.case svg .own .p50{stroke:var(--warm)}
.case svg .bar{fill:var(--accent)}.case svg .bar.pale{opacity:.38}
.case svg .bar.worse{fill:var(--c7)}
.case svg .whisker{stroke:var(--ink);stroke-width:1.4}
.case svg .cell{fill:var(--accent);stroke:var(--paper);stroke-width:2}
.case svg .in{font-size:11.5px;fill:var(--ink)}.case svg .in.over{fill:var(--paper)}
.case svg .out90{fill:var(--accent);opacity:.16}.case svg .out50{fill:var(--accent);opacity:.28}
.case svg .median{stroke:var(--accent)}.case svg .floor{stroke:var(--rule);stroke-width:1}
.case svg .rival{stroke-dasharray:6 4;opacity:.85}
.case svg .dot{stroke:var(--paper);stroke-width:1.2}
.case svg .dot.cross{fill:none;stroke:var(--c7);stroke-width:2}
.case .credits{max-width:60em}
.case .grid+.lead{margin-top:16px}
@media (max-width:760px){.case .items li,.case .panel .items li{grid-template-columns:minmax(0,1fr) 7.4em}
.case .items li>b{grid-column:1/-1;margin-top:6px}.case .items li>b:empty{display:none}
.case .items.cells li{grid-template-columns:minmax(0,1fr)}}
@media print{.case details{display:block}.case .charter{break-before:page}.case .items li{break-inside:avoid}}
"""
)
