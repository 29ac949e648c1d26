"""What the outlook's page adds to the style sheet of every page; also used inside the demo's report."""

from __future__ import annotations

CSS = """
.outlook{--near:#0067a5;--small:#0b7a5c;--mid:#8b8577}
@media (prefers-color-scheme:dark){.outlook{--near:#6bb8ec;--small:#3fbd92;--mid:#8f8a80}}
.outlook .deck{color:var(--soft);max-width:46em;margin:10px 0 26px}
.outlook>h3:first-child{font-size:1.9rem;max-width:26em;margin-bottom:.5em}
.outlook section>h2,.outlook section>h3{max-width:30em;margin-bottom:.35em}
.outlook h4{font:600 1rem/1.35 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;margin:26px 0 8px}
.outlook a{color:inherit}
svg .shelf{font-size:15px;font-weight:600;fill:var(--ink)}
svg .half{font-size:13px;fill:var(--ink);font-weight:600}
svg .strong{font-weight:600}svg .ink{fill:var(--ink)}
svg .floor{stroke:var(--soft);stroke-width:1}
svg .cutoff{fill:var(--band)}
svg .whisker{stroke:var(--near);stroke-width:4;stroke-linecap:round;opacity:.42}
svg .whisker.light{stroke:var(--mid);stroke-width:1.4;opacity:.9}
svg .near{fill:var(--near);stroke:none}
svg .near.hollow{fill:var(--paper);stroke:var(--near);stroke-width:2}
svg .in{fill:var(--paper);font-weight:700;font-size:12px}svg .in.hollow{fill:var(--ink)}
svg .other{fill:var(--card);stroke:var(--mid);stroke-width:1.5}
svg .t-near-frontier{fill:var(--near)}svg .t-mid{fill:var(--mid)}svg .t-small{fill:var(--small)}
svg .t-unrated,svg .unknown{stroke:var(--soft);stroke-width:1}
svg .lane{fill:var(--near)}
svg .under{fill:var(--near);opacity:.13}svg .lag{stroke:var(--near)}
svg .bin{fill-opacity:.75;stroke-width:1.5}svg .plain{fill:none;stroke:var(--ink);stroke-width:1.5}
.verdict{width:20px;height:20px;flex:none;vertical-align:-4px}
.verdict .v-holds{fill:var(--good)}.verdict .v-fails{fill:var(--bad)}
.verdict .v-in{stroke:var(--paper);stroke-width:2.4;fill:none;stroke-linecap:round;stroke-linejoin:round}
.verdict .v-open{fill:none;stroke:var(--soft);stroke-width:2;stroke-dasharray:3 2.2}
.verdict .v-dash{stroke:var(--soft);stroke-width:2.2;stroke-linecap:round}
.tally{list-style:none;margin:0 0 8px;padding:0;display:flex;flex-wrap:wrap;gap:14px 48px}
.tally li{display:grid;grid-template-columns:auto auto 1fr;gap:0 10px;align-items:center}
.tally .verdict{width:26px;height:26px}
.tally b{font-size:1.9rem;line-height:1}
.tally span{font-size:.92rem;line-height:1.3}.tally i{display:block;font-style:normal;color:var(--soft);font-size:.8rem}
.claims{list-style:none;margin:18px 0 0;padding:0}
.claims>li{display:grid;grid-template-columns:1.6em 9.4em 1fr;gap:0 14px;padding:16px 0 6px;border-top:1px solid var(--rule)}
.claims .no{color:var(--soft);font-size:.95rem;line-height:1.5}
.ruling{display:flex;gap:8px;align-items:flex-start;font-size:.95rem}
.ruling b{line-height:1.35}.ruling.holds b{color:var(--good)}.ruling.does-not-hold b{color:var(--bad)}
.ruling.cannot-tell b{color:var(--soft)}
.outlook .claims h4{margin:0 0 4px;font-size:1.04rem}
.claims p{margin:0 0 3px;max-width:48em}.claims .why,.claims .alone{color:var(--soft);font-size:.92rem}
.claims details,.odds details{border:0}
.claims summary,.odds summary{font-weight:400;color:var(--soft);font-size:.86rem;padding:5px 0}
.tag{margin-left:14px;white-space:nowrap}.tag .key,.brier .key{width:14px;height:14px;vertical-align:-2px;margin-right:5px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:10px 36px;font-size:.86rem;padding:6px 0 12px}
.pair dl{margin:0;display:grid;grid-template-columns:4.6em minmax(0,1fr);gap:5px 10px;align-content:start}
.pair dt{color:var(--soft)}.pair dd{margin:0;overflow-wrap:anywhere}.pair .basis{font-weight:600;color:var(--ink)}
.pair dt.basis{grid-column:1/-1}.pair dd.basis{grid-column:1/-1;margin-bottom:4px}
.odds{list-style:none;margin:0;padding:0}
.odds>li{display:grid;grid-template-columns:15em minmax(0,1fr) 6.6em;gap:0 26px;padding:0;align-items:start}
.odds>li+li{border-top:1px solid var(--grid)}
.odds>li>figure{grid-column:2}.odds>li>.odd{grid-column:3;grid-row:1/3}
.odds>li>.moved{grid-column:2;grid-row:2;font-size:.84rem;color:var(--soft);padding:2px 0 12px}
.odds>li>figure{grid-row:1}.odds .who,.odds .odd{padding-top:3px}
.odds .who{grid-row:1/3}
.odds .who b{display:block;line-height:1.3}
.odds .who span,.odds .odd span{color:var(--soft);font-size:.84rem;line-height:1.35;display:block}
.odds .odd b{font-size:1.15rem;line-height:1.15}
.odds .axis svg{height:22px}
.moved ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:1px 18px}
.moved ul li.up i{color:var(--good)}.moved ul li.down i{color:var(--bad)}.moved .up,.moved .down{color:inherit}
.moved i{font-style:normal;font-size:.8em;margin-right:.4em}.moved p{margin:2px 0 0}
.moved details ul{display:block;list-style:disc;padding-left:1.2em}
.outlook ul.blind{list-style:none;margin:0 0 18px;padding:0;columns:2;column-gap:36px;font-size:.88rem;color:var(--soft)}
ul.blind li{break-inside:avoid;padding:3px 0}ul.blind b{color:var(--ink);font-weight:600;margin-right:.3em}
.ratios{list-style:none;margin:0;padding:0;font-size:.86rem}
.ratios li{display:grid;grid-template-columns:1fr auto;gap:0 14px;padding:6px 0 0}
.ratios li>span{line-height:1.3;align-self:end}.ratios figure{grid-column:1/-1}
.ratios i{font-style:normal;font-weight:400;color:var(--soft)}
.ratios .axis{grid-template-columns:1fr auto 1fr;color:var(--soft);font-size:.78rem}.ratios .axis span:last-child{text-align:right}
.outlook .brier td,.outlook .brier th{white-space:normal;padding-right:8px;background:none}
.panel>p{margin:10px 0 6px;font-size:.88rem;color:var(--soft)}.outlook .brier{margin-top:6px}
.signals{list-style:none;margin:0;padding:0}
.signals>li{display:grid;grid-template-columns:22px 1fr;gap:10px;padding:8px 0}
.signals .key{width:20px;height:20px;margin-top:2px}
.signals p{margin:1px 0;max-width:46em}.signals small,.signals time{color:var(--soft);font-size:.82rem}
.signals small{overflow-wrap:anywhere}
svg .l-star{fill:var(--c1)}svg .l-circle{fill:var(--c0)}svg .l-triangle{fill:var(--c5)}svg .l-diamond{fill:var(--c2)}
svg .l-square{fill:none;stroke:var(--soft);stroke-width:1.8}svg .l-cross{stroke:var(--soft);stroke-width:1.8}
.leaks{color:var(--soft);font-size:.88rem;padding-left:1.2em;max-width:52em}
.credits p{margin:0 0 .6em;max-width:60em}
@media (max-width:760px){.claims>li{grid-template-columns:1.6em 1fr;gap:4px 8px}.claims>li>div:last-child{grid-column:1/-1}
.pair{grid-template-columns:1fr}.outlook ul.blind{columns:1}.tally{gap:12px 28px}
.odds>li{grid-template-columns:minmax(0,1fr) auto;gap:0 14px;padding:8px 0 2px}.odds>li>figure,.odds>li>.moved{grid-column:1/-1}
.odds>li>figure{grid-row:2}.odds>li>.moved{grid-row:3}.odds .who{grid-row:1}
.odds>li>.odd{grid-column:2;grid-row:1;text-align:right}}
"""
