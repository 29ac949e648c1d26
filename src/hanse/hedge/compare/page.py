"""A comparison as one self-contained page, from its document: the verdict, the pictures, and under them the items that got worse
with both answers. Answers are anybody's text: all of it is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from hanse.hedge.compare import plots
from hanse.hedge.compare.plots import NARROW, WIDE
from hanse.page import stylesheet
from hanse.page.document import document as page
from hanse.page.svg import esc, short
from hanse.page.table import fold
from hanse.page.values import counted

Row = Mapping[str, Any]
ITEMS_MOST = 200
TEXT_MOST = 4000
WHO = ("incumbent", "substitute")


def render(found: Row) -> str:
    """The whole page of a `summary.document`."""
    title = _title(found)
    parts = [
        f"<header><p class='eyebrow'>{esc(_eyebrow(found))}</p><h1>{esc(title)}</h1></header>",
        _tiles(found),
        f"<p class='absent'>Stopped early: {esc(found['stopped'])}</p>" if found["stopped"] else "",
        _section("Difference as items came in",
                 "Mean mark of the substitute less that of the incumbent, in points of 100. The band holds the true difference at "
                 "every number of items at once, each edge but with the error rate. Swap when it lies above the margin, keep when "
                 "it lies below.",
                 _both(lambda width: plots.sequence(found["sequence"], _margin(found), width))),
        _slices(found),
        _section("What each took", _took(found), _bars(found)),
        _worse(found),
        f"<section><h2>The figures</h2>{_tables(found)}</section>{_footer(found)}",
    ]  # fmt: skip
    return page(title, stylesheet.CSS + plots.CSS, f"<div class='compare'>{''.join(parts)}</div>")


def _title(found: Row) -> str:
    names = {who: found["engines"][who]["name"] for who in WHO}
    if found["verdict"] == "swap":
        return f"Swap: {names['substitute']} is good enough in place of {names['incumbent']}"
    if found["verdict"] == "keep":
        return f"Keep {names['incumbent']}: {names['substitute']} is worse by the margin or more"
    return f"More items: {names['incumbent']} against {names['substitute']} is not decided"


def _eyebrow(found: Row) -> str:
    rule = found["rule"]
    return (f"Comparison · {found['items']} of {found['tasks']['items']} items · margin {rule['margin']} · "
            f"error rate {rule['error']} · seed {rule['seed']}")  # fmt: skip


def _tiles(found: Row) -> str:
    between = f"between {100 * found['low']:+.1f} and {100 * found['high']:+.1f}"
    rows = [
        (f"{100 * found['difference']:+.1f}", f"points of difference, {between}"),
        (f"{100 * found['incumbent']:.1f} → {100 * found['substitute']:.1f}", "mean mark, incumbent and substitute"),
        (f"{found['better']} / {found['worse']}", "items better / worse"),
        _next(found),
    ]
    return f"<ul class='tiles'>{''.join(f'<li><b>{esc(big)}</b><span>{esc(small)}</span></li>' for big, small in rows)}</ul>"


def _next(found: Row) -> tuple[str, str]:
    forecast = found["forecast"]
    if forecast is None:
        return f"{found['decided_at']}", "items until the verdict stood"
    if forecast["median"] is None:
        return f"> {forecast['horizon']}", "more items: too close to the margin"
    high = "more" if forecast["high"] is None else forecast["high"]
    return f"≈ {forecast['median']}", f"more items needed ({forecast['low']} to {high})"


def _slices(found: Row) -> str:
    if not found["slices"]:
        return ""
    worse = [row["name"] for row in found["slices"] if row["worse"]]
    lead = f"Worse in {', '.join(worse)}." if worse else "In none is it shown to be worse."
    lead += " Diamonds are slices named worse (Holm over all slices); the dashed line is the margin."
    return _section("Slices", lead, _both(lambda width: plots.slices(found["slices"], _margin(found), width)))


def _took(found: Row) -> str:
    cut = {who: found["engines"][who]["is_cut"] for who in WHO}
    said = "As measured while comparing, one question at a time."
    if any(cut.values()):
        said += (f" Answers cut at {found['settings']['tokens_max']} tokens: {cut['incumbent']} of the incumbent, "
                 f"{cut['substitute']} of the substitute.")  # fmt: skip
    return said


def _bars(found: Row) -> str:
    engines = found["engines"]
    panels = []
    kinds: tuple[tuple[str, str, Callable[[Row], float | None], Callable[[float], str]], ...] = (
        ("Latency", "seconds for an answer, 95 of 100 are at most", lambda e: e["seconds"]["p95"], lambda v: f"{v:.3g} s"),
        ("First byte", "seconds until it, 95 of 100 are at most", lambda e: e["first_byte_seconds"]["p95"], lambda v: f"{v:.3g} s"),
        ("Memory", "peak of its process", lambda e: e["memory_bytes"], lambda v: f"{short(v)}B"),
        ("Cost", "of a million tokens, read and written", lambda e: e["cost_per_million_tokens"], lambda v: f"{v:.4g}"),
        ("Cost", "of a thousand items", lambda e: e["cost_per_thousand_items"], lambda v: f"{v:.4g}"),
    )
    for title, about, value, words in kinds:
        values = [(f"{who}: {engines[who]['name']}"[:48], value(engines[who])) for who in WHO]
        if any(one for _, one in values):
            shown = [(name, one, "not known" if one is None else words(one)) for name, one in values]
            caption = f"<figcaption><b>{esc(title)}</b><span>{esc(about)}</span></figcaption>"
            panels.append(f"<figure class='panel'>{caption}{plots.bars(title, shown)}</figure>")
    return f"<div class='grid'>{''.join(panels)}</div>"


def _worse(found: Row) -> str:
    rows = found["items_worse"]
    if not rows:
        return ""
    shown = "".join(_item(row) for row in rows[:ITEMS_MOST])
    lead = f"The substitute's mark is lower on {counted(len(rows), 'item', 'items')}"
    return _section("Items that got worse", lead + (f"; the first {ITEMS_MOST}." if len(rows) > ITEMS_MOST else "."), shown)


def _item(row: Row) -> str:
    asked = row.get("prompt") or "\n".join(f"{message['role']}: {message['content']}" for message in row["messages"])
    both = "".join(
        f"<div><b>{who}, mark {row[who]['mark']:g}</b><pre>{esc(_brief(row[who]['text']))}</pre></div>" for who in WHO
    )
    tags = ", ".join(row.get("slices", ()))
    head = f"<summary>{esc(row['id'])}<span>{esc(tags)}</span></summary>"
    return f"<details>{head}<pre>{esc(_brief(asked))}</pre><div class='pair'>{both}</div></details>"


def _tables(found: Row) -> str:
    keys = [key for key in found["engines"]["incumbent"] if key not in ("seconds", "first_byte_seconds")]
    engines = [(key, *(str(found["engines"][who][key]) for who in WHO)) for key in keys]
    engines += [(f"{key} {p}", *(str(found["engines"][who][key][p]) for who in WHO))
                for key in ("seconds", "first_byte_seconds") for p in ("p50", "p95")]  # fmt: skip
    slices = [(row["name"], row["items"], row["difference"], row["low"], row["high"], row["p_adjusted"],
               "worse" if row["worse"] else "") for row in found["slices"]]  # fmt: skip
    steps = [(row["items"], row["difference"], row["low"], row["high"]) for row in found["sequence"]]
    failed = [(row["item"], row["reason"]) for row in found["items_failed"]]
    return (
        fold("Engines", ("", *WHO), engines)
        + fold("Slices", ("slice", "items", "difference", "low", "high", "p (Holm)", ""), slices)
        + fold("Difference by items", ("items", "difference", "low", "high"), steps)
        + fold("Items whose check failed, counted against the verdict", ("item", "reason"), failed)
    )


def _footer(found: Row) -> str:
    power = found["power"]
    said = (
        f"A substitute exactly as good on average, differing as often as this one, would be swapped within {power['items']} items "
        f"with probability {power['power']:.2f}. Tasks {found['tasks']['sha256']}."
    )
    return f"<footer><p>{esc(said)}</p></footer>"


def _section(title: str, lead: str, body: str) -> str:
    return f"<section><h2>{esc(title)}</h2><p class='lead'>{esc(lead)}</p>{body}</section>"


def _both(draw: Callable[[float], str]) -> str:
    return f"<figure>{draw(WIDE)}{draw(NARROW)}</figure>"


def _margin(found: Row) -> float:
    return float(Fraction(found["rule"]["margin"]))


def _brief(words: str) -> str:
    return words if len(words) <= TEXT_MOST else words[:TEXT_MOST] + "…"
