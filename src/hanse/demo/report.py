"""The demo's page: result.json in, one self-contained HTML file out; pictures first, tables folded away below.

Nothing is invented: a part that result.json lacks is said to be not measured, and the headline is computed from the
figures, also when joining did not pay. The markup is well-formed XML after the doctype, and fetches nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hanse.demo import charts, tables
from hanse.demo.charts import Cell, Line, Mark, esc
from hanse.demo.stylesheet import CSS

Result = Mapping[str, Any]
UNIT = "bits per byte"
_METHODS = (
    ("alone", "alone", "trained on its own text only, with its own tokenizer"),
    ("joint", "joint", "the one model trained by all"),
    ("derivative", "derivative", "the joint model, finished on the member's own text"),
    ("average", "average", "the mean of four models trained alone from one start"),
    ("pooled", "pooled", "one model on everybody's text in one place"),
)
_WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def render(result: Result) -> str:
    """The whole page for a result.json. Never raises for a missing part."""
    parts = [_hero(result)]
    for title, lead, draw in _SECTIONS:
        body = draw(result)
        parts.append(f"<section><h2>{title}</h2><p class='lead'>{lead}</p>{body or _ABSENT}</section>")
    parts.append(f"<section><h2>The figures</h2>{tables.render(result)}</section>")
    parts.append(f"<footer><p>{_provenance(result)}</p></footer>")
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        '<meta name="color-scheme" content="light dark"/>'
        f"<title>{esc(headline(result))}</title><style>{CSS}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><main>{"".join(parts)}</main></body></html>\n'


_ABSENT = "<p class='absent'>Not measured in this run.</p>"


def _dig(result: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(result, Mapping) or result.get(key) is None:
            return None
        result = result[key]
    return result


def _finite(value: Any) -> bool:
    """Whether this is a figure: a diverged run's NaN is none."""
    return isinstance(value, int | float) and math.isfinite(value)


def _members(result: Result) -> list[Mapping[str, Any]]:
    return [m for m in result.get("members") or [] if isinstance(m, Mapping) and m.get("name")]


def _count(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else str(number)


def gains(result: Result) -> dict[str, float]:
    """Percent fewer bits per byte of each member's derivative at home, against the member alone; less is negative."""
    found = {}
    for member in _members(result):
        name, domain = member["name"], str(member.get("domain"))
        alone = _dig(result, "gain", name, "alone_home") or _dig(result, "final", "alone", name, domain)
        derivative = _dig(result, "gain", name, "derivative_home") or _dig(result, "final", "derivative", name, domain)
        if _finite(alone) and _finite(derivative) and alone > 0:
            found[name] = 100 * (alone - derivative) / alone
    return found


def headline(result: Result) -> str:
    """One sentence: for whom joining paid, and for whom it did not. Computed, never assumed."""
    found = gains(result)
    if not found:
        return "The members trained one model together; what each gained was not measured."
    winners = [name for name, gain in found.items() if gain > 0]
    losers = [name for name, gain in found.items() if gain <= 0]
    unknown = [str(m["name"]) for m in _members(result) if m["name"] not in found]
    everyone = ("all " if not unknown else "the ") + _count(len(found))
    everyone += f" members measured (not {' and '.join(unknown)})" if unknown else " members"
    if not losers:
        mean = sum(found.values()) / len(found)
        return f"{everyone[0].upper()}{everyone[1:]} model their own text better for having joined, by {mean:.1f}% on average."
    if not winners:
        return f"Joining did not pay in this run: {everyone} model their own text better alone."
    best = max(found.values())
    worse = " and ".join(f"{name} ({abs(found[name]):.1f}% worse)" for name in losers)
    return (
        f"Joining paid for {_count(len(winners))} of {everyone.removeprefix('all ')}, by up to {best:.1f}%; "
        f"it did not pay for {worse}."
    )


def replay_says(result: Result) -> tuple[str, bool | None]:
    """The replay's verdict in words, and whether it holds: true only when verdict and digests both say so."""
    verdict, state, agreed = (_dig(result, "replay", key) for key in ("verdict", "state", "agreed"))
    if not verdict:
        return "not run", None
    if verdict == "identical" and state and state == agreed:
        return "bit for bit", True
    if verdict == "identical":
        return "contradicts its digests", False
    return str(verdict), False


def _hero(result: Result) -> str:
    found, (said, holds) = gains(result), replay_says(result)
    ratio, rounds = _dig(result, "bytes", "ratio"), result.get("rounds") or []
    tiles = [
        (
            f"{sum(found.values()) / len(found):+.1f}%" if found else "–",
            "mean gain at home, in fewer bits per byte" if found else "gain not measured",
            None,
        ),
        (
            f"{ratio:,.0f}×" if ratio else "–",
            "fewer bytes of updates than data-parallel would send" if ratio else "traffic not measured",
            None,
        ),
        (str(len(rounds)) if rounds else "–", "rounds, each merged from signed updates", None),
        (said, "is how replay rebuilt the weights from the log" if holds else "replay of the log", holds),
    ]
    cards = "".join(
        f"<li class='{'good' if good else 'bad' if good is False else ''}'><b>{esc(value)}</b><span>{esc(label)}</span></li>"
        for value, label, good in tiles
    )
    key = " · ".join(esc(v) for v in ("Hanse demo", result.get("size"), result.get("date")) if v)
    return (
        f"<header><p class='eyebrow'>{key}</p><h1>{esc(headline(result))}</h1><ul class='tiles'>{cards}</ul></header>"
    )


def _legend(kinds: Sequence[str]) -> str:
    items = "".join(
        f"<li><svg viewBox='0 0 20 20' class='key' aria-hidden='true'>{charts.shape(kind, (10, 10))}</svg>"
        f"<span><b>{label}</b> {about}</span></li>"
        for kind, label, about in _METHODS
        if kind in kinds
    )
    return f"<ul class='legend'>{items}</ul>"


def _panel(member: Mapping[str, Any], picture: str, note: str = "") -> str:
    about = esc(member.get("source") or member.get("domain") or "")
    caption = f"<figcaption><b>{esc(member['name'])}</b><span>{about}</span>{note}</figcaption>"
    return f"<figure class='panel'>{caption}{picture}</figure>"


def _home(result: Result) -> str:
    panels, kinds, found = [], set(), gains(result)
    for member in _members(result):
        name, domain = member["name"], str(member.get("domain"))
        marks = []
        for kind, label, _ in _METHODS:
            path = (kind, name, domain) if kind in ("alone", "derivative") else (kind, domain)
            value = _dig(result, "final", *path)
            if _finite(value):
                marks.append(Mark(label, float(value), kind))
                kinds.add(kind)
        if marks:
            gain = found.get(name)
            note = "" if gain is None else f"<em class='{'up' if gain > 0 else 'down'}'>{_gain(gain)}</em>"
            panels.append(_panel(member, charts.dots(f"{name} on its own domain", marks, UNIT), note))
    return _legend(sorted(kinds)) + f"<div class='grid'>{''.join(panels)}</div>" if panels else ""


def _gain(gain: float) -> str:
    return f"{gain:.1f}% better for joining" if gain > 0 else f"{abs(gain):.1f}% worse for joining"


def _curve(rows: Any, domain: str) -> list[tuple[float, float]]:
    found = []
    for row in rows or []:
        tokens, value = _dig(row, "tokens"), _dig(row, "bits_per_byte", domain)
        if _finite(tokens) and _finite(value):
            found.append((float(tokens), float(value)))
    return sorted(found)


def _learning(result: Result) -> str:
    panels, kinds = [], set()
    for member in _members(result):
        name, domain = member["name"], str(member.get("domain"))
        series = [
            Line("alone", _curve(_dig(result, "curves", "alone", name), domain), "alone"),
            Line("joint", _curve(_dig(result, "curves", "joint"), domain), "joint"),
        ]
        series = [line for line in series if line.points]
        if series:
            kinds |= {line.kind for line in series}
            level = _dig(result, "final", "alone", name, domain)
            level = level if _finite(level) else None
            picture = charts.curves(f"{name}: learning", series, ("tokens trained", UNIT), level)
            panels.append(_panel(member, picture))
    missing = {"alone", "joint"} - kinds
    note = f"<p class='absent'>On the way, {' and '.join(sorted(missing))} was not measured.</p>" if missing else ""
    return _legend(sorted(kinds)) + f"<div class='grid'>{''.join(panels)}</div>{note}" if panels else ""


_WAYS = {"updates": "updates", "sent": "sent in all", "received": "received"}


def _traffic(result: Result) -> str:
    bars = []
    for way in ("updates", "sent", "received"):
        for name, value in (_dig(result, "bytes", way) or {}).items():
            bars.append((f"{name} {_WAYS[way]}", float(value), f"bar-{way}"))
    bars.sort(key=lambda bar: bar[0].split()[0])
    parallel = _dig(result, "bytes", "data_parallel_per_member")
    if parallel:
        bars.append(("data-parallel, computed", float(parallel), "bar-parallel"))
    return f"<figure>{charts.log_bars('Bytes per member', bars, 'B')}</figure>" if any(b[1] > 0 for b in bars) else ""


def _contribution(result: Result) -> str:
    rows = result.get("contribution") or {}
    names = [name for name in (m["name"] for m in _members(result)) if name in rows]
    shares = [(name, _fraction(_dig(rows, name, "share"))) for name in dict.fromkeys([*names, *rows])]
    parts = [(name, share) for name, share in shares if share is not None]
    return f"<figure>{charts.shares('Share of the work that was merged', parts)}</figure>" if parts else ""


def _fraction(share: Any) -> float | None:
    """ "3/12" as a float; None for what is not a fraction."""
    above, slash, below = str(share or "").partition("/")
    if slash and above.isdigit() and below.isdigit() and int(below):
        return int(above) / int(below)
    return None


def _rounds(result: Result) -> str:
    rows = result.get("rounds") or []
    names = [m["name"] for m in _members(result)]
    columns = [(str(r.get("round", "?")), float(r.get("seconds") or 0), list(r.get("admitted") or [])) for r in rows]
    return f"<figure>{charts.timeline('Rounds', names, columns)}</figure>" if columns and names else ""


def is_void(entry: Mapping[str, Any]) -> bool:
    """Whether the members struck this entry out."""
    return str(entry.get("verdict") or "").lower().startswith("void")


def _log(result: Result) -> str:
    entries = _dig(result, "log", "entries") or []
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
    for head in _dig(result, "log", "heads") or []:
        signers = ", ".join(str(signer) for signer in head.get("cosigners") or [])
        flags[int(head.get("size") or 0)] = (
            f"tree head over {head.get('size')} entries, cosigned by {signers or 'nobody'}"
        )
    voids, size = sum(cell.crossed for cell in cells), _dig(result, "log", "final_size")
    final = f"{size} final" if size is not None else "finality not measured"
    about = f"{len(cells)} entries, {voids} void, {len(flags)} tree heads, {final}"
    legend = "".join(f"<li><i class='c-{at % charts.COLORS}'></i>{esc(kind)}</li>" for at, kind in enumerate(kinds))
    legend += "<li><i class='crossed'>×</i>void</li><li><i class='pole'>⚑</i>cosigned tree head</li>"
    picture = charts.strip("The log, entry by entry", cells, flags, about)
    return f"<ul class='legend small'>{legend}</ul><figure>{picture}<figcaption>{esc(about)}.</figcaption></figure>"


def _replay(result: Result) -> str:
    said, holds = replay_says(result)
    if holds is None:
        return ""
    rows = []
    for key, label in (("agreed", "agreed by the members"), ("state", "rebuilt from the log")):
        digest = str(_dig(result, "replay", key) or "")
        picture = charts.fingerprint(label, digest) if digest else _ABSENT
        rows.append(f"<div><span>{label}</span>{picture}<code>{esc(digest)}</code></div>")
    status = [str(row.get("status")) for row in _dig(result, "replay", "rounds") or []]
    counts = ", ".join(f"{status.count(kind)} {kind}" for kind in dict.fromkeys(status))
    more = [f"Rounds: {counts}." if counts else "", f"{_dig(result, 'replay', 'seconds') or 0:.1f} s."]
    merges = _dig(result, "replay", "implementations")
    more.append(f"Merge implementations: {', '.join(map(str, merges))}." if merges else "")
    mood = "good" if holds else "bad"
    verdict = "Identical, bit for bit." if holds else f"Not the same weights: {said}."
    return f"<div class='replay {mood}'><h3>{esc(verdict)}</h3>{''.join(rows)}<p>{esc(' '.join(filter(None, more)))}</p></div>"


def _samples(result: Result) -> str:
    cards = []
    for sample in result.get("samples") or []:
        who = sample.get("model") or sample.get("member") or "a model"
        whose = (
            f"<span>prompt of {esc(sample['member'])}</span>" if sample.get("model") and sample.get("member") else ""
        )
        words = f"<mark>{esc(sample.get('prompt') or '')}</mark>{esc(sample.get('text') or '')}"
        cards.append(
            f"<figure class='sample'><figcaption><b>{esc(who)}</b>{whose}</figcaption><pre>{words}</pre></figure>"
        )
    return f"<div class='grid'>{''.join(cards)}</div>" if cards else ""


def _provenance(result: Result) -> str:
    machine = result.get("machine") or {}
    facts = [
        machine.get("cpu"),
        f"{machine['cores']} cores" if machine.get("cores") else None,
        f"torch {machine['torch']}" if machine.get("torch") else None,
        f"{result['seconds']:,.0f} s in all" if result.get("seconds") else None,
        f"settings {result['tuning']}" if result.get("tuning") else None,
        f"log {str(_dig(result, 'log', 'genesis'))[:16]}…" if _dig(result, "log", "genesis") else None,
    ]
    return esc(" · ".join(str(fact) for fact in facts if fact)) or "Machine not recorded."


_SECTIONS: tuple[tuple[str, str, Callable[[Result], str]], ...] = (
    (
        "What each member gained",
        "Bits needed per byte of held-out text from the member's own domain, at equal local compute. Further left is "
        "better; the dashed line is the member alone.",
        _home,
    ),
    ("How they learned", "On the member's own domain; the dashed line is where the member alone ended.", _learning),
    (
        "What it cost on the wire",
        "Bytes per member over the whole run. Each grid line is ten times the last.",
        _traffic,
    ),
    ("Who contributed what", "Share of the updates that were admitted and merged.", _contribution),
    ("Round by round", "A dot where the member's update was admitted; a wide column is a long round.", _rounds),
    ("The log", "Every entry anybody wrote, in order. Point at one to read it.", _log),
    ("The replay", "Recomputed from the log alone: the two digests must be the same.", _replay),
    ("What the models write", "Prompt marked. These models are tiny: judge the style, not the sense.", _samples),
)
