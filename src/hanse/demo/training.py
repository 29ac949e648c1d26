"""The demo's training in pictures: what each member gained, how they learned, who contributed, what the models write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hanse.demo import charts
from hanse.demo.charts import Line, Mark
from hanse.demo.findings import Result, fraction, gains, members
from hanse.page.svg import esc
from hanse.page.values import dig, finite

UNIT = "bits per byte"
_METHODS = (
    ("alone", "alone", "trained on its own text only, with its own tokenizer"),
    ("joint", "joint", "the one model trained by all"),
    ("derivative", "derivative", "the joint model, finished on the member's own text"),
    ("average", "average", "the mean of four models trained alone from one start"),
    ("pooled", "pooled", "one model on everybody's text in one place"),
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


def home(result: Result) -> str:
    panels, kinds, found = [], set(), gains(result)
    for member in members(result):
        name, domain = member["name"], str(member.get("domain"))
        marks = []
        for kind, label, _ in _METHODS:
            path = (kind, name, domain) if kind in ("alone", "derivative") else (kind, domain)
            value = dig(result, "final", *path)
            if finite(value):
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
        tokens, value = dig(row, "tokens"), dig(row, "bits_per_byte", domain)
        if finite(tokens) and finite(value):
            found.append((float(tokens), float(value)))
    return sorted(found)


def learning(result: Result) -> str:
    panels, kinds = [], set()
    for member in members(result):
        name, domain = member["name"], str(member.get("domain"))
        series = [
            Line("alone", _curve(dig(result, "curves", "alone", name), domain), "alone"),
            Line("joint", _curve(dig(result, "curves", "joint"), domain), "joint"),
        ]
        series = [line for line in series if line.points]
        if series:
            kinds |= {line.kind for line in series}
            level = dig(result, "final", "alone", name, domain)
            level = level if finite(level) else None
            picture = charts.curves(f"{name}: learning", series, ("tokens trained", UNIT), level)
            panels.append(_panel(member, picture))
    missing = {"alone", "joint"} - kinds
    note = f"<p class='absent'>On the way, {' and '.join(sorted(missing))} was not measured.</p>" if missing else ""
    return _legend(sorted(kinds)) + f"<div class='grid'>{''.join(panels)}</div>{note}" if panels else ""


def contribution(result: Result) -> str:
    rows = result.get("contribution") or {}
    names = [name for name in (m["name"] for m in members(result)) if name in rows]
    shares = [(name, fraction(dig(rows, name, "share"))) for name in dict.fromkeys([*names, *rows])]
    parts = [(name, share) for name, share in shares if share is not None]
    return f"<figure>{charts.shares('Share of the work that was merged', parts)}</figure>" if parts else ""


def rounds(result: Result) -> str:
    rows = result.get("rounds") or []
    names = [m["name"] for m in members(result)]
    columns = [(str(r.get("round", "?")), float(r.get("seconds") or 0), list(r.get("admitted") or [])) for r in rows]
    return f"<figure>{charts.timeline('Rounds', names, columns)}</figure>" if columns and names else ""


def samples(result: Result) -> str:
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
