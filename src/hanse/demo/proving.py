"""What proves the demo's run, in pictures: the replay, the log, and the bytes that crossed the wire."""

from __future__ import annotations

from hanse.demo import charts
from hanse.demo.charts import Cell
from hanse.demo.findings import Result, is_void, replay_says
from hanse.page.svg import COLORS, esc
from hanse.page.values import dig

ABSENT = "<p class='absent'>Not measured in this run.</p>"
_WAYS = {"updates": "updates", "sent": "sent in all", "received": "received"}


def traffic(result: Result) -> str:
    bars = []
    for way in ("updates", "sent", "received"):
        for name, value in (dig(result, "bytes", way) or {}).items():
            bars.append((f"{name} {_WAYS[way]}", float(value), f"bar-{way}"))
    bars.sort(key=lambda bar: bar[0].split()[0])
    parallel = dig(result, "bytes", "data_parallel_per_member")
    if parallel:
        bars.append(("data-parallel, computed", float(parallel), "bar-parallel"))
    return f"<figure>{charts.log_bars('Bytes per member', bars, 'B')}</figure>" if any(b[1] > 0 for b in bars) else ""


def log(result: Result) -> str:
    entries = dig(result, "log", "entries") or []
    if not entries:
        return ""
    kinds = list(dict.fromkeys(str(entry.get("kind")) for entry in entries))
    cells = []
    for entry in entries:
        said = f"{entry.get('index')}: {entry.get('kind')} by {entry.get('member') or 'the founders'}"
        if is_void(entry):
            said += f", void: {entry.get('reason') or 'no reason given'}"
        cells.append(Cell(kinds.index(str(entry.get("kind"))), said, is_void(entry)))
    flags = {}
    for head in dig(result, "log", "heads") or []:
        signers = ", ".join(str(signer) for signer in head.get("cosigners") or [])
        flags[int(head.get("size") or 0)] = (
            f"tree head over {head.get('size')} entries, cosigned by {signers or 'nobody'}"
        )
    voids, size = sum(cell.crossed for cell in cells), dig(result, "log", "final_size")
    final = f"{size} final" if size is not None else "finality not measured"
    about = f"{len(cells)} entries, {voids} void, {len(flags)} tree heads, {final}"
    legend = "".join(f"<li><i class='c-{at % COLORS}'></i>{esc(kind)}</li>" for at, kind in enumerate(kinds))
    legend += "<li><i class='crossed'>×</i>void</li><li><i class='pole'>⚑</i>cosigned tree head</li>"
    picture = charts.strip("The log, entry by entry", cells, flags, about)
    return f"<ul class='legend small'>{legend}</ul><figure>{picture}<figcaption>{esc(about)}.</figcaption></figure>"


def replay(result: Result) -> str:
    said, holds = replay_says(result)
    if holds is None:
        return ""
    rows = []
    for key, label in (("agreed", "agreed by the members"), ("state", "rebuilt from the log")):
        digest = str(dig(result, "replay", key) or "")
        picture = charts.fingerprint(label, digest) if digest else ABSENT
        rows.append(f"<div><span>{label}</span>{picture}<code>{esc(digest)}</code></div>")
    status = [str(row.get("status")) for row in dig(result, "replay", "rounds") or []]
    counts = ", ".join(f"{status.count(kind)} {kind}" for kind in dict.fromkeys(status))
    more = [f"Rounds: {counts}." if counts else "", f"{dig(result, 'replay', 'seconds') or 0:.1f} s."]
    merges = dig(result, "replay", "implementations")
    more.append(f"Merge implementations: {', '.join(map(str, merges))}." if merges else "")
    mood = "good" if holds else "bad"
    verdict = "Identical, bit for bit." if holds else f"Not the same weights: {said}."
    return f"<div class='replay {mood}'><h4>{esc(verdict)}</h4>{''.join(rows)}<p>{esc(' '.join(filter(None, more)))}</p></div>"
