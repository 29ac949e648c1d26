"""What the demo's report adds to the style sheet of every page: its parts, its models' colors, log and replay."""

from __future__ import annotations

from hanse.page import stylesheet

CSS = (
    stylesheet.CSS
    + """
:root{--alone:#5d646c;--joint:#0067a5;--derivative:#c8500a;--average:#8a7a10;--pooled:#0b7a5c}
@media (prefers-color-scheme:dark){:root{--alone:#b4bac1;--joint:#6bb8ec;--derivative:#ff9a56;--average:#d9c64a;
--pooled:#4fd0a8}}
.contents ol{list-style:none;padding:0;margin:28px 0 0;display:grid;grid-template-columns:repeat(5,1fr);gap:14px 24px}
.contents a{color:var(--ink);text-decoration:none;display:block}
.contents a b{font-weight:600;text-decoration:underline;text-decoration-color:var(--accent);text-underline-offset:4px;
text-decoration-thickness:2px}
.contents span{display:block;color:var(--soft);font-size:.82rem;line-height:1.35}
.part{border-top:3px solid var(--ink);padding-top:18px;margin-top:88px}
.part>h2{font-size:2.1rem;letter-spacing:-.01em}.part>h2+.lead{margin-bottom:0}.part>h2+.lead+.outlook{margin-top:30px}
.part section{margin-top:44px;padding-top:22px}.part>h2+.lead+section{border-top:0;padding-top:0;margin-top:30px}
.part h3{font-size:1.5rem;line-height:1.25;margin:0 0 .25em}
.sample{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:18px 20px 14px}
.sample figcaption b{color:var(--ink)}.sample figcaption b+span{margin-left:.7em}
.founders{list-style:none;padding:0;margin:0;border-top:1px solid var(--rule)}
.founders li{display:grid;grid-template-columns:9em 1fr auto;gap:2px 20px;padding:10px 0;border-bottom:1px solid var(--rule);
align-items:baseline}
.founders span{color:var(--soft);font-size:.9rem}
.founding{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
.legend i.crossed{border:1.5px solid var(--bad);color:var(--bad);font-size:11px;line-height:9px}
.legend i.pole{color:var(--ink)}
svg .stem{stroke-width:2;opacity:.45;fill:none}
svg .hollow{fill:var(--card);stroke-width:2.2}
svg .stroke{fill:none;stroke-width:2.6;stroke-linecap:round}
svg .k-alone{stroke:var(--alone)}svg .k-average{stroke:var(--average)}svg .k-pooled{stroke:var(--pooled)}
svg .k-joint{stroke:var(--joint)}svg .k-derivative{stroke:var(--derivative)}
svg .curve.k-alone{stroke-dasharray:5 4}
svg .mark{stroke:none}svg .mark.k-joint{fill:var(--joint)}svg .mark.k-derivative{fill:var(--derivative)}
svg .bar-sent{fill:var(--joint)}svg .bar-updates{fill:var(--derivative)}
svg .bar-received{fill:var(--c4);opacity:.6}svg .bar-parallel{fill:var(--c7)}
svg .absent{fill:none;stroke:var(--bad);stroke-width:1.2}
svg .void{fill:none;stroke:var(--bad);stroke-width:1.2}svg .cross{stroke:var(--bad);stroke-width:1.4;fill:none}
svg .flag{stroke:var(--ink);fill:var(--ink);stroke-width:1.1;stroke-linejoin:round}
svg .beyond{stroke:var(--soft);fill:none;stroke-width:1.3}
svg .print{fill:currentColor}
.replay{border-left:4px solid var(--good);padding:2px 0 2px 22px;display:grid;gap:14px}
.replay.bad{border-color:var(--bad)}.replay h4{color:var(--good);margin:0;font-size:1.2rem}.replay.bad h4{color:var(--bad)}
.replay div{display:grid;grid-template-columns:11em minmax(0,446px);gap:4px 20px;align-items:end}
.replay div span{color:var(--soft);font-size:.9rem;grid-row:1/3;align-self:center}
.replay svg{width:100%;height:auto;color:var(--joint)}
.replay p{color:var(--soft);margin:0;font-size:.9rem}
.replay code{font-size:10.2px;letter-spacing:.02em;overflow-wrap:anywhere;color:var(--soft)}
mark{background:none;color:var(--joint);font-weight:700}
tr.void td{color:var(--bad)}
@media (max-width:760px){.replay div{grid-template-columns:1fr}.replay div span{grid-row:auto}
.founders li{grid-template-columns:1fr}.contents ol{grid-template-columns:1fr 1fr}}
"""
)
